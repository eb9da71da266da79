"""Sending somebody out of a session: no ticket any more, and their relay closes and refuses them."""

from sqlmodel.ext.asyncio.session import AsyncSession

from api.context import Context
from api.events.service import record
from api.handover import repository
from api.relays import service as relays
from api.sessions.models import Session


async def send_out(db: AsyncSession, context: Context, session: Session, operator_id: str) -> None:
    """End a guest's part in a session."""
    now = context.clock.now()
    await repository.remove_guest(db, session.id, operator_id, now)
    await clear_seat(db, context, session, operator_id, "removed")
    record(db, context, session, "guest.removed", now, operator_id=operator_id)


async def send_out_everywhere(db: AsyncSession, context: Context, operator_id: str) -> None:
    """End an operator's part in all sessions that they are a guest in."""
    for session in await repository.live_with_guest(db, operator_id):
        await send_out(db, context, session, operator_id)


async def clear_seat(db: AsyncSession, context: Context, session: Session, operator_id: str, reason: str) -> None:
    """Take an operator's place away, if they have taken it."""
    participant = await repository.participant_of(db, session.id, operator_id)
    if participant is None:
        return
    now = context.clock.now()
    participant.removed_at = now
    db.add(participant)
    await db.flush()
    relays.command_kick(db, context, session, participant.sender, reason, now)
