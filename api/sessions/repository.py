"""SQL of sessions, their codes and participants."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement
from sqlmodel import col, delete, func, select, update
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from api.auth.permissions import Caller
from api.handover.models import SessionGuest
from api.kit.insert import insert_new
from api.kit.search import contains
from api.sessions.models import Participant, Session, SessionCode
from api.sessions.modes import Mode
from api.sessions.states import RUNNING, State


def of_organization(caller: Caller) -> SelectOfScalar[Session]:
    """All sessions of the caller's organisation; what narrows it follows."""
    return select(Session).where(Session.organization_id == caller.organization_id)


def readable(caller: Caller) -> SelectOfScalar[Session]:
    """The sessions a caller may see: one's own and those one was asked to join, or all of the organisation."""
    rows = of_organization(caller)
    if caller.sees_all:
        return rows
    return rows.where((col(Session.operator_id) == caller.operator_id) | col(Session.id).in_(guest_of(caller)))


def guest_of(caller: Caller) -> SelectOfScalar[str]:
    """Ids of the sessions that the caller was asked to join and not sent out of."""
    mine = select(SessionGuest.session_id).where(SessionGuest.operator_id == caller.operator_id)
    return mine.where(col(SessionGuest.removed_at).is_(None))


def live() -> ColumnElement[bool]:
    """Not over. Said by the column that the indexes of live sessions name."""
    return col(Session.ended_at).is_(None)


async def for_caller(db: AsyncSession, caller: Caller, session_id: str, *, lock: bool = False) -> Session | None:
    """A session the caller may see, locked against other writers if asked for."""
    rows = readable(caller).where(Session.id == session_id)
    return (await db.exec(rows.with_for_update() if lock else rows)).first()


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a list of sessions is narrowed by; None and empty where it is not."""

    states: Sequence[State] = ()
    mode: Mode | None = None
    operator_id: str | None = None
    reference_system: str | None = None
    reference_id: str | None = None
    customer_id: str | None = None
    created_from: datetime | None = None
    created_to: datetime | None = None
    text: str | None = None
    """In the reference."""
    noted: Sequence[str] = ()
    """Or one of these: sessions with a note that has it."""
    queued: bool | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """As SQL."""
        equal = {
            Session.mode: self.mode,
            Session.operator_id: self.operator_id,
            Session.reference_system: self.reference_system,
            Session.reference_id: self.reference_id,
            Session.customer_id: self.customer_id,
            Session.queued: self.queued,
        }
        found = [col(column) == value for column, value in equal.items() if value is not None]
        if self.states:
            found.append(col(Session.state).in_(self.states))
        if self.created_from is not None:
            found.append(col(Session.created_at) >= self.created_from)
        if self.created_to is not None:
            found.append(col(Session.created_at) < self.created_to)
        if self.text is not None:
            found.append(contains(Session.reference_id, self.text) | col(Session.id).in_(self.noted))
        return found


async def page(db: AsyncSession, caller: Caller, wanted: Wanted, after: str | None, limit: int) -> Sequence[Session]:
    """Newest first; one more than `limit` when there are more.

    An operator's own sessions and those they are a guest in are two walks along two indexes, not one along neither.
    """
    rows = of_organization(caller).where(*wanted.conditions())
    if after is not None:
        rows = rows.where(col(Session.id) < after)
    rows = rows.order_by(col(Session.id).desc()).limit(limit + 1)
    if caller.sees_all:
        return (await db.exec(rows)).all()
    own = (await db.exec(rows.where(Session.operator_id == caller.operator_id))).all()
    visited = (await db.exec(rows.where(col(Session.id).in_(guest_of(caller))))).all()
    both = {session.id: session for session in (*own, *visited)}
    return sorted(both.values(), key=lambda session: session.id, reverse=True)[: limit + 1]


async def locked(db: AsyncSession, session_id: str) -> Session | None:
    """A session by id for the system itself (relays, tickets, limits), locked."""
    return (await db.exec(select(Session).where(Session.id == session_id).with_for_update())).first()


async def unlocked(db: AsyncSession, session_id: str) -> Session | None:
    """Likewise, only to look at."""
    return await db.get(Session, session_id)


async def live_of_operator(db: AsyncSession, operator_id: str) -> Sequence[Session]:
    """The operator's sessions that are not over, locked: always in one order, so that two changes never wait for each other."""
    rows = select(Session).where(Session.operator_id == operator_id, live()).order_by(col(Session.id))
    return (await db.exec(rows.with_for_update())).all()


async def live_of_operators(db: AsyncSession, operator_ids: Sequence[str]) -> Sequence[Session]:
    """The same of several operators."""
    rows = select(Session).where(col(Session.operator_id).in_(operator_ids), live()).order_by(col(Session.id))
    return (await db.exec(rows.with_for_update())).all()


async def live_of_organization(db: AsyncSession, organization_id: str) -> Sequence[Session]:
    """The organisation's sessions that are not over, locked, in the same order."""
    rows = select(Session).where(Session.organization_id == organization_id, live()).order_by(col(Session.id))
    return (await db.exec(rows.with_for_update())).all()


async def add_code(db: AsyncSession, row: SessionCode) -> bool:
    """Store a code; False when it is taken."""
    return await insert_new(db, row)


async def code_of(db: AsyncSession, session_id: str) -> SessionCode | None:
    """The code of a session."""
    return (await db.exec(select(SessionCode).where(SessionCode.session_id == session_id))).first()


async def codes_of(db: AsyncSession, session_ids: Sequence[str]) -> dict[str, SessionCode]:
    """The codes of several sessions, by session."""
    rows = await db.exec(select(SessionCode).where(col(SessionCode.session_id).in_(session_ids)))
    return {row.session_id: row for row in rows.all()}


async def waiting_by_code(db: AsyncSession, lookup: str, now: datetime, *, lock: bool = False) -> Session | None:
    """The session that a live code leads to. Whoever is to change it locks the session, and always before its code."""
    joined = select(Session).join(SessionCode, col(SessionCode.session_id) == col(Session.id))
    usable = joined.where(SessionCode.lookup == lookup, _usable(now), Session.state == State.WAITING)
    return (await db.exec(usable.with_for_update(of=Session) if lock else usable)).first()


async def claim_code(db: AsyncSession, lookup: str, now: datetime) -> bool:
    """Use a live code up, if it is one still. Of two that try at once one gets it."""
    usable = update(SessionCode).where(col(SessionCode.lookup) == lookup, _usable(now))
    used = await db.exec(usable.values(claimed_at=now, sealed=None))
    return used.rowcount == 1


def _usable(now: datetime) -> ColumnElement[bool]:
    """Neither used, nor expired, nor before its time."""
    begun = col(SessionCode.starts_at).is_(None) | (col(SessionCode.starts_at) <= now)
    return col(SessionCode.claimed_at).is_(None) & (col(SessionCode.expires_at) > now) & begun


async def close_code(db: AsyncSession, session_id: str, now: datetime) -> None:
    """No more use of a session's code, and its sealed digits are wiped."""
    mine = update(SessionCode).where(col(SessionCode.session_id) == session_id)
    await db.exec(mine.values(claimed_at=func.coalesce(SessionCode.claimed_at, now), sealed=None))


async def purge_codes(db: AsyncSession, before: datetime) -> None:
    """Free codes that ended long ago."""
    await db.exec(delete(SessionCode).where(col(SessionCode.expires_at) < before))


async def participants(db: AsyncSession, session_id: str) -> Sequence[Participant]:
    """All participants of a session, by sender id."""
    rows = select(Participant).where(Participant.session_id == session_id).order_by(col(Participant.sender))
    return (await db.exec(rows)).all()


async def participants_of(db: AsyncSession, session_ids: Sequence[str]) -> dict[str, list[Participant]]:
    """Participants of several sessions, by session."""
    rows = select(Participant).where(col(Participant.session_id).in_(session_ids)).order_by(col(Participant.sender))
    found: dict[str, list[Participant]] = {}
    for row in (await db.exec(rows)).all():
        found.setdefault(row.session_id, []).append(row)
    return found


async def participant(db: AsyncSession, session_id: str, sender: int) -> Participant | None:
    """The participant with a sender id."""
    rows = select(Participant).where(Participant.session_id == session_id, Participant.sender == sender)
    return (await db.exec(rows)).first()


async def participant_by_id(db: AsyncSession, participant_id: str) -> Participant | None:
    """A participant by id."""
    return await db.get(Participant, participant_id)


async def participants_on(db: AsyncSession, relay_id: str) -> Sequence[Participant]:
    """Who is connected to a relay, as far as it said."""
    return (await db.exec(select(Participant).where(Participant.relay_id == relay_id))).all()


async def expired(db: AsyncSession, now: datetime, limit: int) -> Sequence[Session]:
    """Waiting sessions whose code has run out."""
    rows = select(Session).where(Session.state == State.WAITING, Session.code_expires_at <= now)
    return (await db.exec(rows.limit(limit).with_for_update(skip_locked=True))).all()


async def over_limit(db: AsyncSession, now: datetime, limit: int) -> Sequence[Session]:
    """Sessions whose time is over."""
    rows = select(Session).where(col(Session.ends_at) <= now, live())
    return (await db.exec(rows.limit(limit).with_for_update(skip_locked=True))).all()


async def lost(db: AsyncSession, before: datetime, limit: int) -> Sequence[Session]:
    """Sessions to which nobody came back: interrupted, or claimed and left by everybody before anything began."""
    somebody = select(Participant.id).where(
        col(Participant.session_id) == col(Session.id),
        (col(Participant.relay_id).is_not(None)) | (col(Participant.left_at) > before),
    )
    rows = select(Session).where(
        ((col(Session.state) == State.INTERRUPTED) & (col(Session.interrupted_at) <= before))
        | ((col(Session.state) == State.CLAIMED) & (col(Session.claimed_at) <= before) & ~somebody.exists())
    )
    return (await db.exec(rows.limit(limit).with_for_update(skip_locked=True))).all()


async def ended_since(db: AsyncSession, since: datetime) -> Sequence[Session]:
    """Sessions that ended lately, for a relay that registers anew."""
    return (await db.exec(select(Session).where(col(Session.ended_at) > since))).all()


async def removed_since(db: AsyncSession, since: datetime) -> Sequence[tuple[Participant, Sequence[str]]]:
    """Who was sent out of a session lately, with the session's relays, for a relay that registers anew."""
    rows = select(Participant, Session.relay_ids).join(Session, col(Session.id) == col(Participant.session_id))
    return (await db.exec(rows.where(col(Participant.removed_at) > since))).all()


async def running_ids(db: AsyncSession) -> Sequence[str]:
    """Ids of the sessions that are active or paused."""
    return (await db.exec(select(Session.id).where(col(Session.state).in_(RUNNING)))).all()
