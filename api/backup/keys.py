"""The keyring as a stream of lines of JSON, the same for SQLite and PostgreSQL:

{"tasuki_keyring": 1, "made_at": "…", "master": ["…", …]}       the master keys (base64)
{"id": "…", "name": null, "version": 1, "wrapper": "…", "wrapped": "…", "made_at": 1790000000}     a key (hex; base64)
{"keys": 2, "master": []}             the last line: how many there were, and master keys that came meanwhile
"""

import base64
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from api.backup.failures import BackupFailed
from api.keyring import master
from api.keyring.models import WrappedKey
from api.keyring.repository import KeyStore

FORMAT = 1
BATCH = 500
MAX_LINE_BYTES = 8 * 1024
WRONG = "the file of --keyring is no backup of a keyring; give the one that was made with --keyring-out"


class _Header(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    tasuki_keyring: int
    made_at: str
    master: list[str] = Field(min_length=1, max_length=2 * master.MOST_KEYS)


class _Line(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    id: str = Field(pattern=r"^[0-9a-f]{32}$")
    name: str | None
    version: int
    wrapper: str = Field(pattern=r"^[0-9a-f]{32}$")
    wrapped: str
    made_at: int


class _End(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    keys: int
    master: list[str] = Field(max_length=master.MOST_KEYS)


class Lines:
    """The keyring, to be read as a file. Keys that are made, wrapped anew or destroyed meanwhile do no harm.

    It is read after the database: whatever that refers to was durable here before. A key that was destroyed in between is
    missing in it, which is what was wanted.
    """

    def __init__(self, store: KeyStore, master_key: Path, now: datetime) -> None:
        self.count = 0
        self._lines = self._all(store, master_key, now)
        self._left = b""

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes; none at the end."""
        while size < 0 or len(self._left) < size:
            line = next(self._lines, None)
            if line is None:
                break
            self._left += json.dumps(line, separators=(",", ":")).encode() + b"\n"
        size = len(self._left) if size < 0 else size
        given, self._left = self._left[:size], self._left[size:]
        return given

    def _all(self, store: KeyStore, master_key: Path, now: datetime) -> Iterator[dict[str, Any]]:
        masters = _masters(master_key)
        yield {"tasuki_keyring": FORMAT, "made_at": now.isoformat(), "master": masters}
        wrappers, named, after = set(), {master.MASTER_ID}, b""
        while page := store.page(after, BATCH):
            for key in page:
                wrappers.add(key.wrapper)
                if key.name is not None:
                    named.add(key.id)
                yield self._line(key)
            after = page[-1].id
        for key in store.read(wrappers - named).values():  # made while this was read, behind its back
            yield self._line(key)
        yield {"keys": self.count, "master": [secret for secret in _masters(master_key) if secret not in masters]}

    def _line(self, key: WrappedKey) -> dict[str, Any]:
        self.count += 1
        wrapped = base64.b64encode(key.wrapped).decode()
        return {
            "id": key.id.hex(), "name": key.name, "version": key.version, "wrapper": key.wrapper.hex(),
            "wrapped": wrapped, "made_at": key.made_at,
        }  # fmt: skip


class Taking:
    """Written to as to a file; puts the keys into an empty store. `finish` says whether all of them came."""

    def __init__(self, store: KeyStore | None) -> None:
        self.masters: list[bytes] = []
        self.count = 0
        self.made_at = ""
        self._store = store
        self._left, self._batch = b"", list[WrappedKey]()
        self._ended = False

    def write(self, data: bytes) -> int:
        """Any piece of the stream."""
        *lines, self._left = (self._left + bytes(data)).split(b"\n")
        if len(self._left) > MAX_LINE_BYTES or any(len(line) > MAX_LINE_BYTES for line in lines):
            raise BackupFailed(WRONG)
        for line in lines:
            self._take(line)
        return len(data)

    def flush(self) -> None:
        """Nothing is held back but what `finish` writes."""

    def finish(self) -> None:
        """BackupFailed when something is missing."""
        self._put()
        if not self._ended or self._left:
            raise BackupFailed(WRONG)

    def _take(self, line: bytes) -> None:
        try:
            if not self.masters:
                self._begin(_Header.model_validate_json(line))
            elif line.startswith(b'{"keys"'):
                end = _End.model_validate_json(line)
                self.masters += [base64.b64decode(secret, validate=True) for secret in end.master]
                self._ended = end.keys == self.count
            else:
                self._batch.append(_key(_Line.model_validate_json(line)))
                self.count += 1
        except (ValidationError, ValueError) as error:
            raise BackupFailed(WRONG) from error
        if len(self._batch) >= BATCH:
            self._put()

    def _begin(self, header: _Header) -> None:
        if header.tasuki_keyring != FORMAT:
            raise BackupFailed("the backup of the keyring was made by a newer Tasuki; install that version first")
        self.masters = [base64.b64decode(secret, validate=True) for secret in header.master]
        self.made_at = header.made_at

    def _put(self) -> None:
        if self._batch and self._store is not None and not self._store.add(self._batch):
            raise BackupFailed(WRONG)
        self._batch = []


def _masters(path: Path) -> list[str]:
    return list(dict.fromkeys(base64.b64encode(secret).decode() for secret in master.read(path)))


def copy(source: KeyStore, target: KeyStore) -> None:
    """All keys, into an empty store."""
    after = b""
    while page := source.page(after, BATCH):
        target.add(page)
        after = page[-1].id


def _key(line: _Line) -> WrappedKey:
    return WrappedKey(
        bytes.fromhex(line.id), line.name, line.version, bytes.fromhex(line.wrapper),
        base64.b64decode(line.wrapped, validate=True), line.made_at,
    )  # fmt: skip
