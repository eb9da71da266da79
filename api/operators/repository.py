"""SQL of operators. Everything starts from an organisation."""

from collections.abc import Sequence

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from api.auth.permissions import Caller
from api.operators.models import Operator


async def by_id(db: AsyncSession, organization_id: str, operator_id: str) -> Operator | None:
    """An operator of an organisation who is not deleted."""
    mine = select(Operator).where(Operator.organization_id == organization_id, col(Operator.deleted_at).is_(None))
    return (await db.exec(mine.where(Operator.id == operator_id))).first()


async def page(db: AsyncSession, caller: Caller, after: str | None, limit: int) -> Sequence[Operator]:
    """Operators the caller may see, newest first; one more than `limit` when there are more."""
    rows = select(Operator).where(Operator.organization_id == caller.organization_id)
    if not caller.sees_all:
        rows = rows.where(Operator.id == caller.operator_id)
    if after is not None:
        rows = rows.where(col(Operator.id) < after)
    return (await db.exec(rows.order_by(col(Operator.id).desc()).limit(limit + 1))).all()


async def names(db: AsyncSession, organization_id: str, ids: set[str]) -> dict[str, str]:
    """Names of several operators of an organisation, by id."""
    mine = select(Operator.id, Operator.name).where(Operator.organization_id == organization_id)
    return dict((await db.exec(mine.where(col(Operator.id).in_(ids)))).all())
