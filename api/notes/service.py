"""Writing something down about a session."""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from api.auth.permissions import Caller
from api.events.service import record
from api.kit.ids import Kind, new_id
from api.notes.models import SessionNote
from api.sessions.models import Session


def add(db: AsyncSession, caller: Caller, session: Session, text: str, now: datetime) -> None:
    """One more note, with who wrote it and when. The session itself keeps the newest, for lists and webhooks."""
    note = SessionNote(
        id=new_id(Kind.NOTE),
        organization_id=session.organization_id,
        session_id=session.id,
        author_id=caller.id,
        author_name=caller.name or caller.id,
        text=text,
        created_at=now,
    )
    session.note = text
    db.add(note)
    db.add(session)
    record(db, session, "session.noted", now, note_id=note.id, author_id=caller.id)
