"""Policy that was narrowed since: it reaches sessions that were made before.

* A shorter longest session holds for tickets from now on; a session that runs ends at the new limit, by the api's own clock.
* A session in a mode that its operator may no longer use ends; one that still waits cannot be joined.

A policy that was widened changes nothing: the narrowest that ever held for a session holds.
"""

from collections.abc import Sequence
from datetime import timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from api.context import Context
from api.operators.models import Operator
from api.organizations.models import Organization
from api.sessions import details, ending, repository
from api.sessions.models import Session
from api.sessions.modes import Party
from api.sessions.states import State

REASON = "policy"
"""Why a session ended whose mode was taken away."""


def smallest(*limits: int | None) -> int | None:
    """The narrowest of several limits; None where there is none."""
    return min((limit for limit in limits if limit is not None), default=None)


def allows(operator: Operator, session: Session) -> bool:
    """Whether the operator may still do today what the session is for."""
    return operator.suspended_at is None and session.mode in operator.modes


async def narrow(
    db: AsyncSession, context: Context, session: Session, organization: Organization, operator: Operator
) -> None:
    """Bring the session's limit down to what holds now.

    The statement says it as well as long as nobody has one. Once a side does, it stays: both sides' keys are bound to the
    same bytes. Then the tickets carry the narrower limit.
    """
    limit = smallest(session.max_seconds, organization.max_session_seconds, operator.max_session_seconds)
    if limit is None or limit == session.max_seconds:
        return
    session.max_seconds = limit
    if session.started_at is not None:
        session.ends_at = session.started_at + timedelta(seconds=limit)
    db.add(session)
    if not await repository.participants(db, session.id):
        details.sign_statement(context, session, organization, operator)


async def refresh(db: AsyncSession, context: Context, session: Session) -> None:
    """Narrow one session by its organisation and operator as they are now."""
    organization = await db.get_one(Organization, session.organization_id)
    operator = await db.get_one(Operator, session.operator_id)
    await narrow(db, context, session, organization, operator)


async def end_forbidden(db: AsyncSession, context: Context, session: Session) -> None:
    """End a session whose mode was taken away from its operator."""
    await ending.end(db, context, session, Party.ADMINISTRATOR, REASON)


async def operator_changed(db: AsyncSession, context: Context, operator: Operator) -> None:
    """What an operator may has changed: their sessions that are not over follow."""
    organization = await db.get_one(Organization, operator.organization_id)
    for session in await repository.live_of_operator(db, operator.id):
        if session.state != State.WAITING and not allows(operator, session):
            await end_forbidden(db, context, session)
        else:
            await narrow(db, context, session, organization, operator)


async def organization_changed(db: AsyncSession, context: Context, organization: Organization) -> None:
    """The longest session of an organisation has changed: its sessions that are not over follow."""
    live: Sequence[Session] = await repository.live_of_organization(db, organization.id)
    for session in live:
        await narrow(db, context, session, organization, await db.get_one(Operator, session.operator_id))
