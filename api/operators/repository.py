"""SQL of operators. Everything starts from an organisation."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlmodel import col, func, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from api.auth.permissions import Caller
from api.kit.search import contains
from api.operators.models import Operator, Role
from api.organizations.models import Organization


class OperatorState(StrEnum):
    """In what state operators are looked for."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    LOCKED = "locked"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class Filters:
    """What a reader looks for; all that are given must hold. Deleted operators come only when asked for."""

    text: str | None = None
    """In login, name or mail address."""
    role: Role | None = None
    state: OperatorState | None = None


async def by_id(db: AsyncSession, organization_id: str, operator_id: str) -> Operator | None:
    """An operator of an organisation who is not deleted."""
    mine = select(Operator).where(Operator.organization_id == organization_id, col(Operator.deleted_at).is_(None))
    return (await db.exec(mine.where(Operator.id == operator_id))).first()


async def with_organization(
    db: AsyncSession, organization_id: str, operator_id: str
) -> tuple[Operator, Organization] | None:
    """Likewise, together with the organisation."""
    rows = select(Operator, Organization).join(Organization, col(Organization.id) == col(Operator.organization_id))
    mine = rows.where(Operator.organization_id == organization_id, col(Operator.deleted_at).is_(None))
    return (await db.exec(mine.where(Operator.id == operator_id))).first()


async def by_login(db: AsyncSession, organization_id: str, login: str) -> Operator | None:
    """An operator of an organisation who is not deleted, by what is typed at sign-in."""
    mine = select(Operator).where(Operator.organization_id == organization_id, col(Operator.deleted_at).is_(None))
    return (await db.exec(mine.where(Operator.login == login))).first()


async def page(
    db: AsyncSession, caller: Caller, filters: Filters, now: datetime, after: str | None, limit: int
) -> Sequence[Operator]:
    """Operators the caller may see, newest first; one more than `limit` when there are more."""
    rows = select(Operator).where(Operator.organization_id == caller.organization_id)
    if not caller.sees_all:
        rows = rows.where(Operator.id == caller.operator_id)
    deleted = filters.state is OperatorState.DELETED
    rows = rows.where(col(Operator.deleted_at).is_not(None) if deleted else col(Operator.deleted_at).is_(None))
    if filters.state is OperatorState.ACTIVE:
        rows = rows.where(col(Operator.suspended_at).is_(None))
    if filters.state is OperatorState.SUSPENDED:
        rows = rows.where(col(Operator.suspended_at).is_not(None))
    if filters.state is OperatorState.LOCKED:
        rows = rows.where(col(Operator.locked_until) > now)
    if filters.role is not None:
        rows = rows.where(Operator.role == filters.role)
    if filters.text:
        found = (contains(column, filters.text) for column in (Operator.login, Operator.name, Operator.email))
        rows = rows.where(or_(*found))
    if after is not None:
        rows = rows.where(col(Operator.id) < after)
    return (await db.exec(rows.order_by(col(Operator.id).desc()).limit(limit + 1))).all()


async def other_administrators(db: AsyncSession, operator: Operator) -> int:
    """How many of the organisation could still administer it without this operator."""
    able = select(func.count()).where(
        Operator.organization_id == operator.organization_id,
        Operator.role == Role.ADMINISTRATOR,
        Operator.id != operator.id,
        col(Operator.suspended_at).is_(None),
        col(Operator.deleted_at).is_(None),
    )
    return (await db.exec(able)).one()


async def administrators(db: AsyncSession, organization_id: str) -> Sequence[Operator]:
    """Who looks after an organisation and can sign in."""
    mine = select(Operator).where(Operator.organization_id == organization_id, Operator.role == Role.ADMINISTRATOR)
    able = mine.where(col(Operator.suspended_at).is_(None), col(Operator.deleted_at).is_(None))
    return (await db.exec(able)).all()


async def ids(db: AsyncSession, organization_id: str) -> Sequence[str]:
    """All operators of an organisation who are not deleted."""
    mine = select(Operator.id).where(Operator.organization_id == organization_id)
    return (await db.exec(mine.where(col(Operator.deleted_at).is_(None)))).all()


async def names(db: AsyncSession, organization_id: str, ids: set[str]) -> dict[str, str]:
    """Names of several operators of an organisation, by id; of deleted ones too."""
    mine = select(Operator.id, Operator.name).where(Operator.organization_id == organization_id)
    return dict((await db.exec(mine.where(col(Operator.id).in_(ids)))).all())
