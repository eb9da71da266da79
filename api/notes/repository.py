"""SQL of notes."""

from collections.abc import Sequence

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from api.notes.models import SessionNote


async def of_session(db: AsyncSession, session_id: str) -> Sequence[SessionNote]:
    """All notes of a session, oldest first."""
    mine = select(SessionNote).where(SessionNote.session_id == session_id)
    return (await db.exec(mine.order_by(col(SessionNote.id)))).all()
