"""SQL of the queue: live sessions whose customer has come and whom nobody helps yet, oldest first."""

from collections.abc import Sequence

from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from api.auth.permissions import Caller
from api.sessions import repository as sessions
from api.sessions.models import Session


def _waiting(organization_id: str) -> SelectOfScalar[Session]:
    rows = select(Session).where(Session.organization_id == organization_id, sessions.live())
    return rows.where(col(Session.operator_id).is_(None), col(Session.claimed_at).is_not(None))


async def waiting(db: AsyncSession, organization_id: str, limit: int) -> Sequence[Session]:
    """Who waits, who came first."""
    rows = _waiting(organization_id).order_by(col(Session.claimed_at), col(Session.id)).limit(limit)
    return (await db.exec(rows)).all()


async def counts(db: AsyncSession, session: Session) -> tuple[int, int]:
    """How many came before a waiting session, and how many wait in all."""
    everybody = select(func.count()).select_from(_waiting(session.organization_id).subquery())
    before = (col(Session.claimed_at) < session.claimed_at) | (
        (col(Session.claimed_at) == session.claimed_at) & (col(Session.id) < session.id)
    )
    ahead = select(func.count()).select_from(_waiting(session.organization_id).where(before).subquery())
    return (await db.exec(ahead)).one(), (await db.exec(everybody)).one()


async def for_pick_up(db: AsyncSession, caller: Caller, session_id: str) -> Session | None:
    """A session of the caller's organisation that was made for whoever is free, locked: of two who want it, one is first."""
    rows = sessions.of_organization(caller).where(Session.id == session_id, col(Session.queued).is_(True))
    return (await db.exec(rows.with_for_update())).first()
