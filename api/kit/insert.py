"""Insert a row unless one with its key is there, on SQLite and PostgreSQL alike."""

from typing import Any

from sqlalchemy import Table, literal_column
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession


async def insert_new(db: AsyncSession, row: SQLModel) -> bool:
    """True when the row was inserted, False when its key was taken.

    On PostgreSQL a second transaction with the same key waits here for the first to end; on SQLite writers queue anyway.
    """
    insert = postgresql_insert if db.get_bind().dialect.name == "postgresql" else sqlite_insert
    table: Table = type(row).__table__  # type: ignore[attr-defined]
    statement: Any = insert(table).values(**row.model_dump()).on_conflict_do_nothing().returning(literal_column("1"))
    return (await db.exec(statement)).first() is not None
