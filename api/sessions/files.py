"""Files that were moved in a session: their paths are written down, the files themselves never come here."""

from typing import Literal

from sqlmodel.ext.asyncio.session import AsyncSession

from api.context import Context
from api.events.service import record
from api.sessions.models import Session

MOVED = "file.moved"
"""The event of one file."""

Direction = Literal["to_customer", "from_customer"]


def moved(db: AsyncSession, context: Context, session: Session, path: str, direction: Direction, size: int) -> None:
    """One file has arrived: `path` as the machine where it arrived knows it, `size` in bytes."""
    session.files += 1
    db.add(session)
    record(db, context, session, MOVED, context.clock.now(), path=path, direction=direction, bytes=size)
