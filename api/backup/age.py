"""Who can open a backup: recipients of the age format (public keys), or a passphrase.

`pyrage` is the Python binding of the Rust implementation of age: it streams, knows `age1…` and `ssh-…` keys, and ships wheels
for the usual machines.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

import pyrage

from api.backup import passphrase
from api.backup.failures import BackupFailed

MAX_KEY_FILE_BYTES = 64 * 1024
MIN_PASSPHRASE_CHARACTERS = 12
_START_BYTES = 64


class Lock(Protocol):
    """Closes a file."""

    def encrypt(self, plain: BinaryIO, sealed: BinaryIO) -> None:
        """All of `plain`, to `sealed`, as a stream."""


class Key(Protocol):
    """Opens a file."""

    def decrypt(self, sealed: BinaryIO, plain: BinaryIO) -> None:
        """All of it; BackupFailed when it cannot be opened or was changed."""


@dataclass(frozen=True)
class Recipients:
    """Public keys: whoever makes the backup cannot read it afterwards."""

    keys: list[pyrage.x25519.Recipient | pyrage.ssh.Recipient]

    def encrypt(self, plain: BinaryIO, sealed: BinaryIO) -> None:
        """An error of either file is raised as what it is."""
        source, target = _Noticing(plain), _Noticing(sealed)
        try:
            pyrage.encrypt_io(source, target, self.keys)
        except (pyrage.EncryptError, OSError) as error:
            raise source.failure or target.failure or BackupFailed(f"age: {error}") from error


@dataclass(frozen=True)
class Identities:
    """Private keys."""

    keys: list[pyrage.x25519.Identity | pyrage.ssh.Identity]

    def decrypt(self, sealed: BinaryIO, plain: BinaryIO) -> None:
        """See `Key`."""
        start = sealed.read(_START_BYTES)
        sealed.seek(0)
        if passphrase.is_passphrase_file(start):
            raise BackupFailed("the file was made with a passphrase: give it with --passphrase-file")
        source, target = _Noticing(sealed), _Noticing(plain)
        try:
            pyrage.decrypt_io(source, target, self.keys)
        except (pyrage.DecryptError, OSError) as error:
            if failure := source.failure or target.failure:
                raise failure from error
            if "matching keys" in str(error):
                raise BackupFailed("none of the keys in --identity opens this file") from error
            raise BackupFailed(passphrase.DAMAGED) from error


@dataclass(frozen=True)
class Passphrase:
    """One and the same words close and open."""

    words: str

    def encrypt(self, plain: BinaryIO, sealed: BinaryIO) -> None:
        """See `Lock`."""
        passphrase.encrypt(plain, sealed, self.words)

    def decrypt(self, sealed: BinaryIO, plain: BinaryIO) -> None:
        """See `Key`."""
        start = sealed.read(_START_BYTES)
        sealed.seek(0)
        if start.startswith(b"age-encryption.org/v1\n") and not passphrase.is_passphrase_file(start):
            raise BackupFailed("the file was made for recipients: give the private key with --identity")
        passphrase.decrypt(sealed, plain, self.words)


class _Noticing:
    """A file whose own errors are remembered: pyrage turns them into text."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.failure: Exception | None = None

    def read(self, size: int = -1) -> bytes:
        try:
            return self._file.read(size)
        except Exception as error:
            self.failure = error
            raise

    def write(self, data: bytes) -> int:
        try:
            return self._file.write(data)
        except Exception as error:
            self.failure = error
            raise

    def flush(self) -> None:
        self._file.flush()


def recipients(words: list[str]) -> Recipients:
    """From the command line; each is a public key, or a file with one in each line."""
    keys = [_recipient(key) for word in words for key in _lines_or_self(word)]
    if not keys:
        raise BackupFailed("--recipient names no public key; tasuki admin backup key makes a pair")
    return Recipients(keys)


def identities(path: Path) -> Identities:
    """From a file as `age-keygen` writes it, or a private key of OpenSSH without a passphrase."""
    text = _key_file(path, "--identity")
    try:
        if "PRIVATE KEY-----" in text:
            return Identities([pyrage.ssh.Identity.from_buffer(text.encode())])
        return Identities([pyrage.x25519.Identity.from_str(line) for line in _without_comments(text)])
    except pyrage.IdentityError as error:
        raise BackupFailed(f"--identity {path} is no private key of age or OpenSSH: {error}") from error


def passphrase_from(path: Path) -> Passphrase:
    """The first line of a file."""
    words = _key_file(path, "--passphrase-file").partition("\n")[0].strip()
    if len(words) < MIN_PASSPHRASE_CHARACTERS:
        raise BackupFailed(
            f"the first line of {path} must be a passphrase of at least {MIN_PASSPHRASE_CHARACTERS} characters"
        )
    return Passphrase(words)


def new_identity() -> tuple[str, str]:
    """A private key and its public one."""
    identity = pyrage.x25519.Identity.generate()
    return str(identity), str(identity.to_public())


def _recipient(key: str) -> pyrage.x25519.Recipient | pyrage.ssh.Recipient:
    try:
        if key.startswith("ssh-"):
            return pyrage.ssh.Recipient.from_str(key)
        return pyrage.x25519.Recipient.from_str(key)
    except pyrage.RecipientError as error:
        raise BackupFailed(f"--recipient {key!r} is no public key such as age1… or ssh-ed25519 …: {error}") from error


def _lines_or_self(word: str) -> list[str]:
    if word.startswith(("age1", "ssh-")):
        return [word]
    return _without_comments(_key_file(Path(word), "--recipient"))


def _without_comments(text: str) -> list[str]:
    lines = (line.strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def _key_file(path: Path, option: str) -> str:
    try:
        with path.open("rb") as file:
            return file.read(MAX_KEY_FILE_BYTES).decode()
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not text"
        raise BackupFailed(f"{option}: {path} cannot be read: {why}") from error
