"""The record layer: AES-256-GCM under one key per (number, sender), nonces from one allocator (docs/protocol.md 4)."""

from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from wire.errors import Forged, Malformed, TooLarge
from wire.header import EVERYONE, FRAME_HEAD, FRAME_HEADER, FRAME_ROOM, FRAME_SEALED, VERSION, Header
from wire.keys import record_key
from wire.limits import HEADER_BYTES, MAX_CONTENT_BYTES, MAX_FORGERIES, TAG_BYTES
from wire.nonces import Nonces

_AROUND_BYTES: Final = FRAME_ROOM + FRAME_HEAD.size + TAG_BYTES
"""What of a frame is not the content of its one message."""


def _nonce(salt: int, seq: int) -> bytes:
    return (salt ^ seq).to_bytes(12, "big")


class Sealer:
    """Seals what one sender says under one number; owns the sequence, which never repeats."""

    __slots__ = ("__weakref__", "_aead", "_encrypt_into", "_nonces", "_salt", "number")

    def __init__(self, secret: bytes, number: int, sender: int) -> None:
        key, salt = record_key(secret, number, sender)
        self.number = number
        self._aead = AESGCM(key)
        self._encrypt_into = self._aead.encrypt_into
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

    def seal_frame(self, kind: int, stream: int, sender: int, content: memoryview) -> bytearray:
        """A BINARY frame with one message to all viewers, behind `FRAME_ROOM` bytes: sealed where it is sent from.

        The same bytes as `seal` gives, and the same errors; nothing of them is copied on the way.
        """
        size = len(content)
        if size > MAX_CONTENT_BYTES:
            raise TooLarge(f"content of {size} bytes")
        seq = self._nonces.take(size)
        frame = bytearray(_AROUND_BYTES + size)
        length = _AROUND_BYTES - FRAME_ROOM - 4 + size
        FRAME_HEAD.pack_into(frame, FRAME_ROOM, length, VERSION, kind, stream, sender, EVERYONE, self.number, 0, seq)
        view = memoryview(frame)
        self._encrypt_into((self._salt ^ seq).to_bytes(12, "big"), content, view[FRAME_HEADER], view[FRAME_SEALED])
        return frame

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
