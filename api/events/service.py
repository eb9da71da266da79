"""Writing down what happens, in the transaction in which it happens. What is said about it is sealed."""

import json
from datetime import datetime
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from api.context import Context
from api.db import wake_after
from api.events.models import Event
from api.kit.ids import Kind, new_id
from api.kit.sealing import KeyDestroyed, Sealer
from api.sessions.models import Session
from api.sessions.schemas import EventView

PURPOSE = "event"
CREATED = "session.created"


def record(db: AsyncSession, context: Context, session: Session, type_: str, now: datetime, **data: Any) -> Event:
    """One event of a session; those who wait for it are woken after the commit, and those who watch the queue."""
    event_id = new_id(Kind.EVENT)
    event = Event(
        id=event_id,
        organization_id=session.organization_id,
        session_id=session.id,
        type=type_,
        time=now,
        data_sealed=_sealed(context, session, event_id, data),
    )
    db.add(event)
    if type_ != CREATED:  # nobody can wait for what is not there yet, and waking other processes has its price
        wake_after(db, [topic(session.id)])
    if session.queued:
        wake_after(db, [queue_topic(session.organization_id)])
    return event


def opened(sealer: Sealer, event: Event) -> dict[str, Any] | None:
    """What was said about it; None when the customer was forgotten."""
    if event.data_sealed is None:
        return {}
    try:
        data: dict[str, Any] = json.loads(sealer.open(PURPOSE, event.id, event.data_sealed))
    except KeyDestroyed:
        return None
    return data


def view(context: Context, event: Event) -> EventView:
    """What callers see."""
    data = opened(context.keyring.organization(event.organization_id), event)
    return EventView(id=event.id, type=event.type, time=event.time, data=data or {}, forgotten=data is None)


def _sealed(context: Context, session: Session, event_id: str, data: dict[str, Any]) -> bytes | None:
    """Nothing more is written down about a customer who was forgotten: when it happened, and no more."""
    if not data or session.forgotten:
        return None
    plain = json.dumps(data, ensure_ascii=False, default=str).encode()
    return context.keyring.customer(session).seal(PURPOSE, event_id, plain)


def topic(session_id: str) -> str:
    """What a long poll on a session waits for."""
    return f"session {session_id}"


def queue_topic(organization_id: str) -> str:
    """What a long poll on an organisation's queue waits for."""
    return f"queue {organization_id}"
