"""SQL of policies. Everything starts from an organisation."""

from collections.abc import Collection, Sequence

from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from api.auth.permissions import Caller
from api.operators.models import Operator
from api.organizations.models import Organization
from api.policies.models import Policy


def readable(caller: Caller) -> SelectOfScalar[Policy]:
    """The policies a caller may see: all of the organisation, or those that hold for oneself."""
    rows = select(Policy).where(Policy.organization_id == caller.organization_id)
    if caller.sees_all:
        return rows
    mine = select(Operator.policy_id).where(Operator.id == caller.operator_id)
    ours = select(Organization.policy_id).where(Organization.id == caller.organization_id)
    return rows.where(col(Policy.id).in_(mine.union(ours)))


async def page(db: AsyncSession, caller: Caller, after: str | None, limit: int) -> Sequence[Policy]:
    """Newest first; one more than `limit` when there are more."""
    rows = readable(caller)
    if after is not None:
        rows = rows.where(col(Policy.id) < after)
    return (await db.exec(rows.order_by(col(Policy.id).desc()).limit(limit + 1))).all()


async def for_caller(db: AsyncSession, caller: Caller, policy_id: str) -> Policy | None:
    """A policy the caller may see."""
    return (await db.exec(readable(caller).where(Policy.id == policy_id))).first()


async def locked(db: AsyncSession, organization_id: str, policy_id: str) -> Policy | None:
    """A policy of an organisation, locked: whoever assigns it and whoever deletes it wait for one another."""
    rows = select(Policy).where(Policy.organization_id == organization_id, Policy.id == policy_id)
    return (await db.exec(rows.with_for_update())).first()


async def by_ids(db: AsyncSession, ids: Collection[str]) -> dict[str, Policy]:
    """Several policies by id."""
    if not ids:
        return {}
    return {row.id: row for row in (await db.exec(select(Policy).where(col(Policy.id).in_(ids)))).all()}


async def operators_with(db: AsyncSession, ids: Collection[str]) -> dict[str, int]:
    """To how many operators each policy is assigned."""
    counted = select(Operator.policy_id, func.count()).where(col(Operator.policy_id).in_(ids))
    rows = await db.exec(counted.group_by(col(Operator.policy_id)))
    return {str(policy_id): count for policy_id, count in rows.all()}


async def holders(db: AsyncSession, policy_id: str) -> Sequence[str]:
    """The ids of the operators to whom a policy is assigned."""
    return (await db.exec(select(Operator.id).where(Operator.policy_id == policy_id))).all()
