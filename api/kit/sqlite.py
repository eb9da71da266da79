"""SQLite's driver with one hop to its thread for each statement.

aiosqlite runs every call of a connection in a thread: opening a cursor, executing, fetching and closing are four hops, and a
hop costs more than most of our statements. Here a statement is executed and its rows are fetched in one. SQLAlchemy's
dialect stays as it is; it is handed this connection by `connect_args={"async_creator_fn": connect}`.
"""

import sqlite3
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Self

import aiosqlite

Rows = list[Any]
Answer = tuple[Rows, Any, int, int | None]
"""Rows, description, number of rows changed, last row's id."""


def connect(database: str, **options: Any) -> "Connection":
    """A connection as SQLAlchemy asks for one; it is opened when it is awaited."""
    connection = Connection(partial(sqlite3.connect, database, **options), iter_chunk_size=64)
    connection._thread.daemon = True
    return connection


class Cursor:
    """What SQLAlchemy needs of a cursor. It is nothing but the answer to the last statement."""

    def __init__(self, connection: "Connection") -> None:
        self._connection = connection
        self._rows: Rows = []
        self.description: Sequence[Any] | None = None
        self.rowcount = -1
        self.lastrowid: int | None = None
        self.arraysize = 1

    async def __aenter__(self) -> Self:
        return self

    async def execute(self, statement: str, parameters: Sequence[Any] = ()) -> Self:
        """Execute and fetch, in the connection's thread."""
        self._take(await self._connection.run(self._connection.whole, statement, parameters))
        return self

    async def executemany(self, statement: str, parameters: Sequence[Sequence[Any]]) -> Self:
        """Several rows at once."""
        self._take(await self._connection.run(self._connection.many, statement, parameters))
        return self

    async def fetchall(self) -> Rows:
        """All rows that are left."""
        rows, self._rows = self._rows, []
        return rows

    async def fetchone(self) -> Any:
        """The next row."""
        return self._rows.pop(0) if self._rows else None

    async def fetchmany(self, size: int | None = None) -> Rows:
        """The next rows."""
        size = size or self.arraysize
        rows, self._rows = self._rows[:size], self._rows[size:]
        return rows

    async def close(self) -> None:
        """There is nothing open."""
        self._rows = []

    def _take(self, answer: Answer) -> None:
        self._rows, self.description, self.rowcount, self.lastrowid = answer


class Connection(aiosqlite.Connection):
    """An aiosqlite connection whose cursors are answers."""

    def cursor(self) -> Cursor:  # type: ignore[override]
        """Costs nothing."""
        return Cursor(self)

    async def run(self, work: Callable[..., Answer], *arguments: Any) -> Answer:
        """Do something in the connection's thread."""
        answer: Answer = await self._execute(work, *arguments)  # type: ignore[no-untyped-call]
        return answer

    async def rollback(self) -> None:
        """Without a transaction there is nothing to undo, and no hop for it."""
        if self._conn.in_transaction:
            await super().rollback()

    def whole(self, statement: str, parameters: Sequence[Any]) -> Answer:
        """In the thread: rows, description, number of rows changed, last row's id."""
        return _answer(self._conn.execute(statement, parameters))

    def many(self, statement: str, parameters: Sequence[Sequence[Any]]) -> Answer:
        """Likewise, for several rows at once."""
        return _answer(self._conn.executemany(statement, parameters))


def _answer(cursor: sqlite3.Cursor) -> Answer:
    try:
        rows = cursor.fetchall() if cursor.description else []
        return rows, cursor.description, cursor.rowcount, cursor.lastrowid
    finally:
        cursor.close()
