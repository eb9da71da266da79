"""The record layer: AES-256-GCM under one key per (number, sender), nonces from one allocator (docs/protocol.md 4)."""

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from wire.errors import Forged, KeyExhausted, Malformed, TooLarge
from wire.header import Header
from wire.keys import record_key
from wire.limits import HEADER_BYTES, MAX_CONTENT_BYTES, MAX_FORGERIES, MAX_KEY_BYTES, MAX_KEY_MESSAGES, TAG_BYTES


def _nonce(salt: int, seq: int) -> bytes:
    return (salt ^ seq).to_bytes(12, "big")


class Sealer:
    """Seals what one sender says under one number; owns the sequence, which never repeats."""

    __slots__ = ("_aead", "_bytes", "_salt", "_seq", "number")

    def __init__(self, secret: bytes, number: int, sender: int) -> None:
        key, salt = record_key(secret, number, sender)
        self.number = number
        self._aead = AESGCM(key)
        self._salt = int.from_bytes(salt, "big")
        self._seq = 0
        self._bytes = 0

    def seal(self, header: Header, content: bytes) -> bytes:
        """The whole message; `header`'s epoch and seq are filled in here.

        Raises `KeyExhausted` after 2**24 messages or 64 GiB and `TooLarge` for content over `MAX_CONTENT_BYTES`.
        """
        if len(content) > MAX_CONTENT_BYTES:
            raise TooLarge(f"content of {len(content)} bytes")
        if self.exhausted(len(content)):
            raise KeyExhausted("this key has sealed all it may")
        seq, self._seq = self._seq, self._seq + 1
        self._bytes += len(content)
        clear = header._replace(epoch=self.number, seq=seq).pack()
        return clear + self._aead.encrypt(_nonce(self._salt, seq), content, clear)

    def exhausted(self, ahead: int = 0) -> bool:
        """Whether another `ahead` bytes may not be sealed."""
        return self._seq >= MAX_KEY_MESSAGES or self._bytes + ahead > MAX_KEY_BYTES


class Opener:
    """Opens what one sender sealed under one number; counts forgeries."""

    __slots__ = ("_aead", "_salt", "forgeries", "number")

    def __init__(self, secret: bytes, number: int, sender: int) -> None:
        key, salt = record_key(secret, number, sender)
        self.number = number
        self._aead = AESGCM(key)
        self._salt = int.from_bytes(salt, "big")
        self.forgeries = 0

    def open(self, header: Header, message: bytes | memoryview) -> bytes:
        """The content of a message whose header was unpacked; `Forged` when the tag does not fit."""
        body = memoryview(message)[HEADER_BYTES:]
        if len(body) < TAG_BYTES:
            raise Malformed("sealed message without a tag")
        try:
            return self._aead.decrypt(_nonce(self._salt, header.seq), body, memoryview(message)[:HEADER_BYTES])
        except InvalidTag:
            self.forgeries += 1
            raise Forged("a message was not sealed by its sender") from None

    @property
    def broken(self) -> bool:
        """Too many forgeries: tear the connection down."""
        return self.forgeries > MAX_FORGERIES
