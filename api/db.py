"""The database: one transaction per request, committed at the edge.

SQLite is opened in WAL mode with foreign keys and a busy time-out. A transaction that may write takes the write lock when
it begins (BEGIN IMMEDIATE): a default transaction that reads first and writes later loses updates or fails as locked.
Within the process writers queue on an asyncio lock, so none of them spins. On PostgreSQL rows are locked where they are read.
"""

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import event
from sqlalchemy.engine import Connection, make_url
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.orm import Session
from sqlmodel.ext.asyncio.session import AsyncSession

from api.kit import sqlite
from api.kit.notices import SEND, Notices
from api.kit.wake import Waker
from api.problems import Problem, Unavailable

BUSY_TIMEOUT_MS = 10_000
"""How long SQLite waits for another process's lock."""
POOL_CONNECTIONS = 10
POOL_TIMEOUT_SECONDS = 60
MIGRATION = "0013"
"""The newest revision under migrations/versions; a test compares."""

INSTALLATION_LOCK = 0x7461737562
"""PostgreSQL's advisory lock for migrations and first keys."""

TRY_AGAIN = frozenset({"40001", "40P01", "55P03"})
"""SQLSTATE of a transaction that gave way to another: serialisation, deadlock, a lock that did not come in time."""

log = structlog.get_logger()

_TOPICS, _KEPT = "topics", "kept"


class Database:
    """Hands out sessions whose transaction is committed when the block ends without an error."""

    def __init__(self, url: str, waker: Waker) -> None:
        self.url = url
        self.waker = waker
        self.is_sqlite = make_url(url).get_backend_name() == "sqlite"
        self.engine = create_engine(url)
        self._at_once = self.engine if self.is_sqlite else self.engine.execution_options(isolation_level="AUTOCOMMIT")
        self.notices = None if self.is_sqlite else Notices(libpq(url), waker)
        self._writer: contextlib.AbstractAsyncContextManager[Any] = (
            asyncio.Lock() if self.is_sqlite else contextlib.nullcontext()
        )

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """A session for reading only; nothing is committed."""
        async with AsyncSession(self.engine, expire_on_commit=False) as db:
            yield db

    @asynccontextmanager
    async def glance(self) -> AsyncIterator[AsyncSession]:
        """For a statement or two that need no transaction: on PostgreSQL without the two journeys of BEGIN and ROLLBACK."""
        async with AsyncSession(self._at_once, expire_on_commit=False) as db:
            yield db

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncSession]:
        """A session whose changes are committed together, after which those who wait for them are woken.

        A Problem with `keep` commits too: what was written before it was raised is meant to stay.
        """
        async with self._writer, AsyncSession(self.engine, expire_on_commit=False) as db:
            await db.connection(execution_options={"tasuki_write": True})
            try:
                yield db
            except Problem as problem:
                if problem.keep:
                    await self._commit(db)
                raise
            except DBAPIError as error:
                if getattr(error.orig, "sqlstate", None) not in TRY_AGAIN:
                    raise
                log.warning("api.transaction_gave_way", why=type(error.orig).__name__)
                raise Unavailable("Somebody else is changing the same thing; try again.", retry_after=1) from error
            else:
                await self._commit(db)

    @property
    def hears_all(self) -> bool:
        """Whether every change to the database wakes who waits for it here, whichever process made it."""
        return self.notices is None or self.notices.heard

    async def _commit(self, db: AsyncSession) -> None:
        topics = db.info.get(_TOPICS, ())
        if topics and self.notices is not None:
            await (await db.connection()).exec_driver_sql(SEND, (self.notices.payloads(topics),))
        await db.commit()
        self.waker.wake(topics)

    async def leave_nothing(self) -> None:
        """Take what was blanked out of SQLite's journal too, where rows stand as they were before."""
        if self.is_sqlite:
            async with self._writer, self.engine.connect() as connection:
                await connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")

    async def close(self) -> None:
        """Close all connections."""
        await self.engine.dispose()


async def commit_so_far(db: AsyncSession) -> None:
    """Commit what was written, and go on in a new transaction of the same block: for what must be known before an act
    that cannot be undone. Who waits is woken when the block ends."""
    await db.commit()
    await db.connection(execution_options={"tasuki_write": True})


def wake_after(db: AsyncSession, topics: Iterable[str]) -> None:
    """Wake those who wait on `topics`, once this transaction is committed."""
    db.info.setdefault(_TOPICS, set()).update(topics)


def libpq(url: str) -> str:
    """SQLAlchemy's address of a PostgreSQL as libpq and psycopg take it."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def create_engine(url: str) -> AsyncEngine:
    """An engine with the settings above. The folder of an SQLite file is made when it is not there."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite" and parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_async_engine(
        url,
        pool_size=POOL_CONNECTIONS,
        max_overflow=0,
        pool_timeout=POOL_TIMEOUT_SECONDS,
        hide_parameters=True,  # an error's text goes to the log; what was to be stored does not
        connect_args={"async_creator_fn": sqlite.connect} if parsed.get_backend_name() == "sqlite" else {},
    )
    if engine.dialect.name == "sqlite":
        event.listen(engine.sync_engine, "connect", _open_sqlite)
        event.listen(engine.sync_engine, "begin", _begin_sqlite)
    return engine


@event.listens_for(Session, "loaded_as_persistent")
def _keep(session: Session, row: object) -> None:
    """Read once in a transaction what half of its functions ask for: SQLAlchemy forgets what nobody holds at the moment."""
    if getattr(type(row), "READ_ONCE", False):
        session.info.setdefault(_KEPT, []).append(row)


def _open_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "foreign_keys=ON",
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "synchronous=NORMAL",
        "secure_delete=ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    """Only writers need a transaction: statements that read see what is committed, each at its time, as on PostgreSQL."""
    if connection.get_execution_options().get("tasuki_write", False):
        connection.exec_driver_sql("BEGIN IMMEDIATE")


async def lock_installation(db: AsyncSession) -> None:
    """For what must happen once in an installation: other api processes wait here until this transaction ends."""
    if db.get_bind().dialect.name == "postgresql":
        await (await db.connection()).exec_driver_sql(f"SELECT pg_advisory_xact_lock({INSTALLATION_LOCK})")


async def take_turn(db: AsyncSession, name: str) -> bool:
    """For what one process at a time does, over all processes: True until this transaction ends, False when another is at it.

    Nobody waits. On SQLite there is one process, whose writers are one at a time anyway.
    """
    if db.get_bind().dialect.name != "postgresql":
        return True
    key = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
    row = await (await db.connection()).exec_driver_sql(f"SELECT pg_try_advisory_xact_lock({key})")
    return bool(row.scalar_one())


async def ping(database: Database) -> bool:
    """Whether the database answers."""
    try:
        async with database.engine.connect() as connection:
            await connection.exec_driver_sql("SELECT 1")
    except (SQLAlchemyError, OSError):
        return False
    return True
