"""SQL of operators. Everything starts from an organisation."""

from collections.abc import Sequence

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from api.auth.permissions import Caller
from api.operators.models import Operator
from api.organizations.models import Organization


async def by_id(db: AsyncSession, organization_id: str, operator_id: str) -> Operator | None:
    """An operator of an organisation."""
    mine = select(Operator).where(Operator.organization_id == organization_id)
    return (await db.exec(mine.where(Operator.id == operator_id))).first()


async def by_login(db: AsyncSession, company: str, login: str) -> Operator | None:
    """An operator by what is typed at sign-in."""
    joined = select(Operator).join(Organization, col(Organization.id) == col(Operator.organization_id))
    return (await db.exec(joined.where(Organization.code == company, Operator.login == login))).first()


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
