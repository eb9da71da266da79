"""SQL of registered machines."""

from collections.abc import Sequence

from sqlmodel import col, delete, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from api.auth.permissions import Caller
from api.machines.models import Machine


async def of_operator(db: AsyncSession, operator_id: str, machine_id: str) -> Machine | None:
    """A machine of an operator."""
    mine = select(Machine).where(Machine.operator_id == operator_id)
    return (await db.exec(mine.where(Machine.id == machine_id))).first()


async def by_key(db: AsyncSession, operator_id: str, public_key: str) -> Machine | None:
    """A machine of an operator by its key."""
    mine = select(Machine).where(Machine.operator_id == operator_id)
    return (await db.exec(mine.where(Machine.public_key == public_key))).first()


async def count(db: AsyncSession, operator_id: str) -> int:
    """How many an operator has."""
    return (await db.exec(select(func.count()).where(col(Machine.operator_id) == operator_id))).one()


async def by_id(db: AsyncSession, caller: Caller, machine_id: str) -> Machine | None:
    """A machine the caller may see."""
    rows = select(Machine).where(Machine.organization_id == caller.organization_id)
    if not caller.sees_all:
        rows = rows.where(Machine.operator_id == caller.operator_id)
    return (await db.exec(rows.where(Machine.id == machine_id))).first()


async def page(
    db: AsyncSession, caller: Caller, after: str | None, limit: int, operator_id: str | None
) -> Sequence[Machine]:
    """Machines the caller may see, newest first; one more than `limit` when there are more."""
    rows = select(Machine).where(Machine.organization_id == caller.organization_id)
    if not caller.sees_all:
        rows = rows.where(Machine.operator_id == caller.operator_id)
    if operator_id is not None:
        rows = rows.where(Machine.operator_id == operator_id)
    if after is not None:
        rows = rows.where(col(Machine.id) < after)
    return (await db.exec(rows.order_by(col(Machine.id).desc()).limit(limit + 1))).all()


async def remove_all(db: AsyncSession, operator_id: str) -> None:
    """Of an operator who is deleted."""
    await db.exec(delete(Machine).where(col(Machine.operator_id) == operator_id))
