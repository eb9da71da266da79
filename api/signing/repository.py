"""SQL of signing keys."""

from collections.abc import Sequence

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from api.signing.models import StoredKey


async def all_keys(db: AsyncSession) -> Sequence[StoredKey]:
    """Every key, oldest first."""
    return (await db.exec(select(StoredKey).order_by(col(StoredKey.created_at)))).all()
