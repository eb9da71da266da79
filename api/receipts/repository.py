"""SQL of receipts."""

from sqlmodel.ext.asyncio.session import AsyncSession

from api.receipts.models import SessionReceipt


async def of_session(db: AsyncSession, session_id: str) -> SessionReceipt | None:
    """What there is of a session's receipt."""
    return await db.get(SessionReceipt, session_id)
