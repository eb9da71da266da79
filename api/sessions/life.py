"""Taking a session from state to state: the table decides, the times and the event follow."""

from datetime import datetime, timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from api.context import Context
from api.events.service import record
from api.sessions.models import Session
from api.sessions.states import Happening, State, next_state

_EVENTS = {
    State.CLAIMED: "session.claimed",
    State.ACTIVE: "session.active",
    State.PAUSED: "session.paused",
    State.INTERRUPTED: "session.interrupted",
    State.EXPIRED: "session.expired",
}


def step(db: AsyncSession, context: Context, session: Session, happening: Happening, now: datetime) -> None:
    """Apply what happened; TransitionNotAllowed when it cannot happen now. Ending has its own way (ending.py)."""
    before, after = session.state, next_state(session.state, happening)
    session.state = after
    if after is State.CLAIMED:
        session.claimed_at = now
    if after is State.ACTIVE and session.started_at is None:
        session.started_at = now
        if session.max_seconds is not None:
            session.ends_at = now + timedelta(seconds=session.max_seconds)
    session.interrupted_at = now if after is State.INTERRUPTED else None
    db.add(session)
    if after != before and after in _EVENTS:
        record(db, context, session, _EVENTS[after], now, state=str(after))
