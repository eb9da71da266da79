"""Writing down what happens, in the transaction in which it happens."""

from datetime import datetime
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from api.db import wake_after
from api.events.models import Event
from api.kit.ids import Kind, new_id
from api.sessions.models import Session


def record(db: AsyncSession, session: Session, type_: str, now: datetime, **data: Any) -> Event:
    """One event of a session; those who wait for it are woken after the commit."""
    event = Event(
        id=new_id(Kind.EVENT),
        organization_id=session.organization_id,
        session_id=session.id,
        type=type_,
        time=now,
        data=data,
    )
    db.add(event)
    wake_after(db, [topic(session.id)])
    return event


def topic(session_id: str) -> str:
    """What a long poll on a session waits for."""
    return f"session {session_id}"
