"""SQL of remembered answers."""

from datetime import datetime

from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlmodel import col, delete, select
from sqlmodel.ext.asyncio.session import AsyncSession

from api.idempotency.models import RememberedAnswer


async def claim(db: AsyncSession, row: RememberedAnswer) -> bool:
    """Take the key for this transaction; False when an answer is remembered.

    On PostgreSQL a second request waits here until the first is committed or rolled back; on SQLite writers queue anyway.
    """
    insert = postgresql_insert if db.get_bind().dialect.name == "postgresql" else sqlite_insert
    statement = insert(RememberedAnswer).values(**row.model_dump()).on_conflict_do_nothing()
    return (await db.exec(statement)).rowcount == 1


async def get(db: AsyncSession, principal: str, route: str, key: str) -> RememberedAnswer | None:
    """What is remembered under a key."""
    return (
        await db.exec(
            select(RememberedAnswer).where(
                RememberedAnswer.principal == principal, RememberedAnswer.route == route, RememberedAnswer.key == key
            )
        )
    ).first()


async def purge(db: AsyncSession, before: datetime) -> None:
    """Forget old answers."""
    await db.exec(delete(RememberedAnswer).where(col(RememberedAnswer.created_at) < before))
