"""Making backups, and looking whether one is good."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO, cast

from sqlalchemy.engine import make_url

from api.backup import client, files, snapshot
from api.backup.age import Key, Lock
from api.backup.failures import BackupFailed
from api.backup.keys import Lines, Taking
from api.keyring.repository import KeyStore
from api.operation.facts import LAST_BACKUP
from api.settings import Settings

DATABASE, KEYRING = "tasuki", "tasuki-keyring"
"""How files are called whose name is left to us."""
KEYRINGS_KEPT = timedelta(days=7)
"""What was forgotten comes back with an older keyring; so none is kept for longer."""
DUMP_MAGIC = b"PGDMP"

Result = dict[str, Any]


@dataclass(frozen=True)
class Opened:
    """A backup of a database, in the clear."""

    file: Path
    kind: str
    """sqlite or postgresql."""
    revision: str
    sha256: str
    """Of the closed file."""


async def backup(settings: Settings, lock: Lock, now: datetime, out: Path | None, keyring_out: Path | None) -> Result:
    """The database, and the keyring after it; all files are there at the end, or none. The service goes on meanwhile."""
    return await asyncio.to_thread(_backup, settings, lock, now, out, keyring_out)


def _backup(settings: Settings, lock: Lock, now: datetime, out: Path | None, keyring_out: Path | None) -> Result:
    wanted = [(out, DATABASE), (keyring_out, KEYRING)]
    paths = [files.named(path, kind, now) for path, kind in wanted if path is not None]
    if len({path.resolve() for path in paths}) < len(paths):
        raise BackupFailed("--out and --keyring-out must be different files; keep them in different places")
    result: Result = {}
    with said(), files.outputs(*paths) as opened:
        if out is not None:
            with _database(settings) as plain:
                lock.encrypt(plain, files.as_file(opened[0]))
            result |= {"file": str(paths[0]), "bytes": opened[0].size, "sha256": opened[0].sha256}
        if keyring_out is not None:
            count = _write_keyring(settings, lock, now, opened[-1])
            result |= {"keyring_file": str(paths[-1]), "keys": count, "keyring_sha256": opened[-1].sha256}
    if out is not None:
        (settings.data_dir / LAST_BACKUP).touch(mode=0o600)
    return result


def _write_keyring(settings: Settings, lock: Lock, now: datetime, output: files.Output) -> int:
    store = KeyStore(settings.keyring)
    try:
        lines = Lines(store, settings.master_key, now)
        lock.encrypt(cast("BinaryIO", lines), files.as_file(output))
        return lines.count
    finally:
        store.close()


@contextmanager
def _database(settings: Settings) -> Iterator[BinaryIO]:
    """The database as it is now, as a stream."""
    path = sqlite_file(settings)
    if path is None:
        with client.dump(settings.database) as stream:
            yield stream
        return
    with files.workplace(path.parent) as work:
        copy = work / "copy.db"
        snapshot.take(path, copy)
        with copy.open("rb") as stream:
            yield stream


def prune(out: Path | None, keyring_out: Path | None, now: datetime, keep_days: int | None) -> list[str]:
    """Delete what is too old, of the files that we named: keyrings after a week, databases after `keep_days` if given."""
    gone = []
    if keyring_out is not None and keyring_out.is_dir():
        gone += files.prune(keyring_out, KEYRING, now - KEYRINGS_KEPT)
    if keep_days is not None and out is not None and out.is_dir():
        gone += files.prune(out, DATABASE, now - timedelta(days=keep_days))
    return gone


@contextmanager
def opened(file: Path, key: Key, work: Path) -> Iterator[Opened]:
    """A backup in the clear, in a folder that goes away; BackupFailed when anything is wrong with it."""
    plain = work / "database"
    with said():
        digest = files.check_checksum(file)
        with file.open("rb") as sealed, plain.open("xb") as target:
            key.decrypt(sealed, target)
        with plain.open("rb") as start:
            magic = start.read(len(snapshot.MAGIC))
    if magic == snapshot.MAGIC:
        snapshot.check(plain)
        yield Opened(plain, "sqlite", _known(snapshot.revision(plain)), digest)
    elif magic.startswith(DUMP_MAGIC):
        client.read_through(plain)
        yield Opened(plain, "postgresql", _known(client.revision(plain)), digest)
    else:
        raise BackupFailed(f"{file} is no backup of a database; the keyring's file belongs behind --keyring")


def take_keyring(file: Path, key: Key, store: KeyStore | None) -> Taking:
    """The keyring of a backup into an empty store, or nowhere, to see whether it is good."""
    taking = Taking(store)
    with said():
        files.check_checksum(file)
        with file.open("rb") as sealed:
            key.decrypt(sealed, cast("BinaryIO", taking))
        taking.finish()
    return taking


async def verify(settings: Settings, key: Key, file: Path, keyring: Path | None) -> Result:
    """Read backups to the last byte."""
    return await asyncio.to_thread(_verify, settings, key, file, keyring)


def _verify(settings: Settings, key: Key, file: Path, keyring: Path | None) -> Result:
    with files.workplace(settings.data_dir) as work, opened(file, key, work) as found:
        result: Result = {"file": str(file), "database": found.kind, "schema": found.revision, "sha256": found.sha256}
        if keyring is not None:
            taken = take_keyring(keyring, key, None)
            result |= {"keyring_file": str(keyring), "keys": taken.count, "keyring_made_at": taken.made_at}
        return result


def sqlite_file(settings: Settings) -> Path | None:
    """Where the database is, if it is SQLite."""
    url = make_url(settings.database)
    return Path(url.database or "") if url.get_backend_name() == "sqlite" else None


@contextmanager
def said() -> Iterator[None]:
    """What the machine refuses, as one sentence."""
    try:
        yield
    except OSError as error:
        what = error.filename or "the file"
        raise BackupFailed(f"{what} cannot be used: {error.strerror or error}; nothing was left behind") from error


def _known(revision: str | None) -> str:
    if revision is None:
        raise BackupFailed("it is no database of Tasuki: it does not say its schema")
    return revision
