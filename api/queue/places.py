"""Where a customer stands in the queue."""

from sqlmodel.ext.asyncio.session import AsyncSession

from api.queue import repository
from api.sessions.models import Session
from api.sessions.schemas import Place


async def place(db: AsyncSession, session: Session) -> Place:
    """The place of a session whose customer waits."""
    await db.flush()
    ahead, everybody = await repository.counts(db, session)
    return Place(position=ahead + 1, waiting=everybody)
