"""Ending a session: at once, for everybody, with who and why; the relays and the webhooks hear of it in the same commit."""

from sqlmodel.ext.asyncio.session import AsyncSession

from api.context import Context
from api.events.service import record
from api.handover import leaving
from api.receipts import repository as receipts
from api.relays import service as relays
from api.sessions import details, repository
from api.sessions.models import Session
from api.sessions.modes import Party
from api.sessions.states import Happening, State, next_state
from api.webhooks import outbox


async def end(db: AsyncSession, context: Context, session: Session, by: Party, reason: str) -> None:
    """End a session that is not over; TransitionNotAllowed when it is."""
    session.state = next_state(session.state, Happening.END)
    await _close(db, context, session, by, reason)


async def expire(db: AsyncSession, context: Context, session: Session) -> None:
    """The code ran out before anybody used it."""
    now = context.clock.now()
    session.state = next_state(session.state, Happening.EXPIRE)
    session.ended_at, session.ended_by, session.reason = now, Party.SYSTEM, "expired"
    db.add(session)
    await repository.close_code(db, session.id, now)
    record(db, context, session, "session.expired", now, state=str(State.EXPIRED))
    relays.command_end(db, context, session, now)


async def end_all_of(db: AsyncSession, context: Context, operator_id: str) -> None:
    """An operator was suspended: all their sessions end, and they leave those they are a guest in."""
    await leaving.send_out_everywhere(db, context, operator_id)
    for session in await repository.live_of_operator(db, operator_id):
        await end(db, context, session, Party.ADMINISTRATOR, "ended")


async def end_all_of_organization(db: AsyncSession, context: Context, organization_id: str) -> None:
    """An organisation was disabled: all its sessions end."""
    for session in await repository.live_of_organization(db, organization_id):
        await end(db, context, session, Party.ADMINISTRATOR, "ended")


async def last_counts_came(db: AsyncSession, context: Context, session: Session) -> None:
    """The relay's last word about an ended session: what waits to be told of it need not wait longer, unless for the host's."""
    await db.flush()
    if any(row.relay_id for row in await repository.participants(db, session.id)):
        return
    receipt = await receipts.of_session(db, session.id)
    told = receipt.facts_final if receipt is not None else session.started_at is not None
    if told:
        await outbox.hasten(db, session.id, context.clock.now())


async def _close(db: AsyncSession, context: Context, session: Session, by: Party, reason: str) -> None:
    now = context.clock.now()
    session.ended_at, session.ended_by = now, by
    details.give_reason(context, session, reason)
    db.add(session)
    await repository.close_code(db, session.id, now)
    record(db, context, session, "session.ended", now, state=str(State.ENDED), ended_by=str(by), reason=reason)
    relays.command_end(db, context, session, now)
    connected = any(row.relay_id for row in await repository.participants(db, session.id))
    patience = context.settings.webhook_patience if connected or await _host_goes_on(db, session) else None
    await outbox.announce(db, session, "session.ended", now, patience)


async def _host_goes_on(db: AsyncSession, session: Session) -> bool:
    """Whether the host has begun to tell what was allowed and not said its last word: it may be on its way by itself."""
    receipt = await receipts.of_session(db, session.id)
    return receipt is not None and not receipt.facts_final
