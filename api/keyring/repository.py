"""SQL of the keyring: a small store of its own, read without waiting for anything (a key is needed in the middle of a line).

On SQLite freed bytes are overwritten (`secure_delete`) and every commit reaches the disk (`synchronous=FULL`).
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, event, func, insert, make_url, select, update
from sqlalchemy.exc import IntegrityError

from api.keyring.models import GENERATION, WRAPPED_KEY, WrappedKey, metadata

BUSY_TIMEOUT_MS = 5_000
CONNECT_SECONDS = 5
MOST_AT_ONCE = 500
"""Keys of one statement."""
_LOCK = 0x7461737563
"""PostgreSQL's advisory lock for making the tables."""
_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "secure_delete=ON",
    f"busy_timeout={BUSY_TIMEOUT_MS}",
    "trusted_schema=OFF",
)


class KeyStore:
    """The rows. Every method is one transaction."""

    def __init__(self, url: str) -> None:
        parsed = make_url(url)
        self.url = url
        self._sqlite = parsed.get_backend_name() == "sqlite"
        options: dict[str, Any] = {} if self._sqlite else {"connect_args": {"connect_timeout": CONNECT_SECONDS}}
        self._engine = create_engine(parsed, hide_parameters=True, pool_size=4, max_overflow=0, **options)
        self.file = Path(parsed.database) if self._sqlite and parsed.database else None
        if self._sqlite:
            event.listen(self._engine, "connect", _open_sqlite)
            event.listen(self._engine, "begin", _begin_sqlite)

    def start(self) -> None:
        """Make the tables where there are none."""
        if self.file is not None:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            if not self.file.exists():
                self.file.touch(mode=0o600)
        with self._write() as connection:
            if not self._sqlite:
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
            metadata.create_all(connection)
            if connection.execute(select(GENERATION.c.number)).first() is None:
                connection.execute(insert(GENERATION).values(number=0))

    def generation(self) -> int:
        """How often something changed that others may have in memory."""
        with self._engine.connect() as connection:
            return int(connection.execute(select(GENERATION.c.number)).scalar_one())

    def read(self, ids: Collection[bytes]) -> dict[bytes, WrappedKey]:
        """Those of the keys that are there, by id."""
        wanted, found = list(ids), {}
        with self._engine.connect() as connection:
            for start in range(0, len(wanted), MOST_AT_ONCE):
                part = wanted[start : start + MOST_AT_ONCE]
                for row in connection.execute(select(WRAPPED_KEY).where(WRAPPED_KEY.c.id.in_(part))):
                    found[bytes(row.id)] = _key(row)
        return found

    def newest(self, name: str) -> WrappedKey | None:
        """The highest version under a name."""
        rows = select(WRAPPED_KEY).where(WRAPPED_KEY.c.name == name).order_by(WRAPPED_KEY.c.version.desc()).limit(1)
        with self._engine.connect() as connection:
            row = connection.execute(rows).first()
        return None if row is None else _key(row)

    def versions(self, name: str) -> Sequence[WrappedKey]:
        """All versions under a name, the oldest first."""
        rows = select(WRAPPED_KEY).where(WRAPPED_KEY.c.name == name).order_by(WRAPPED_KEY.c.version)
        with self._engine.connect() as connection:
            return [_key(row) for row in connection.execute(rows)]

    def names(self, start: str) -> Sequence[str]:
        """All names that begin so."""
        rows = select(WRAPPED_KEY.c.name).where(WRAPPED_KEY.c.name.startswith(start, autoescape=True)).distinct()
        with self._engine.connect() as connection:
            return [str(name) for name in connection.execute(rows).scalars()]

    def wrapped_by(self, wrapper: bytes, after: bytes, limit: int) -> Sequence[WrappedKey]:
        """Keys that a key wraps, by id; destroyed ones have nothing to open."""
        rows = select(WRAPPED_KEY).where(
            WRAPPED_KEY.c.wrapper == wrapper, WRAPPED_KEY.c.id > after, WRAPPED_KEY.c.wrapped != b""
        )
        with self._engine.connect() as connection:
            return [_key(row) for row in connection.execute(rows.order_by(WRAPPED_KEY.c.id).limit(limit))]

    def page(self, after: bytes, limit: int) -> Sequence[WrappedKey]:
        """All keys by id, destroyed ones too: for backups."""
        rows = select(WRAPPED_KEY).where(WRAPPED_KEY.c.id > after).order_by(WRAPPED_KEY.c.id).limit(limit)
        with self._engine.connect() as connection:
            return [_key(row) for row in connection.execute(rows)]

    def unnamed(self, before: int, after: bytes, limit: int) -> Sequence[bytes]:
        """Ids of customers' keys that were made before a time (seconds since 1970), by id."""
        rows = select(WRAPPED_KEY.c.id).where(
            WRAPPED_KEY.c.name.is_(None),
            WRAPPED_KEY.c.made_at < before,
            WRAPPED_KEY.c.id > after,
            WRAPPED_KEY.c.wrapped != b"",
        )
        with self._engine.connect() as connection:
            return [
                bytes(key_id) for key_id in connection.execute(rows.order_by(WRAPPED_KEY.c.id).limit(limit)).scalars()
            ]

    def add(self, keys: Sequence[WrappedKey]) -> bool:
        """Store new keys, durably; False when another process was first with a name and version."""
        try:
            with self._write() as connection:
                connection.execute(insert(WRAPPED_KEY), [_values(key) for key in keys])
                if any(key.name is not None for key in keys):
                    _count(connection)
        except IntegrityError:
            return False
        return True

    def rewrap(self, keys: Sequence[WrappedKey]) -> None:
        """Replace how keys are wrapped; one that was destroyed meanwhile stays so."""
        with self._write() as connection:
            for key in keys:
                mine = update(WRAPPED_KEY).where(WRAPPED_KEY.c.id == key.id, WRAPPED_KEY.c.wrapped != b"")
                connection.execute(mine.values(wrapper=key.wrapper, wrapped=key.wrapped))
            _count(connection)

    def destroy(self, ids: Collection[bytes]) -> int:
        """Wipe keys, and what the journal still has of them; how many there were to wipe."""
        wanted, wiped = list(ids), 0
        with self._write() as connection:
            for start in range(0, len(wanted), MOST_AT_ONCE):
                part = wanted[start : start + MOST_AT_ONCE]
                mine = update(WRAPPED_KEY).where(WRAPPED_KEY.c.id.in_(part), WRAPPED_KEY.c.wrapped != b"")
                wiped += connection.execute(mine.values(wrapped=b"")).rowcount
            _count(connection)
        self._leave_nothing()
        return wiped

    def count(self) -> tuple[int, int]:
        """Keys that can be used, and keys that were destroyed."""
        every = select(func.count(), func.count().filter(WRAPPED_KEY.c.wrapped == b"")).select_from(WRAPPED_KEY)
        with self._engine.connect() as connection:
            whole, gone = connection.execute(every).one()
        return whole - gone, gone

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def _leave_nothing(self) -> None:
        """No old copy of a wiped row: neither in SQLite's journal nor among PostgreSQL's dead rows."""
        with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            if self._sqlite:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").all()
            else:
                connection.exec_driver_sql("VACUUM FULL wrapped_key")

    @contextmanager
    def _write(self) -> Iterator[Connection]:
        with self._engine.connect().execution_options(tasuki_write=True) as connection, connection.begin():
            yield connection


def _values(key: WrappedKey) -> dict[str, Any]:
    return {name: getattr(key, name) for name in ("id", "name", "version", "wrapper", "wrapped", "made_at")}


def _key(row: Any) -> WrappedKey:
    return WrappedKey(bytes(row.id), row.name, row.version, bytes(row.wrapper), bytes(row.wrapped), row.made_at)


def _count(connection: Connection) -> None:
    connection.execute(update(GENERATION).values(number=GENERATION.c.number + 1))


def _open_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: Connection) -> None:
    """Only writers need a transaction, as in api/db.py."""
    if connection.get_execution_options().get("tasuki_write", False):
        connection.exec_driver_sql("BEGIN IMMEDIATE")
