"""What relays report, and what follows from it for a session. Each report counts once, whatever is sent again."""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from api.context import Context
from api.events.service import record
from api.relays import repository
from api.relays.models import Relay
from api.relays.schemas import Report, ReportType
from api.sessions import alarm, ending, life
from api.sessions import repository as sessions
from api.sessions.models import Participant, Session
from api.sessions.modes import Party, Side, WireRole
from api.sessions.states import OVER, TABLE, Happening, State

_PAUSES = {ReportType.PAUSED: Happening.PAUSE, ReportType.RESUMED: Happening.UNPAUSE}


async def take(db: AsyncSession, context: Context, relay: Relay, reports: list[Report]) -> int:
    """Apply reports in order; how many were new and about a session of this relay."""
    accepted = 0
    for report in reports:
        if not await repository.note_report(db, relay.id, report.id, context.clock.now()):
            continue
        session = await sessions.locked(db, report.session_id)
        if session is None or relay.id not in session.relay_ids:
            continue
        await _apply(db, context, relay, session, report)
        accepted += 1
    return accepted


async def relay_lost(db: AsyncSession, context: Context, relay: Relay) -> None:
    """A relay went silent: whoever was connected to it is away."""
    for participant in await sessions.participants_on(db, relay.id):
        session = await sessions.locked(db, participant.session_id)
        if session is not None:
            await _left(db, context, session, participant, relay, context.clock.now())


async def _apply(db: AsyncSession, context: Context, relay: Relay, session: Session, report: Report) -> None:
    now = context.clock.now()
    if report.type is ReportType.ENDED:
        if session.state not in OVER:
            by = report.by or await _host_side(db, session)
            await ending.end(db, context, session, by, report.reason or "ended")
            if by is Party.CUSTOMER and report.reason == alarm.UNKNOWN_CALLER:
                await alarm.unknown_caller(db, context, session)
        return
    participant = await sessions.participant(db, session.id, report.sender or 0)
    if participant is None:
        return
    if report.type is ReportType.JOINED:
        _joined(db, context, session, participant, relay, now)
    elif report.type is ReportType.LEFT:
        await _left(db, context, session, participant, relay, now)
    elif report.type is ReportType.ADMITTED:
        _admitted(db, context, session, participant, now)
    elif report.type in _PAUSES:
        _paused(db, context, session, participant, _PAUSES[report.type], now)
    _count(db, participant, report)
    if session.state in OVER:
        await ending.last_counts_came(db, context, session)


def _joined(
    db: AsyncSession, context: Context, session: Session, participant: Participant, relay: Relay, now: datetime
) -> None:
    if session.state in OVER or participant.removed_at is not None:
        return
    participant.relay_id = relay.id
    participant.joined_at = participant.joined_at or now
    participant.left_at = None
    db.add(participant)
    record(db, context, session, "participant.joined", now, **_who(participant))
    if session.state == State.INTERRUPTED:
        life.step(db, context, session, Happening.RETURN, now)


async def _left(
    db: AsyncSession, context: Context, session: Session, participant: Participant, relay: Relay, now: datetime
) -> None:
    """A late `left` of an earlier relay must not take away who has moved to another."""
    if participant.relay_id != relay.id:
        return
    participant.relay_id, participant.left_at = None, now
    db.add(participant)
    record(db, context, session, "participant.left", now, **_who(participant))
    await db.flush()
    somebody = any(other.relay_id for other in await sessions.participants(db, session.id))
    if not somebody and session.state in {State.ACTIVE, State.PAUSED}:
        life.step(db, context, session, Happening.INTERRUPT, now)


def _admitted(db: AsyncSession, context: Context, session: Session, participant: Participant, now: datetime) -> None:
    """The host let a viewer in. It says so again whenever the viewer comes back, which is no news."""
    if participant.role != WireRole.VIEWER or session.state in OVER or session.state == State.WAITING:
        return
    first = participant.admitted_at is None
    if first:
        participant.admitted_at = now
        db.add(participant)
        record(db, context, session, "participant.admitted", now, **_who(participant))
    if first or session.state != State.ACTIVE:
        life.step(db, context, session, Happening.ADMIT, now)


def _paused(
    db: AsyncSession, context: Context, session: Session, participant: Participant, happening: Happening, now: datetime
) -> None:
    """The host says that its customer paused or went on. Said again, or in a state in which it means nothing, it is no news."""
    if participant.role == WireRole.HOST and (State(session.state), happening) in TABLE:
        life.step(db, context, session, happening, now)


def _count(db: AsyncSession, participant: Participant, report: Report) -> None:
    if report.bytes_in or report.bytes_out or report.seconds:
        participant.bytes_in += report.bytes_in
        participant.bytes_out += report.bytes_out
        participant.seconds += round(report.seconds)
        db.add(participant)


async def _host_side(db: AsyncSession, session: Session) -> Party:
    hosts = [row for row in await sessions.participants(db, session.id) if row.role == WireRole.HOST]
    return Party(hosts[0].side) if hosts else Party(Side.CUSTOMER)


def _who(participant: Participant) -> dict[str, str | int]:
    return {
        "participant_id": participant.id,
        "sender": participant.sender,
        "role": participant.role,
        "side": participant.side,
    }
