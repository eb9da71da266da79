"""The relay's end of one connection: bytes in, frames out (RFC 6455, server side), in Python.

The twin of relay/transport.pyx, which does the same in C and sends most messages straight on. Both tell an `Owner`: first the
door, which reads the upgrade request, then the link of a participant. Frames that break RFC 6455 end the connection with its
close codes; what is in them is the owner's affair.
"""

import asyncio
import time
from typing import TYPE_CHECKING, Any, Final

from ext import frame_head, put_frame_head, unmask
from relay.limits import HEAD_BYTES, READ_CHUNK_BYTES
from wire.errors import Close
from wire.limits import MAX_FRAME_BYTES, MAX_TEXT_BYTES

if TYPE_CHECKING:
    from relay.member import Member
    from relay.permissions import Role
    from relay.room import Room

CONTINUATION: Final = 0
TEXT: Final = 1
BINARY: Final = 2
CLOSE: Final = 8
PING: Final = 9
PONG: Final = 10

PROTOCOL_ERROR: Final = 1002
"""RFC 6455 7.4.1: a frame that breaks the protocol."""
NOT_UTF8: Final = 1007
MOST_IN_CONTROL: Final = 125
_HEAD_END: Final = b"\r\n\r\n"
_room = bytearray(READ_CHUNK_BYTES)
"""What one read is read into, whose ever it is: it is handled before the next."""


class Owner:
    """Who is told what comes. What it has nothing to do with passes."""

    def made(self) -> None:
        """The socket is there, and TLS is up."""

    def lost(self) -> None:
        """The socket is gone."""

    def on_head(self, head: bytes) -> None:
        """The whole upgrade request; empty when it is too long. Whoever lets it in calls `upgrade`."""

    def on_binary(self, frame: bytes) -> None:
        """A BINARY frame, nothing of it looked at yet."""

    def on_text(self, text: bytes) -> None:
        """A TEXT frame; it is UTF-8."""

    def on_ping(self, payload: bytes) -> None:
        """To be answered."""

    def on_close(self, code: int) -> None:
        """A close frame; `code` is what to answer."""

    def on_fault(self, code: int, reason: str) -> None:
        """What came breaks RFC 6455 or a limit: to be closed with this code. Nothing more is read."""

    def on_read(self, binary: int) -> None:
        """All of one read was handled; bytes of BINARY payload since the last call."""

    def pause_writing(self) -> None:
        """The transport holds as much as it should."""

    def resume_writing(self) -> None:
        """There is room again."""


def text_head(opcode: int, size: int) -> bytes:
    """The head of an unmasked frame of any kind."""
    head = put_frame_head(size)
    return bytes([0x80 | opcode]) + head[1:]


def close_payload(code: int, reason: str) -> bytes:
    """What a close frame says."""
    return code.to_bytes(2, "big") + reason.encode()[: MOST_IN_CONTROL - 2]


def close_code(payload: bytes) -> int:
    """What to answer to a close frame; PROTOCOL_ERROR or NOT_UTF8 when it is not a good one (RFC 6455 5.5.1, 7.4)."""
    if not payload:
        return Close.GOODBYE
    if len(payload) == 1:
        return PROTOCOL_ERROR
    code = int.from_bytes(payload[:2], "big")
    if not (1000 <= code <= 1014 and code not in {1004, 1005, 1006}) and not 3000 <= code < 5000:
        return PROTOCOL_ERROR
    return code if is_utf8(payload[2:]) else NOT_UTF8


def is_utf8(text: bytes) -> bool:
    """Whether a text is one."""
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def fault_of(first: int, second: int, fragments: int | None) -> bool:
    """Whether the first two bytes of a frame already break RFC 6455; `fragments` is the kind that was begun, if any."""
    opcode = first & 0x0F
    if first & 0x70 or not second & 0x80:
        return True
    if opcode >= CLOSE:
        return opcode > PONG or not first & 0x80 or second & 0x7F > MOST_IN_CONTROL
    return opcode > BINARY or (opcode == CONTINUATION) != (fragments is not None)


class Connection(asyncio.BufferedProtocol):
    """One accepted socket."""

    NATIVE: Final = False

    def __init__(self, owner: Owner) -> None:
        self.owner = owner
        self.transport: Any = None
        self.last_read = 0.0
        """Seconds on the monotonic clock."""
        self.open = False
        """For a native connection: nothing waits for it, so that messages may be written at once."""
        self.live = False
        """Likewise for parts of live pictures."""
        self.ask_after = 0
        """Likewise: after how many bytes of BINARY payload `on_read` is wanted, if for nothing else."""
        self._upgraded = False
        self._deaf = False
        self._kept = bytearray()
        """What came of a frame that is not whole yet."""
        self._fragments: int | None = None
        self._parts = bytearray()
        self._binary = 0

    # What the owner calls

    def upgrade(self, owner: Owner) -> None:
        """The request was answered with 101: what comes now are frames, for this owner."""
        self.owner, self._upgraded = owner, True

    def seat(self, room: "Room", member: "Member") -> None:
        """Whose connection it is; a native one can then forward by itself."""

    def unseat(self) -> None:
        """Nothing is forwarded any more."""
        self.open = False

    def settle(self) -> None:
        """Have counted what was sent straight on."""

    def hold(self, role: "Role", not_for: frozenset[int]) -> None:
        """What its participant may send changed."""

    def write(self, data: bytes) -> None:
        """Bytes as they are."""
        self.transport.write(data)

    def send(self, opcode: int, payload: bytes) -> None:
        """One frame."""
        self.transport.write(text_head(opcode, len(payload)) + payload)

    def stop_listening(self) -> None:
        """What comes now is not looked at."""
        self._deaf = True

    # What the transport calls

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.last_read = time.monotonic()
        self.owner.made()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self.stop_listening()
        self.owner.lost()

    def eof_received(self) -> bool:
        return False

    def pause_writing(self) -> None:
        self.owner.pause_writing()

    def resume_writing(self) -> None:
        self.owner.resume_writing()

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - asyncio's signature
        return memoryview(_room)

    def buffer_updated(self, nbytes: int) -> None:
        self.last_read = time.monotonic()
        self._kept += memoryview(_room)[:nbytes]
        if not self._upgraded and not self._read_head():
            return
        self._read_frames()

    def _read_head(self) -> bool:
        if self._deaf:
            return False
        end = self._kept.find(_HEAD_END)
        if end < 0 and len(self._kept) <= HEAD_BYTES:
            return False
        head = bytes(self._kept[: end + len(_HEAD_END)]) if 0 <= end <= HEAD_BYTES else b""
        del self._kept[: len(head)]
        self.owner.on_head(head)
        return self._upgraded

    def _read_frames(self) -> None:
        at, kept = 0, self._kept
        self._binary = 0
        while not self._deaf:
            taken = self._read_frame(kept, at)
            if not taken:
                break
            at += taken
        if self._deaf:
            kept.clear()
        else:
            del kept[:at]
        self.owner.on_read(self._binary)

    def _read_frame(self, kept: bytearray, at: int) -> int:
        """Bytes of the frame that begins there; 0 when it is not whole, or broken."""
        left = len(kept) - at
        if left >= 2 and fault_of(kept[at], kept[at + 1], self._fragments):
            return self._fail(PROTOCOL_ERROR, "protocol")
        head = frame_head(kept, at, len(kept))
        if head is None:
            return 0
        taken, size, mask = head
        opcode = kept[at] & 0x0F
        kind = self._fragments if opcode == CONTINUATION else opcode
        most = MAX_TEXT_BYTES if kind == TEXT else MAX_FRAME_BYTES
        if size > most or (kind is not None and kind <= BINARY and len(self._parts) + size > most):
            return self._fail(Close.TOO_LARGE, "too-large")
        if taken != len(put_frame_head(size)) + 4:
            return self._fail(PROTOCOL_ERROR, "protocol")
        if left < taken + size:
            return 0
        start = at + taken
        unmask(kept, start, start + size, mask)
        self._take(opcode, bool(kept[at] & 0x80), bytes(kept[start : start + size]))
        return taken + size

    def _take(self, opcode: int, final: bool, payload: bytes) -> None:
        if opcode >= CLOSE:
            self._control(opcode, payload)
            return
        if opcode != CONTINUATION and final:
            self._whole(opcode, payload)
            return
        if opcode != CONTINUATION:
            self._fragments = opcode
        self._parts += payload
        if final and self._fragments is not None:
            kind, whole = self._fragments, bytes(self._parts)
            self._fragments = None
            self._parts.clear()
            self._whole(kind, whole)

    def _whole(self, kind: int, payload: bytes) -> None:
        if kind == BINARY:
            self._binary += len(payload)
            self.owner.on_binary(payload)
        elif is_utf8(payload):
            self.owner.on_text(payload)
        else:
            self._fail(NOT_UTF8, "protocol")

    def _control(self, opcode: int, payload: bytes) -> None:
        if opcode == PING:
            self.owner.on_ping(payload)
        elif opcode == CLOSE:
            self.owner.on_close(close_code(payload))

    def _fail(self, code: int, reason: str) -> int:
        self.owner.on_fault(code, reason)
        self.stop_listening()
        return 0
