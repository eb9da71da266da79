"""Writing down what happens, in the transaction in which it happens."""

from datetime import datetime
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from api.db import wake_after
from api.events.models import Event
from api.kit.ids import Kind, new_id
from api.sessions.models import Session


def record(db: AsyncSession, session: Session, type_: str, now: datetime, **data: Any) -> Event:
    """One event of a session; those who wait for it are woken after the commit, and those who watch the queue."""
    event = Event(
        id=new_id(Kind.EVENT),
        organization_id=session.organization_id,
        session_id=session.id,
        type=type_,
        time=now,
        data=data,
    )
    db.add(event)
    wake_after(db, [topic(session.id), *([queue_topic(session.organization_id)] if session.queued else [])])
    return event


def topic(session_id: str) -> str:
    """What a long poll on a session waits for."""
    return f"session {session_id}"


def queue_topic(organization_id: str) -> str:
    """What a long poll on an organisation's queue waits for."""
    return f"queue {organization_id}"
