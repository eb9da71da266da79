"""Input from a viewer: keys, buttons, wheel and text in order, pointer places as LATEST (docs/protocol.md 5)."""

import struct
from dataclasses import dataclass
from typing import Final

from wire.codec import Reader
from wire.errors import Malformed, TooLarge
from wire.limits import MAX_INPUT_TEXT_BYTES


@dataclass(frozen=True, slots=True)
class KeyEvent:
    """A key going down or up; `keysym` is an X11 keysym (Unicode: 0x01000000 + code point)."""

    down: bool
    keysym: int


@dataclass(frozen=True, slots=True)
class ButtonEvent:
    """A pointer button (1 left, 2 middle, 3 right, 8 back, 9 forward) at a place in pixels of the picture."""

    down: bool
    button: int
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class WheelEvent:
    """The wheel turned; 120 is one notch, `dy` positive scrolls down, `dx` positive to the right."""

    dx: int
    dy: int
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class TextEvent:
    """Finished text (an input method, a paste by typing)."""

    text: str


@dataclass(frozen=True, slots=True)
class ReleaseAll:
    """Let go of every key and button (the viewer lost its focus)."""


@dataclass(frozen=True, slots=True)
class PointerMove:
    """Where the pointer is; `after` is the newest ORDERED generation sent before it."""

    after: int
    x: int
    y: int


Event = KeyEvent | ButtonEvent | WheelEvent | TextEvent | ReleaseAll

_KEY, _BUTTON, _WHEEL, _TEXT, _RELEASE = 1, 2, 3, 4, 5
BUTTONS: Final = frozenset({1, 2, 3, 8, 9})
MAX_EVENTS: Final = 256
"""Events in one message."""


def _encode_event(event: Event) -> bytes:
    match event:
        case KeyEvent(down, keysym):
            return struct.pack(">BBI", _KEY, down, keysym)
        case ButtonEvent(down, button, x, y):
            return struct.pack(">BBBHH", _BUTTON, down, button, x, y)
        case WheelEvent(dx, dy, x, y):
            return struct.pack(">BhhHH", _WHEEL, dx, dy, x, y)
        case TextEvent(text):
            data = text.encode()
            if len(data) > MAX_INPUT_TEXT_BYTES:
                raise TooLarge(f"text input of {len(data)} bytes; at most {MAX_INPUT_TEXT_BYTES}")
            return struct.pack(">BH", _TEXT, len(data)) + data
        case ReleaseAll():
            return bytes([_RELEASE])


def encode(events: list[Event], ms: int) -> bytes:
    """The body of an ORDERED input message; `ms` is the viewer's monotonic clock in milliseconds."""
    return (ms & 0xFFFFFFFF).to_bytes(4, "big") + b"".join(map(_encode_event, events))


def _down(reader: Reader) -> bool:
    value = reader.u8()
    if value > 1:
        raise Malformed("a key is down or up")
    return bool(value)


def _decode_event(reader: Reader) -> Event:
    kind = reader.u8()
    if kind == _KEY:
        return KeyEvent(_down(reader), reader.u32())
    if kind == _BUTTON:
        event = ButtonEvent(_down(reader), reader.u8(), reader.u16(), reader.u16())
        if event.button not in BUTTONS:
            raise Malformed(f"button {event.button} is not known")
        return event
    if kind == _WHEEL:
        return WheelEvent(reader.i16(), reader.i16(), reader.u16(), reader.u16())
    if kind == _TEXT:
        data = reader.lp16()
        if len(data) > MAX_INPUT_TEXT_BYTES:
            raise TooLarge(f"text input of {len(data)} bytes")
        try:
            return TextEvent(data.decode())
        except UnicodeDecodeError as error:
            raise Malformed("text input is not UTF-8") from error
    if kind == _RELEASE:
        return ReleaseAll()
    raise Malformed(f"input event {kind} is not known")


def decode(body: bytes | memoryview) -> tuple[int, list[Event]]:
    """`(ms, events)` of an ORDERED input message; `Malformed` for unknown events or too many of them."""
    reader = Reader(body)
    ms = reader.u32()
    events: list[Event] = []
    while reader.left():
        if len(events) == MAX_EVENTS:
            raise TooLarge(f"more than {MAX_EVENTS} input events")
        events.append(_decode_event(reader))
    return ms, events


def encode_pointer(move: PointerMove) -> bytes:
    """The body of a LATEST input message."""
    return struct.pack(">QHH", move.after, move.x, move.y)


def decode_pointer(body: bytes | memoryview) -> PointerMove:
    """A pointer place; `Malformed` unless it has exactly its size."""
    reader = Reader(body)
    move = PointerMove(reader.u64(), reader.u16(), reader.u16())
    reader.end()
    return move
