"""The five messages and the notices of the handshake (docs/protocol.md 3); their rules are in wire/handshake.py."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from wire.codec import Reader, lp8, lp16
from wire.errors import Malformed, TooLarge
from wire.limits import MAX_TOKEN_BYTES

ATTEMPT_BYTES: Final = 8
NO_ATTEMPT: Final = bytes(ATTEMPT_BYTES)
NO_SECRET: Final = bytes(8)
MAX_KEM_BYTES: Final = 1_184


@dataclass(frozen=True, slots=True)
class M1:
    """Viewer: what I offer, who introduces me, and a commitment to my key and nonce."""

    mode: int
    attempt: bytes
    suites: bytes
    secret_id: bytes
    ticket: str
    statement: bytes
    introduction: str
    """A token of the api where the statement does not name this viewer's operator, else empty."""
    commit: bytes

    def encode(self) -> bytes:
        head = bytes([1, self.mode]) + self.attempt + lp8(self.suites) + self.secret_id
        told = lp8(self.ticket.encode()) + self.statement + lp16(self.introduction.encode())
        return head + told + self.commit


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
    signer: bytes
    """Ed25519 key of this host process: what it signs, no viewer can say in its name."""

    def encode(self) -> bytes:
        head = bytes([2]) + self.attempt + bytes([self.method]) + lp8(self.suites) + bytes([self.suite])
        number = self.association.to_bytes(4, "big")
        return head + number + lp8(self.ticket.encode()) + self.statement + self.key + self.nonce + self.signer


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
    PQ_REQUIRED = 0x17
    NOT_INTRODUCED = 0x18
    METHOD_NOT_ALLOWED = 0x19
    NO_COMMON_SUITE = 0x1A


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


def _introduction(reader: Reader) -> str:
    size = reader.u16()
    if size > MAX_TOKEN_BYTES:
        raise TooLarge(f"introduction of {size} bytes")
    raw = reader.copy(size)
    if not raw.isascii():
        raise Malformed("introduction is not ASCII")
    return raw.decode("ascii")


def _m1(reader: Reader) -> M1:
    mode, attempt, suites, secret_id = reader.u8(), reader.copy(ATTEMPT_BYTES), reader.lp8(), reader.copy(8)
    return M1(
        mode, attempt, suites, secret_id, _ticket(reader), reader.copy(32), _introduction(reader), reader.copy(32)
    )


def _m2(reader: Reader) -> M2:
    attempt, method, suites, suite = reader.copy(ATTEMPT_BYTES), reader.u8(), reader.lp8(), reader.u8()
    association, ticket = reader.u32(), _ticket(reader)
    statement, key, nonce, signer = (reader.copy(32) for _ in range(4))
    return M2(attempt, method, suites, suite, association, ticket, statement, key, nonce, signer)


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
