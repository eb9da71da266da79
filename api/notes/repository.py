"""SQL of notes."""

from collections.abc import Sequence

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from api.notes.models import SessionNote


async def newest(db: AsyncSession, organization_id: str, before: str | None, limit: int) -> Sequence[SessionNote]:
    """Notes of an organisation, newest first."""
    rows = select(SessionNote).where(SessionNote.organization_id == organization_id)
    if before is not None:
        rows = rows.where(col(SessionNote.id) < before)
    return (await db.exec(rows.order_by(col(SessionNote.id).desc()).limit(limit))).all()


async def of_session(db: AsyncSession, session_id: str) -> Sequence[SessionNote]:
    """All notes of a session, oldest first."""
    mine = select(SessionNote).where(SessionNote.session_id == session_id)
    return (await db.exec(mine.order_by(col(SessionNote.id)))).all()
