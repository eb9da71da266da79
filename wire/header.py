"""The 24-byte clear header and the framing of messages in a BINARY frame (docs/protocol.md 1 and 2)."""

import struct
from enum import IntEnum
from typing import Final, NamedTuple

from wire.errors import Malformed, TooLarge
from wire.limits import HEADER_BYTES, MAX_FRAME_BYTES, MAX_MESSAGE_BYTES, MAX_SLOTS

VERSION: Final = 1
EVERYONE: Final = 0
"""Recipient of what all viewers get; also the sender id of nobody."""
HOST_SENDER: Final = 1
"""The host's sender id in modes where the customer is the host."""

CLASS_MASK: Final = 0x03
RETAIN: Final = 0x04
GROUP: Final = 0x08
CATCHUP: Final = 0x10
LAST: Final = 0x20
FIRST: Final = 0x40

_HEADER: Final = struct.Struct(">BBHHHIIQ")
FRAME_ROOM: Final = 14
"""Bytes left in front of a picture's frame for the head of WebSocket (RFC 6455 5.2), so that sending copies nothing."""
FRAME_HEAD: Final = struct.Struct(">IBBHHHIIQ")
"""The length of a message and its header, as they stand in a frame."""
FRAME_HEADER: Final = slice(FRAME_ROOM + 4, FRAME_ROOM + FRAME_HEAD.size)
FRAME_SEALED: Final = slice(FRAME_ROOM + FRAME_HEAD.size, None)
"""Where header and sealed bytes are in such a frame of one message."""


class Delivery(IntEnum):
    """The three delivery classes, all that a relay knows of a message."""

    ORDERED = 1
    LATEST = 2
    FRAME = 3


class Stream(IntEnum):
    """What a message is about (table of docs/protocol.md 2)."""

    HANDSHAKE = 1
    CONTROL = 2
    INPUT = 3
    FEEDBACK = 4
    CLIPBOARD = 5
    CHAT = 6
    FILE = 7
    CURSOR = 16
    BEACON = 17
    SCREEN = 32
    AUDIO = 33
    RECORDING = 48


_ORDERED = frozenset({Delivery.ORDERED})
_LATEST = frozenset({Delivery.LATEST})
_FRAME = frozenset({Delivery.FRAME})

STREAM_CLASSES: Final[dict[int, frozenset[Delivery]]] = {
    Stream.HANDSHAKE: _ORDERED,
    Stream.CONTROL: _ORDERED,
    Stream.INPUT: frozenset({Delivery.ORDERED, Delivery.LATEST}),
    Stream.FEEDBACK: _LATEST,
    Stream.CLIPBOARD: _ORDERED,
    Stream.CHAT: _ORDERED,
    Stream.FILE: _ORDERED,
    Stream.CURSOR: _LATEST,
    Stream.BEACON: _LATEST,
    Stream.SCREEN: _FRAME,
    Stream.AUDIO: _FRAME,
    Stream.RECORDING: _ORDERED,
}
"""Which classes a stream may use."""

PAIRWISE_STREAMS: Final = frozenset(
    {
        Stream.HANDSHAKE,
        Stream.CONTROL,
        Stream.INPUT,
        Stream.FEEDBACK,
        Stream.CLIPBOARD,
        Stream.CHAT,
        Stream.FILE,
    }
)
"""Streams whose messages name one recipient."""
VIEWER_STREAMS: Final = PAIRWISE_STREAMS
"""Streams a viewer may send on (always to the host)."""
HOST_STREAMS: Final = (PAIRWISE_STREAMS - {Stream.INPUT}) | {
    Stream.CURSOR,
    Stream.BEACON,
    Stream.SCREEN,
    Stream.AUDIO,
    Stream.RECORDING,
}
"""Streams a host may send on."""


class Header(NamedTuple):
    """The clear fields of a message; integers as on the wire."""

    version: int
    kind: int
    stream: int
    sender: int
    recipient: int
    epoch: int
    slot: int
    seq: int

    @property
    def delivery(self) -> Delivery:
        """The delivery class; `Malformed` for class 0."""
        try:
            return Delivery(self.kind & CLASS_MASK)
        except ValueError:
            raise Malformed("message without a delivery class") from None

    @property
    def flags(self) -> int:
        return self.kind & ~CLASS_MASK

    @property
    def fits_its_stream(self) -> bool:
        """Whether the stream may use this class (docs/protocol.md 2) and the slot is within its limit."""
        return self.delivery in STREAM_CLASSES.get(self.stream, ()) and self.slot < MAX_SLOTS

    def pack(self) -> bytes:
        return _HEADER.pack(*self)

    def sealed_as(self, epoch: int, seq: int) -> bytes:
        """The bytes of this header with the numbers that its sealer gives it."""
        version, kind, stream, sender, recipient, _, slot, _ = self
        return _HEADER.pack(version, kind, stream, sender, recipient, epoch, slot, seq)


def header(
    delivery: Delivery,
    stream: int,
    sender: int,
    recipient: int = EVERYONE,
    *,
    epoch: int = 0,
    slot: int = 0,
    seq: int = 0,
    flags: int = 0,
) -> Header:
    """A header of this version."""
    return Header(VERSION, int(delivery) | flags, int(stream), sender, recipient, epoch, slot, seq)


def unpack(message: bytes | memoryview) -> Header:
    """The header at the start of a message; `Malformed` when too short, of another version, or with unknown bits."""
    if len(message) < HEADER_BYTES:
        raise Malformed("message shorter than its header")
    fields = Header(*_HEADER.unpack_from(message))
    if fields.version != VERSION:
        raise Malformed(f"protocol version {fields.version} is not known")
    if fields.kind & 0x80 or not fields.kind & CLASS_MASK:
        raise Malformed("unknown delivery class or flag")
    return fields


def join_frame(messages: list[bytes]) -> bytes:
    """One BINARY frame of messages, each behind its u32 length."""
    return b"".join(part for message in messages for part in (len(message).to_bytes(4, "big"), message))


def split_frame(frame: bytes | memoryview) -> list[memoryview]:
    """The messages of a BINARY frame, not copied.

    Raises `TooLarge` for a frame or message over its limit and `Malformed` for lengths that do not add up.
    """
    if len(frame) > MAX_FRAME_BYTES:
        raise TooLarge(f"frame of {len(frame)} bytes")
    view, at, messages = memoryview(frame), 0, []
    while at < len(view):
        size = int.from_bytes(view[at : at + 4], "big")
        if size > MAX_MESSAGE_BYTES:
            raise TooLarge(f"message of {size} bytes")
        if at + 4 + size > len(view) or size < HEADER_BYTES:
            raise Malformed("message length does not fit its frame")
        messages.append(view[at + 4 : at + 4 + size])
        at += 4 + size
    if not messages:
        raise Malformed("empty frame")
    return messages
