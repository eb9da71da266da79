"""SQL of guests, and of who was sent out."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import col, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from api.handover.models import SessionGuest
from api.operators.models import Operator, Role
from api.sessions.models import Participant, Session


async def guest(db: AsyncSession, session_id: str, operator_id: str) -> SessionGuest | None:
    """An operator's invitation to join a session, unless it was taken back."""
    mine = select(SessionGuest).where(SessionGuest.session_id == session_id, SessionGuest.operator_id == operator_id)
    return (await db.exec(mine.where(col(SessionGuest.removed_at).is_(None)))).first()


async def guests(db: AsyncSession, session_id: str) -> Sequence[SessionGuest]:
    """All who were asked to join a session, also those who were sent out."""
    return (await db.exec(select(SessionGuest).where(SessionGuest.session_id == session_id))).all()


async def live_with_guest(db: AsyncSession, operator_id: str) -> Sequence[Session]:
    """The sessions that are not over in which an operator is a guest, locked."""
    rows = select(Session).join(SessionGuest, col(SessionGuest.session_id) == col(Session.id))
    mine = rows.where(SessionGuest.operator_id == operator_id, col(SessionGuest.removed_at).is_(None))
    return (await db.exec(mine.where(col(Session.ended_at).is_(None)).with_for_update(of=Session))).all()


async def live_guests(
    db: AsyncSession, organization_id: str, operator_ids: Sequence[str] | None = None
) -> Sequence[tuple[Session, SessionGuest, Operator]]:
    """Who is a guest in a session of an organisation that is not over, or which of `operator_ids`; the sessions locked."""
    rows = (
        select(Session, SessionGuest, Operator)
        .join(SessionGuest, col(SessionGuest.session_id) == col(Session.id))
        .join(Operator, col(Operator.id) == col(SessionGuest.operator_id))
        .where(Session.organization_id == organization_id, col(Session.ended_at).is_(None))
        .where(col(SessionGuest.removed_at).is_(None))
    )
    if operator_ids is not None:
        rows = rows.where(col(SessionGuest.operator_id).in_(operator_ids))
    return (await db.exec(rows.order_by(col(Session.id)).with_for_update(of=Session))).all()


async def remove_guest(db: AsyncSession, session_id: str, operator_id: str, now: datetime) -> None:
    """The invitation holds no more."""
    mine = update(SessionGuest).where(
        col(SessionGuest.session_id) == session_id, col(SessionGuest.operator_id) == operator_id
    )
    await db.exec(mine.values(removed_at=now))


async def helpers(db: AsyncSession, session: Session, after: str | None, limit: int) -> Sequence[Operator]:
    """Everybody else of a session's organisation who can be in one, newest first; one more than `limit` when there are more."""
    organization_id = session.organization_id
    mine = select(Operator).where(Operator.organization_id == organization_id, Operator.role != Role.AUDITOR)
    able = mine.where(col(Operator.suspended_at).is_(None), col(Operator.deleted_at).is_(None))
    if session.operator_id is not None:
        able = able.where(Operator.id != session.operator_id)
    if after is not None:
        able = able.where(col(Operator.id) < after)
    return (await db.exec(able.order_by(col(Operator.id).desc()).limit(limit + 1))).all()


async def participant_of(db: AsyncSession, session_id: str, operator_id: str) -> Participant | None:
    """An operator's place in a session, unless they were sent out."""
    mine = select(Participant).where(Participant.session_id == session_id, Participant.operator_id == operator_id)
    return (await db.exec(mine.where(col(Participant.removed_at).is_(None)))).first()
