"""SQL of invitations."""

from collections.abc import Sequence

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from api.invitations.models import SessionInvitation


async def of_session(db: AsyncSession, session_id: str) -> Sequence[SessionInvitation]:
    """All mails that were sent for a session, oldest first."""
    mine = select(SessionInvitation).where(SessionInvitation.session_id == session_id)
    return (await db.exec(mine.order_by(col(SessionInvitation.id)))).all()
