"""Small secrets at rest: sealed (AES-256-GCM) or looked up (HMAC-SHA256) under keys derived from one master key file.

The master key is 32 random bytes in a file of its own, mode 0600, outside the database and its backup.
"""

import base64
import hashlib
import hmac
import os
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

MASTER_KEY_BYTES = 32
_NONCE_BYTES = 12


class SealError(Exception):
    """A sealed value cannot be opened: another master key, or changed bytes."""


class MasterKeyError(Exception):
    """The master key file cannot be used; the text says what to do."""


class Sealer:
    """Seals and opens values; `purpose` and `about` must be the same both times, so a value cannot be moved elsewhere."""

    def __init__(self, master: bytes) -> None:
        if len(master) != MASTER_KEY_BYTES:
            raise ValueError(f"a master key has {MASTER_KEY_BYTES} bytes")
        self._master = master

    def seal(self, purpose: str, about: str, plain: bytes) -> bytes:
        """nonce ‖ ciphertext ‖ tag. `about` names the row the value belongs to."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + AESGCM(self._key("seal", purpose)).encrypt(nonce, plain, about.encode())

    def open(self, purpose: str, about: str, sealed: bytes) -> bytes:
        """The value given to `seal`; SealError otherwise."""
        try:
            key = AESGCM(self._key("seal", purpose))
            return key.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], about.encode())
        except (InvalidTag, ValueError) as error:
            raise SealError(f"a sealed {purpose} cannot be opened; is this the right master key file?") from error

    def lookup(self, purpose: str, value: str) -> str:
        """A keyed hash (hex) by which a guessable value is found but not read from a stolen database."""
        return hmac.new(self._key("lookup", purpose), value.encode(), hashlib.sha256).hexdigest()

    def _key(self, use: str, purpose: str) -> bytes:
        return HKDFExpand(SHA256(), 32, f"tasuki/1 {use} {purpose}".encode()).derive(self._master)


def load_sealer(path: Path) -> Sealer:
    """The sealer of the master key in `path`, which is made (mode 0600) when it is not there."""
    if not path.exists():
        _create(path)
    if path.stat().st_mode & 0o077:
        raise MasterKeyError(f"The master key file {path} can be read by others; run: chmod 600 {path}")
    try:
        master = base64.b64decode(path.read_bytes().strip(), validate=True)
        return Sealer(master)
    except ValueError as error:
        raise MasterKeyError(f"The master key file {path} is damaged; restore it from its backup.") from error


def _create(path: Path) -> None:
    """Write a new key under another name first, so that a crash or a second process never leaves half a key."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(base64.b64encode(secrets.token_bytes(MASTER_KEY_BYTES)) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(fresh, path)
    except FileExistsError:
        pass
    finally:
        fresh.unlink()
