"""The master key file: what wraps the keys of the server and of organisations, and nothing else.

One line each of base64 (32 bytes), mode 0600. The first wraps; every one of them opens, so that another one can take its
place while several processes run; the last is the one that is to stay.
"""

import base64
import binascii
import contextlib
import fcntl
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from api.kit.sealing import KEY_BYTES, KEY_ID_BYTES, DataKey, SealError

MASTER_ID = bytes(KEY_ID_BYTES)
"""In the place of a key's id: wrapped by a master key."""
MOST_KEYS = 4
_MOST_BYTES = 4096


class MasterKeyError(Exception):
    """The master key file cannot be used; the text says what to do."""


class MasterKeys:
    """The keys of the file as it is at the moment."""

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.exists():
            write(path, [secrets.token_bytes(KEY_BYTES)], replace=False)
        self._keys = self._read()

    def seal(self, purpose: str, about: str, plain: bytes) -> bytes:
        """Under the first."""
        return self._keys[0].seal(purpose, about, plain)

    def open(self, purpose: str, about: str, sealed: bytes) -> bytes:
        """Under whichever it was; the file is read again when none opens it: another process may have replaced it."""
        try:
            return self._open(purpose, about, sealed)
        except SealError:
            self._keys = self._read()
            return self._open(purpose, about, sealed)

    def reload(self) -> None:
        """Take the file as it is now."""
        self._keys = self._read()

    def _open(self, purpose: str, about: str, sealed: bytes) -> bytes:
        for key in self._keys:
            try:
                return key.open(purpose, about, sealed)
            except SealError:
                continue
        raise SealError(
            f"the master key file {self.path} does not open this keyring; restore the file that belongs to it"
        )

    def _read(self) -> list[DataKey]:
        return [DataKey(MASTER_ID, secret) for secret in read(self.path)]


def read(path: Path) -> list[bytes]:
    """The keys in a file, the one that wraps first; MasterKeyError says what is wrong with it."""
    try:
        if path.stat().st_mode & 0o077:
            raise MasterKeyError(f"The master key file {path} can be read by others; run: chmod 600 {path}")
        with path.open("rb") as file:
            lines = file.read(_MOST_BYTES).split()
        found = [base64.b64decode(line, validate=True) for line in lines]
    except OSError as error:
        raise MasterKeyError(f"The master key file {path} cannot be read: {error.strerror}.") from error
    except binascii.Error as error:
        raise MasterKeyError(f"The master key file {path} is damaged; restore it from its backup.") from error
    if not 0 < len(found) <= MOST_KEYS or any(len(secret) != KEY_BYTES for secret in found):
        raise MasterKeyError(f"The master key file {path} is damaged; restore it from its backup.")
    return found


@contextlib.contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Of several processes of one machine that wrap under the file's keys or replace them, one at a time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def write(path: Path, keys: list[bytes], *, replace: bool = True) -> None:
    """Under another name first, so that a crash or a second process never leaves half a file.

    Without `replace` a file that is there stays as it is.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(b"".join(base64.b64encode(key) + b"\n" for key in keys))
            file.flush()
            os.fsync(file.fileno())
        if replace:
            fresh.replace(path)
        else:
            _link(fresh, path)
    finally:
        fresh.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _link(fresh: Path, path: Path) -> None:
    with contextlib.suppress(FileExistsError):
        os.link(fresh, path)
