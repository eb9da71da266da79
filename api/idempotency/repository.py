"""SQL of remembered answers."""

from datetime import datetime

from sqlmodel import col, delete, select
from sqlmodel.ext.asyncio.session import AsyncSession

from api.idempotency.models import RememberedAnswer
from api.kit.insert import insert_new


async def claim(db: AsyncSession, row: RememberedAnswer) -> bool:
    """Take the key for this transaction; False when an answer is remembered. A second request waits for the first."""
    return await insert_new(db, row)


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
