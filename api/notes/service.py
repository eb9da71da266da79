"""Writing something down about a session."""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from api.auth.permissions import Caller
from api.context import Context
from api.events.service import record
from api.kit.ids import Kind, new_id
from api.kit.sealing import KeyDestroyed, Sealer, key_id_of
from api.notes import repository
from api.notes.models import SessionNote
from api.sessions import details
from api.sessions.models import Session
from api.sessions.schemas import NoteView

PURPOSE = "note"
SEARCHED, SEARCHED_AT_ONCE = 2000, 250
"""Notes of an organisation that are looked through for a piece of text; opening one takes some microseconds."""


def add(db: AsyncSession, context: Context, caller: Caller, session: Session, text: str, now: datetime) -> None:
    """One more note, with who wrote it and when. The session itself keeps the newest, for lists and webhooks."""
    details.refuse_forgotten(session)
    sealer, note_id = context.keyring.customer(session), new_id(Kind.NOTE)
    note = SessionNote(
        id=note_id,
        organization_id=session.organization_id,
        session_id=session.id,
        author_id=caller.id,
        author_name=caller.name or caller.id,
        text_sealed=sealer.seal(PURPOSE, note_id, text.encode()),
        created_at=now,
    )
    session.note_sealed = sealer.seal(details.NEWEST, session.id, text.encode())
    db.add(note)
    db.add(session)
    record(db, context, session, "session.noted", now, note_id=note.id, author_id=caller.id)


def view(context: Context, note: SessionNote) -> NoteView | None:
    """What callers see; None when its customer was forgotten."""
    text = opened(context.keyring.organization(note.organization_id), note)
    if text is None:
        return None
    return NoteView(
        id=note.id, author_id=note.author_id, author_name=note.author_name, text=text, created_at=note.created_at
    )


async def sessions_with(db: AsyncSession, context: Context, organization_id: str, text: str) -> list[str]:
    """Ids of sessions with a note that has `text` in it. Notes are sealed, so they are opened: the newest SEARCHED ones."""
    wanted, found, last = text.strip().casefold(), set[str](), None
    sealer = context.keyring.organization(organization_id)
    for _ in range(SEARCHED // SEARCHED_AT_ONCE):
        rows = await repository.newest(db, organization_id, last, SEARCHED_AT_ONCE)
        context.keyring.prefetch(organization_id, {key_id_of(row.text_sealed) for row in rows})
        found |= {row.session_id for row in rows if wanted in (opened(sealer, row) or "").casefold()}
        if len(rows) < SEARCHED_AT_ONCE:
            break
        last = rows[-1].id
    return sorted(found)


def opened(sealer: Sealer, note: SessionNote) -> str | None:
    """Its text; None when its customer was forgotten."""
    try:
        return sealer.open(PURPOSE, note.id, note.text_sealed).decode()
    except KeyDestroyed:
        return None
