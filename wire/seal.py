"""The record layer: AES-256-GCM under one key per (number, sender), nonces from one allocator (docs/protocol.md 4)."""

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from wire.errors import Forged, Malformed, TooLarge
from wire.header import Header
from wire.keys import record_key
from wire.limits import HEADER_BYTES, MAX_CONTENT_BYTES, MAX_FORGERIES, TAG_BYTES
from wire.nonces import Nonces


def _nonce(salt: int, seq: int) -> bytes:
    return (salt ^ seq).to_bytes(12, "big")


class Sealer:
    """Seals what one sender says under one number; owns the sequence, which never repeats."""

    __slots__ = ("__weakref__", "_aead", "_nonces", "_salt", "number")

    def __init__(self, secret: bytes, number: int, sender: int) -> None:
        key, salt = record_key(secret, number, sender)
        self.number = number
        self._aead = AESGCM(key)
        self._salt = int.from_bytes(salt, "big")
        self._nonces = Nonces()

    def seal(self, header: Header, content: bytes | bytearray) -> bytes:
        """The whole message; `header`'s epoch and seq are filled in here.

        Raises `KeyExhausted` after 2**24 messages or 64 GiB and `TooLarge` for content over `MAX_CONTENT_BYTES`.
        """
        if len(content) > MAX_CONTENT_BYTES:
            raise TooLarge(f"content of {len(content)} bytes")
        seq = self._nonces.take(len(content))
        clear = header.sealed_as(self.number, seq)
        return clear + self._aead.encrypt(_nonce(self._salt, seq), content, clear)

    @property
    def worn(self) -> bool:
        """Whether a new key should take over: this one is near its end."""
        return self._nonces.worn


class Opener:
    """Opens what one sender sealed under one number; counts forgeries."""

    __slots__ = ("__weakref__", "_aead", "_salt", "forgeries", "number")

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
