"""SQL of the history. Every statement reads one page or chunk by key, newest first, along an index: nothing is held open
between two of them, so that a reader who takes hours delays no purge, no vacuum and no checkpoint."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, String, case, cast, literal, literal_column, tuple_
from sqlalchemy.orm import aliased
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from api.audit.models import AuditEvent
from api.auth.permissions import Caller
from api.events.models import Event
from api.kit.columns import UtcDateTime
from api.operators.models import Operator
from api.reports import cells
from api.reports.schemas import UsageBy
from api.reports.wanted import Place, Wanted
from api.sessions.files import MOVED
from api.sessions.models import Participant, Session
from api.sessions.modes import FIRST_VIEWER_SENDER, HOST_SENDER, Mode

Rows = Sequence[tuple[Any, ...]]

HOST, CUSTOMER, OPERATOR = aliased(Participant), aliased(Participant), aliased(Participant)
"""The three places of a session that its line in a report has columns for."""


def of_sessions(caller: Caller, wanted: Wanted) -> list[ColumnElement[bool]]:
    """Which sessions: an operator's are their own, whatever they ask for."""
    equal = {
        Session.organization_id: caller.organization_id,
        Session.operator_id: wanted.operator_id,
        Session.mode: wanted.mode,
        Session.reference_system: wanted.reference_system,
        Session.reference_id: wanted.reference_id,
        Session.customer_id: wanted.customer_id,
        Session.device_id: wanted.device_id,
        Session.ended_by: wanted.ended_by,
        Session.reason: wanted.reason,
    }
    found = [col(column) == value for column, value in equal.items() if value is not None]
    if wanted.states:
        found.append(col(Session.state).in_(wanted.states))
    if not caller.sees_all:
        found.append(col(Session.operator_id) == caller.operator_id)
    return found


def between(time: Any, wanted: Wanted) -> list[ColumnElement[bool]]:
    """From a time on, and before another."""
    found = []
    if wanted.since is not None:
        found.append(col(time) >= wanted.since)
    if wanted.until is not None:
        found.append(col(time) < wanted.until)
    return found


async def sessions(db: AsyncSession, caller: Caller, wanted: Wanted, after: Place | None, limit: int) -> list[Session]:
    """Whole rows, newest first."""
    rows = select(Session).where(*of_sessions(caller, wanted), *between(Session.created_at, wanted))
    return list((await db.exec(_newest_first(rows, Session.created_at, Session.id, after, limit))).all())


async def session_lines(db: AsyncSession, caller: Caller, wanted: Wanted, after: Place | None, limit: int) -> Rows:
    """Time (as text), id, line, key id; customer, closing reason, reason and the clients of two participants, sealed; files,
    ids of the two.

    The line has the cells that need no opening, made by the database; the rest is opened by who asks.
    """
    dialect = db.get_bind().dialect.name
    plain = cells.line(_session_cells(dialect), dialect)
    rows: Any = select(  # type: ignore[call-overload,misc] # more columns than SQLModel has types for
        cast(Session.created_at, String), Session.id, plain, Session.key_id, Session.customer_sealed,
        Session.closing_reason_sealed, Session.reason_sealed, CUSTOMER.client_sealed, OPERATOR.client_sealed,
        Session.files, CUSTOMER.id, OPERATOR.id,
    )  # fmt: skip
    rows = (
        rows.outerjoin(Operator, col(Operator.id) == col(Session.operator_id))
        .outerjoin(HOST, (HOST.session_id == Session.id) & (HOST.sender == HOST_SENDER))
        .outerjoin(CUSTOMER, (CUSTOMER.session_id == Session.id) & (CUSTOMER.sender == _customers_place()))
        .outerjoin(
            OPERATOR,
            (col(OPERATOR.session_id) == col(Session.id))
            & (col(OPERATOR.operator_id) == col(Session.operator_id))
            & col(OPERATOR.removed_at).is_(None),
        )
        .where(*of_sessions(caller, wanted), *between(Session.created_at, wanted))
    )
    return list((await db.exec(_newest_first(rows, Session.created_at, Session.id, after, limit))).all())


SESSION_CELLS = (
    "id", "state", "mode", "operator_id", "operator_name", "created_by", "queued", "recording", "reference_system",
    "reference_id", "device_id", "device_name", "created_at", "claimed_at", "started_at", "ended_at", "seconds", "ended_by",
    "reason", "bytes_from_host", "bytes_from_viewers", "participants", "customer_joined_at", "customer_left_at",
    "customer_seconds", "operator_joined_at", "operator_left_at", "operator_seconds",
)  # fmt: skip
"""Names of what `_session_cells` writes. Once used a name never changes, and new ones come at the end of the line."""


def _session_cells(dialect: str) -> list[Any]:
    def time(column: Any) -> Any:
        return cells.time(column, dialect)

    all_of = select(func.count()).where(Participant.session_id == Session.id)
    lasted = seconds_between(Session.started_at, Session.ended_at, dialect)
    return [
        Session.id, Session.state, Session.mode, Session.operator_id, cells.free(Operator.name), Session.created_by,
        case((col(Session.queued), "true"), else_="false"), Session.recording,
        cells.free(Session.reference_system), cells.free(Session.reference_id),
        Session.device_id, cells.free(Session.device_name),
        time(Session.created_at), time(Session.claimed_at), time(Session.started_at), time(Session.ended_at), lasted,
        Session.ended_by, cells.free(Session.reason),
        func.coalesce(HOST.bytes_in, 0), func.coalesce(_from_viewers(), 0), all_of.scalar_subquery(),
        time(CUSTOMER.joined_at), time(CUSTOMER.left_at), CUSTOMER.seconds,
        time(OPERATOR.joined_at), time(OPERATOR.left_at), OPERATOR.seconds,
    ]  # fmt: skip


def seconds_between(begin: Any, end: Any, dialect: str) -> Any:
    """Whole seconds; NULL while one of the two is missing."""
    if dialect == "sqlite":
        return func.strftime("%s", end) - func.strftime("%s", begin)
    return func.floor(func.extract("epoch", end)) - func.floor(func.extract("epoch", begin))


def _from_viewers() -> Any:
    mine = select(func.sum(Participant.bytes_in)).where(Participant.session_id == Session.id)
    return mine.where(col(Participant.sender) > HOST_SENDER).scalar_subquery()


def _customers_place() -> Any:
    """The customer is the host, unless it is the operator's screen that is shown."""
    shows = [mode for mode in Mode if mode.shows_operator]
    return case((col(Session.mode).in_(shows), FIRST_VIEWER_SENDER), else_=HOST_SENDER)


async def files_of(db: AsyncSession, session_ids: Sequence[str]) -> Sequence[Event]:
    """What was moved in sessions that are known to have moved something, oldest first."""
    rows = select(Event).where(col(Event.session_id).in_(session_ids), Event.type == MOVED)
    return (await db.exec(rows.order_by(col(Event.id)))).all()


async def events(
    db: AsyncSession, caller: Caller, wanted: Wanted, after: Place | None, limit: int
) -> Sequence[tuple[Event, Session, str | None]]:
    """Events with their sessions and who helps there, newest first."""
    rows = (
        select(Event, Session, Operator.name)
        .join(Session, col(Session.id) == col(Event.session_id))
        .outerjoin(Operator, col(Operator.id) == col(Session.operator_id))
        .where(
            Event.organization_id == caller.organization_id, *of_sessions(caller, wanted), *between(Event.time, wanted)
        )
    )
    if wanted.session_id is not None:
        rows = rows.where(Event.session_id == wanted.session_id)
    if wanted.type is not None:
        rows = rows.where(Event.type == wanted.type)
    return list((await db.exec(_newest_first(rows, Event.time, Event.id, after, limit))).all())


async def sign_ins(
    db: AsyncSession, caller: Caller, wanted: Wanted, after: Place | None, limit: int
) -> Sequence[tuple[AuditEvent, str | None]]:
    """Lines of the administrative log about signing in, with the name of whom they are about, newest first."""
    rows = (
        select(AuditEvent, Operator.name)
        .outerjoin(Operator, col(Operator.id) == col(AuditEvent.target_id))
        .where(
            AuditEvent.organization_id == caller.organization_id,
            col(AuditEvent.action).in_(wanted.actions),
            *between(AuditEvent.time, wanted),
        )
    )
    whom = wanted.operator_id
    for operator_id in {whom, *([] if caller.sees_all else [caller.operator_id])} - {None}:
        rows = rows.where(AuditEvent.target_id == operator_id)
    if wanted.address is not None:
        rows = rows.where(AuditEvent.address_lookup == wanted.address)
    return list((await db.exec(_newest_first(rows, AuditEvent.time, AuditEvent.id, after, limit))).all())


def _newest_first(rows: Any, time: Any, key: Any, after: Place | None, limit: int) -> Any:
    if after is not None:
        rows = rows.where(tuple_(time, key) < tuple_(literal(after.time, UtcDateTime), literal(after.id)))
    return rows.order_by(col(time).desc(), col(key).desc()).limit(limit)


async def usage(
    db: AsyncSession, caller: Caller, wanted: Wanted, by: frozenset[UsageBy], offset_minutes: int, limit: int
) -> Rows:
    """Sums by what was asked for (day, operator, mode; NULL where it was not), then the sums in the order of UsageSums."""
    dialect = db.get_bind().dialect.name
    groups = {
        UsageBy.DAY: _day(dialect, offset_minutes),
        UsageBy.OPERATOR: col(Session.operator_id),
        UsageBy.MODE: col(Session.mode),
    }
    used = select(*(groups[one].label(one) for one in UsageBy if one in by), *_sums(dialect))
    used = used.where(*of_sessions(caller, wanted), *between(Session.created_at, wanted))
    keys = [groups[one] for one in UsageBy if one in by]
    if keys:
        used = used.group_by(*(literal_column(str(number + 1)) for number in range(len(keys))))
        used = used.order_by(*(literal_column(str(number + 1)) for number in range(len(keys))))
    return list((await db.exec(used.limit(limit))).all())


def _day(dialect: str, offset_minutes: int) -> Any:
    """The day as YYYY-MM-DD, where the clock is so many minutes ahead of UTC."""
    if dialect == "sqlite":
        return func.date(Session.created_at, f"{offset_minutes} minutes", type_=String)
    moved = func.timezone("UTC", Session.created_at) + func.make_interval(0, 0, 0, 0, 0, offset_minutes)
    return func.to_char(moved, "YYYY-MM-DD")


def _sums(dialect: str) -> list[Any]:
    def moved(role: Any) -> Any:
        """Of all participants in one place; a session's own sum comes first, so that it counts once."""
        return func.coalesce(func.sum(func.coalesce(role, 0)), 0)

    of_host = select(func.sum(Participant.bytes_in)).where(
        Participant.session_id == Session.id, col(Participant.sender) == HOST_SENDER
    )
    return [
        func.count(),
        func.count(col(Session.started_at)),
        func.coalesce(func.sum(seconds_between(Session.started_at, Session.ended_at, dialect)), 0),
        moved(of_host.scalar_subquery()),
        moved(_from_viewers()),
    ]
