"""Files that are there whole or not at all, and readable for their owner only."""

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO, cast

from api.backup.failures import BackupFailed

STAMP = "%Y%m%dT%H%M%SZ"
SUFFIX = ".age"
CHECKSUM_SUFFIX = ".sha256"
"""A line as `sha256sum --check` reads it: a copy off site can be checked without any key."""
_READ_BYTES = 1 << 20


class Output:
    """A file that is being written beside its place, and takes it when it is complete."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = 0
        self._digest = hashlib.sha256()
        self._fresh = path.with_name(f".{path.name}.{os.getpid()}")
        descriptor = os.open(self._fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self._file = os.fdopen(descriptor, "wb")

    def write(self, data: bytes) -> int:
        """Counted and hashed on the way."""
        self._digest.update(data)
        self.size += len(data)
        return self._file.write(data)

    def flush(self) -> None:
        """For those who write files and flush them."""
        self._file.flush()

    @property
    def sha256(self) -> str:
        """Of what was written, in hex."""
        return self._digest.hexdigest()

    def finish(self) -> None:
        """All of it is on the disk, under its name, with its checksum beside it."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        checksum = self.path.with_name(self.path.name + CHECKSUM_SUFFIX)
        descriptor = os.open(checksum, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(f"{self.sha256}  {self.path.name}\n")
        self._fresh.replace(self.path)
        sync_folder(self.path.parent)

    def give_up(self) -> None:
        """Leave nothing, unless it is finished."""
        with suppress(OSError):  # what it still holds may not fit on the disk
            self._file.close()
        self._fresh.unlink(missing_ok=True)


@contextmanager
def outputs(*paths: Path) -> Iterator[list[Output]]:
    """Several files that get their names together, when the block ends well; nothing is written over."""
    opened: list[Output] = []
    try:
        for path in paths:
            if path.exists():
                raise BackupFailed(f"{path} exists already; nothing is written over, choose another name")
            opened.append(Output(path))
        yield opened
        for output in opened:
            output.finish()
    finally:
        for output in opened:
            output.give_up()


def as_file(output: Output) -> BinaryIO:
    """An output is as much of a file as writers need."""
    return cast("BinaryIO", output)


def make_folders(*paths: Path | None) -> None:
    """What is not there yet becomes a folder that only we can read; what is there stays what it is."""
    for path in paths:
        if path is not None and not path.exists():
            path.mkdir(mode=0o700, parents=True)


def named(path: Path, kind: str, now: datetime) -> Path:
    """In a folder a name that bears the time; else the name that was given."""
    return path / f"{kind}-{now.strftime(STAMP)}{SUFFIX}" if path.is_dir() else path


def prune(folder: Path, kind: str, before: datetime) -> list[str]:
    """Delete what `named` made in a folder before a time; by the name, since copying changes a file's own time."""
    gone = []
    for path in sorted(folder.glob(f"{kind}-*{SUFFIX}")):
        with suppress(ValueError):
            stamp = path.name.removeprefix(f"{kind}-").removesuffix(SUFFIX)
            made = datetime.strptime(stamp, STAMP).replace(tzinfo=before.tzinfo)
            if made < before - timedelta(seconds=1):
                path.unlink()
                path.with_name(path.name + CHECKSUM_SUFFIX).unlink(missing_ok=True)
                gone.append(path.name)
    return gone


def check_checksum(path: Path) -> str:
    """The SHA-256 of a file in hex; BackupFailed when the line beside it says another."""
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    beside = path.with_name(path.name + CHECKSUM_SUFFIX)
    if beside.exists() and beside.read_text().split()[:1] != [found]:
        raise BackupFailed(f"{path} is damaged: its checksum is not the one in {beside.name}; take another copy")
    return found


@contextmanager
def workplace(folder: Path) -> Iterator[Path]:
    """A folder for what is in the clear for a moment: on the disk of the database itself, and gone afterwards."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".backup-", dir=folder) as name:
        yield Path(name)


def sync_folder(folder: Path) -> None:
    """A new name outlives a power cut only when its folder is on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
