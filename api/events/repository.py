"""SQL of events."""

from collections.abc import Sequence

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from api.events.models import Event


async def after(db: AsyncSession, session_id: str, event_id: str | None, limit: int) -> Sequence[Event]:
    """Events of a session after one of them, oldest first; one more than `limit` when there are more."""
    rows = select(Event).where(Event.session_id == session_id)
    if event_id is not None:
        rows = rows.where(col(Event.id) > event_id)
    return (await db.exec(rows.order_by(col(Event.id)).limit(limit + 1))).all()
