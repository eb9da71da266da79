"""Operators who lose their access: what ends with it, and that an organisation is never left without an administrator."""

from sqlmodel.ext.asyncio.session import AsyncSession

from api.api_keys import repository as api_keys
from api.auth import repository as sign_ins
from api.context import Context
from api.machines import repository as machines
from api.operators import repository
from api.operators.models import Operator, Role
from api.organizations import repository as organizations
from api.passwords import changing, locking
from api.problems import Conflict, NotFound
from api.second_factors import repository as second_factors
from api.sessions import ending


async def take_turn(db: AsyncSession, operator: Operator) -> None:
    """Before an operator's role or standing changes: others who want that in the organisation wait for this transaction.

    What was read of the operator before the turn came is read again; NotFound when they were deleted meanwhile.
    """
    await organizations.lock(db, operator.organization_id)
    await db.refresh(operator)
    if operator.deleted_at is not None:
        raise NotFound("There is no such operator in your organisation.")


async def refuse_last(db: AsyncSession, operator: Operator) -> None:
    """Conflict when nobody else could administer; asked after `take_turn`."""
    if operator.role == Role.ADMINISTRATOR and not await repository.other_administrators(db, operator):
        raise Conflict("This is the last administrator; make another one first.")


async def suspend(db: AsyncSession, context: Context, operator: Operator) -> None:
    """Sign-ins and sessions end at once, and tokens and keys are refused from now on."""
    operator.suspended_at = operator.suspended_at or context.clock.now()
    operator.token_version += 1
    db.add(operator)
    await sign_ins.end_all(db, operator.id)
    await end_sessions(db, context, operator)


async def delete(db: AsyncSession, context: Context, operator: Operator) -> None:
    """As suspending, and nothing is left that could prove who the operator was; id, login and name stay for the history."""
    await suspend(db, context, operator)
    await changing.forget(db, operator)
    await second_factors.remove_all(db, operator.id)
    await machines.remove_all(db, operator.id)
    await api_keys.delete_all_of(db, operator.id)
    locking.clear(operator)
    operator.deleted_at, operator.email, operator.policy_id = context.clock.now(), None, None
    operator.second_factors = []


async def end_sessions(db: AsyncSession, context: Context, operator: Operator) -> None:
    """All that are not over."""
    await ending.end_all_of(db, context, operator.id)
