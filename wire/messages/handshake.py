"""The five messages and the notices of the handshake (docs/protocol.md 3); their rules are in wire/handshake.py."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from wire.codec import Reader, lp8, lp16
from wire.errors import Malformed

ATTEMPT_BYTES: Final = 8
NO_ATTEMPT: Final = bytes(ATTEMPT_BYTES)
NO_SECRET: Final = bytes(8)
MAX_KEM_BYTES: Final = 1_184


@dataclass(frozen=True, slots=True)
class M1:
    """Viewer: what I offer, and a commitment to my key and nonce."""

    mode: int
    attempt: bytes
    suites: bytes
    secret_id: bytes
    ticket: str
    statement: bytes
    commit: bytes

    def encode(self) -> bytes:
        head = bytes([1, self.mode]) + self.attempt + lp8(self.suites) + self.secret_id
        return head + lp8(self.ticket.encode()) + self.statement + self.commit


@dataclass(frozen=True, slots=True)
class M2:
    """Host: my choice, key and nonce."""

    attempt: bytes
    method: int
    suites: bytes
    suite: int
    association: int
    ticket: str
    statement: bytes
    key: bytes
    nonce: bytes

    def encode(self) -> bytes:
        head = bytes([2]) + self.attempt + bytes([self.method]) + lp8(self.suites) + bytes([self.suite])
        number = self.association.to_bytes(4, "big")
        return head + number + lp8(self.ticket.encode()) + self.statement + self.key + self.nonce


@dataclass(frozen=True, slots=True)
class M3:
    """Viewer: the key and nonce I committed to."""

    attempt: bytes
    key: bytes
    nonce: bytes
    kem_key: bytes

    def encode(self) -> bytes:
        return bytes([3]) + self.attempt + self.key + self.nonce + lp16(self.kem_key)


@dataclass(frozen=True, slots=True)
class M4:
    """Host: the answer to the viewer's KEM key, and proof that it holds the keys."""

    attempt: bytes
    kem_ciphertext: bytes
    mac: bytes

    def without_mac(self) -> bytes:
        """What of it enters the transcript."""
        return bytes([4]) + self.attempt + lp16(self.kem_ciphertext)

    def encode(self) -> bytes:
        return self.without_mac() + self.mac


@dataclass(frozen=True, slots=True)
class M5:
    """Viewer: proof that it holds the keys."""

    attempt: bytes
    mac: bytes

    def encode(self) -> bytes:
        return bytes([5]) + self.attempt + self.mac


class NoticeKind(IntEnum):
    """What a host says in clear when there is nothing sealed to say it in."""

    AGAIN = 0x10
    NEED_RESUME = 0x11
    NO_RESUME = 0x12
    WAIT = 0x13
    REFUSED = 0x14
    VERIFIED = 0x15
    STATEMENT_DIFFERS = 0x16


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice; unauthenticated, so it may only ever restart or stop a handshake."""

    kind: NoticeKind
    attempt: bytes = NO_ATTEMPT

    def encode(self) -> bytes:
        return bytes([self.kind]) + self.attempt


Message = M1 | M2 | M3 | M4 | M5 | Notice


def _ticket(reader: Reader) -> str:
    raw = reader.lp8()
    if not raw.isascii():
        raise Malformed("ticket id is not ASCII")
    return raw.decode("ascii")


def _m1(reader: Reader) -> M1:
    mode, attempt = reader.u8(), reader.copy(ATTEMPT_BYTES)
    return M1(mode, attempt, reader.lp8(), reader.copy(8), _ticket(reader), reader.copy(32), reader.copy(32))


def _m2(reader: Reader) -> M2:
    attempt, method, suites, suite = reader.copy(ATTEMPT_BYTES), reader.u8(), reader.lp8(), reader.u8()
    association, ticket = reader.u32(), _ticket(reader)
    return M2(attempt, method, suites, suite, association, ticket, reader.copy(32), reader.copy(32), reader.copy(32))


def _kem(reader: Reader) -> bytes:
    data = reader.lp16()
    if len(data) > MAX_KEM_BYTES:
        raise Malformed("KEM data is too long")
    return data


def decode(body: bytes | memoryview) -> Message:
    """A handshake message; `Malformed` for unknown types and anything that is not exactly its layout."""
    reader = Reader(body)
    kind = reader.u8()
    message: Message
    if kind == 1:
        message = _m1(reader)
    elif kind == 2:
        message = _m2(reader)
    elif kind == 3:
        message = M3(reader.copy(ATTEMPT_BYTES), reader.copy(32), reader.copy(32), _kem(reader))
    elif kind == 4:
        message = M4(reader.copy(ATTEMPT_BYTES), _kem(reader), reader.copy(32))
    elif kind == 5:
        message = M5(reader.copy(ATTEMPT_BYTES), reader.copy(32))
    elif kind in NoticeKind.__members__.values():
        message = Notice(NoticeKind(kind), reader.copy(ATTEMPT_BYTES))
    else:
        raise Malformed(f"handshake message {kind} is not known")
    reader.end()
    return message
