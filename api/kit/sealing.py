"""Values at rest: sealed (AES-256-GCM) under a key that the bytes themselves name, or looked up (HMAC-SHA256).

sealed = format (1 byte) ‖ key id (16) ‖ nonce (12) ‖ ciphertext ‖ tag (16)
authenticated with it: format ‖ key id ‖ purpose ‖ 0 ‖ about

Where the keys come from is `api/keyring/`.
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

FORMAT = b"\x01"
KEY_BYTES = 32
KEY_ID_BYTES = 16
_NONCE_BYTES = 12
_TAG_BYTES = 16
_HEADER_BYTES = len(FORMAT) + KEY_ID_BYTES
OVERHEAD_BYTES = _HEADER_BYTES + _NONCE_BYTES + _TAG_BYTES


class SealError(Exception):
    """A sealed value cannot be opened: another keyring, another owner, or changed bytes."""


class KeyDestroyed(SealError):
    """The key was destroyed on purpose: what was sealed under it is gone for good."""


class DataKey:
    """One key, ready for use. AES objects are made once: making one costs as much as sealing a line."""

    __slots__ = ("_aes", "id")

    def __init__(self, key_id: bytes, secret: bytes) -> None:
        if len(key_id) != KEY_ID_BYTES or len(secret) != KEY_BYTES:
            raise ValueError(f"a key has {KEY_BYTES} bytes and an id of {KEY_ID_BYTES}")
        self.id = key_id
        self._aes = AESGCM(secret)

    def seal(self, purpose: str, about: str, plain: bytes) -> bytes:
        """`about` names the row the value belongs to."""
        header, nonce = FORMAT + self.id, secrets.token_bytes(_NONCE_BYTES)
        return header + nonce + self._aes.encrypt(nonce, plain, _bound(header, purpose, about))

    def open(self, purpose: str, about: str, sealed: bytes) -> bytes:
        """The value given to `seal` with the same purpose and about; SealError otherwise."""
        nonce = sealed[_HEADER_BYTES : _HEADER_BYTES + _NONCE_BYTES]
        try:
            return self._aes.decrypt(
                nonce, sealed[_HEADER_BYTES + _NONCE_BYTES :], _bound(sealed[:_HEADER_BYTES], purpose, about)
            )
        except (InvalidTag, ValueError) as error:
            raise SealError(f"a sealed {purpose} cannot be opened: it was changed, or belongs elsewhere") from error


class Keys(Protocol):
    """Where a sealer finds keys. An owner is the server or an organisation."""

    def current(self, owner: str) -> DataKey:
        """What the owner's values are sealed under now."""

    def named(self, owner: str, key_id: bytes) -> DataKey:
        """A key of the owner; KeyDestroyed when it is gone, SealError when it is not the owner's or unknown."""

    def lookup_secret(self, owner: str) -> bytes:
        """What the owner's lookups are made with: 32 bytes that are never rotated."""


class Sealer:
    """Seals under one key of an owner, and opens whatever was sealed under any key of that owner."""

    __slots__ = ("_key", "_keys", "owner")

    def __init__(self, keys: Keys, owner: str, key: Callable[[], DataKey] | None = None) -> None:
        self._keys, self.owner = keys, owner
        self._key = key or (lambda: keys.current(owner))

    def seal(self, purpose: str, about: str, plain: bytes) -> bytes:
        """The value in the form above; opened only with the same purpose and about, so that it cannot be moved elsewhere."""
        return self._key().seal(purpose, about, plain)

    def open(self, purpose: str, about: str, sealed: bytes) -> bytes:
        """The value given to `seal`; KeyDestroyed when it was made unreadable on purpose, SealError otherwise."""
        return self._keys.named(self.owner, key_id_of(sealed)).open(purpose, about, sealed)

    def lookup(self, purpose: str, value: str) -> str:
        """A keyed hash (hex) by which a guessable value is found but not read from a stolen database."""
        message = f"{purpose}\0{value}".encode()
        return hmac.new(self._keys.lookup_secret(self.owner), message, hashlib.sha256).hexdigest()

    @property
    def key_id(self) -> bytes:
        """Under which key it seals now."""
        return self._key().id


def key_id_of(sealed: bytes) -> bytes:
    """Under which key something was sealed; SealError when these are no sealed bytes."""
    if len(sealed) < OVERHEAD_BYTES or sealed[:1] != FORMAT:
        raise SealError("these are no sealed bytes, or of a format that this version does not know")
    return bytes(sealed[1:_HEADER_BYTES])


def _bound(header: bytes, purpose: str, about: str) -> bytes:
    return b"%b%b\0%b" % (header, purpose.encode(), about.encode())
