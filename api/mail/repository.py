"""SQL of outgoing mail."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import col, delete, select
from sqlmodel.ext.asyncio.session import AsyncSession

from api.mail.models import OutboundMail

PENDING = "pending"


async def due(db: AsyncSession, now: datetime, limit: int) -> Sequence[OutboundMail]:
    """Mail whose time has come; on PostgreSQL each is given to one process only."""
    rows = select(OutboundMail).where(OutboundMail.state == PENDING, OutboundMail.next_at <= now)
    return (
        await db.exec(rows.order_by(col(OutboundMail.next_at)).limit(limit).with_for_update(skip_locked=True))
    ).all()


async def purge(db: AsyncSession, before: datetime) -> None:
    """Forget mail that is done with."""
    old = delete(OutboundMail).where(col(OutboundMail.created_at) < before)
    await db.exec(old.where(col(OutboundMail.state) != PENDING))
