"""SQL of integrations."""

from collections.abc import Sequence

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from api.auth.permissions import Caller
from api.integrations.models import Integration


async def by_id(db: AsyncSession, caller: Caller, integration_id: str) -> Integration | None:
    """An integration of the caller's organisation."""
    mine = select(Integration).where(Integration.organization_id == caller.organization_id)
    return (await db.exec(mine.where(Integration.id == integration_id))).first()


async def for_hook(db: AsyncSession, integration_id: str) -> Integration | None:
    """The integration a hook was sent to; who sent it is proved by the signature."""
    return await db.get(Integration, integration_id)


async def page(db: AsyncSession, caller: Caller, after: str | None, limit: int) -> Sequence[Integration]:
    """Newest first; one more than `limit` when there are more."""
    rows = select(Integration).where(Integration.organization_id == caller.organization_id)
    if after is not None:
        rows = rows.where(col(Integration.id) < after)
    return (await db.exec(rows.order_by(col(Integration.id).desc()).limit(limit + 1))).all()
