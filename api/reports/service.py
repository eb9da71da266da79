"""Pages of the history, as JSON."""

from collections.abc import Sequence
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from api.audit import service as audit
from api.audit.actions import Action
from api.audit.models import AuditEvent
from api.auth.permissions import Caller
from api.context import Context
from api.events.models import Event
from api.events.service import opened
from api.kit.pages import Page
from api.kit.sealing import Sealer
from api.operators import repository as operators
from api.problems import Invalid
from api.reports import opening, repository
from api.reports.schemas import (
    EventRecord,
    FileRecord,
    Helper,
    Outcome,
    ParticipantRecord,
    SessionRecord,
    SignInRecord,
    UsageBy,
    UsageRow,
    UsageSums,
    UsageView,
)
from api.reports.wanted import Place, Wanted, cursor_at
from api.sessions import clients, details
from api.sessions import repository as session_rows
from api.sessions.models import Participant, Session
from api.sessions.modes import Mode, Party, Recording, Side, WireRole
from api.sessions.schemas import DeviceShown
from api.sessions.states import State
from api.webhooks.schemas import BytesMoved

OUTCOMES = {
    Action.SIGN_IN_SUCCEEDED: Outcome.SUCCEEDED,
    Action.SIGN_IN_FAILED: Outcome.FAILED,
    Action.SIGN_IN_LOCKED: Outcome.LOCKED,
    Action.SIGN_IN_REFUSED: Outcome.REFUSED,
    Action.SECOND_STEP_FAILED: Outcome.SECOND_STEP_FAILED,
    Action.SIGN_IN_STEPPED_UP: Outcome.STEPPED_UP,
    Action.SIGN_IN_ENDED: Outcome.ENDED,
}
"""Lines of the administrative log that are about signing in."""


async def sessions(
    db: AsyncSession, context: Context, caller: Caller, wanted: Wanted, after: Place | None, limit: int
) -> Page[SessionRecord]:
    """With everybody who took part: four queries, however many sessions."""
    rows = await repository.sessions(db, caller, wanted, after, limit + 1)
    shown = rows[:limit]
    took_part = await session_rows.participants_of(db, [row.id for row in shown])
    names = await operators.names(db, caller.organization_id, {row.operator_id for row in shown if row.operator_id})
    sealer = context.keyring.organization(caller.organization_id)
    context.keyring.prefetch(caller.organization_id, {bytes.fromhex(row.key_id) for row in shown if row.key_id})
    moved = await _files(db, sealer, shown)
    items = [_session(context, sealer, row, names, took_part.get(row.id, []), moved.get(row.id, [])) for row in shown]
    return Page(items=items, next_cursor=_next(rows, limit, [(row.created_at, row.id) for row in shown]))


async def _files(db: AsyncSession, sealer: Sealer, shown: Sequence[Session]) -> dict[str, list[FileRecord]]:
    having = [row.id for row in shown if row.files]
    return opening.files(sealer, await repository.files_of(db, having)) if having else {}


def _session(
    context: Context,
    sealer: Sealer,
    row: Session,
    names: dict[str, str],
    took_part: Sequence[Participant],
    files: list[FileRecord],
) -> SessionRecord:
    about = details.opened(context, row)
    lasted = (row.ended_at - row.started_at).total_seconds() if row.started_at and row.ended_at else None
    return SessionRecord(
        id=row.id,
        state=State(row.state),
        mode=Mode(row.mode),
        operator=_helper(row.operator_id, names.get(row.operator_id or "")),
        created_by=row.created_by,
        queued=row.queued,
        recording=Recording(row.recording),
        customer=about.customer,
        forgotten=about.forgotten,
        reference=about.reference,
        device=DeviceShown(id=row.device_id, name=row.device_name) if row.device_id and row.device_name else None,
        created_at=row.created_at,
        claimed_at=row.claimed_at,
        started_at=row.started_at,
        ended_at=row.ended_at,
        seconds=None if lasted is None else round(lasted),
        ended_by=Party(row.ended_by) if row.ended_by else None,
        reason=about.reason,
        closing_reason=about.closing_reason,
        bytes=BytesMoved(
            from_host=sum(one.bytes_in for one in took_part if one.role == WireRole.HOST),
            from_viewers=sum(one.bytes_in for one in took_part if one.role == WireRole.VIEWER),
        ),
        participants=[_participant(sealer, one) for one in took_part],
        files=files,
    )


def _participant(sealer: Sealer, row: Participant) -> ParticipantRecord:
    client = clients.opened(sealer, row.id, row.client_sealed)
    return ParticipantRecord(
        id=row.id,
        side=Side(row.side),
        role=WireRole(row.role),
        operator_id=row.operator_id,
        guest=row.mode is not None,
        addresses=client.addresses,
        user_agents=client.user_agents,
        joined_at=row.joined_at,
        left_at=row.left_at,
        seconds=row.seconds,
        bytes_in=row.bytes_in,
        bytes_out=row.bytes_out,
    )


async def events(
    db: AsyncSession, context: Context, caller: Caller, wanted: Wanted, after: Place | None, limit: int
) -> Page[EventRecord]:
    """Of all sessions the caller may see the history of."""
    rows = await repository.events(db, caller, wanted, after, limit + 1)
    sealer = context.keyring.organization(caller.organization_id)
    items = [event(sealer, *row) for row in rows[:limit]]
    return Page(items=items, next_cursor=_next(rows, limit, [(item.time, item.id) for item in items]))


def event(sealer: Sealer, row: Event, session: Session, operator_name: str | None) -> EventRecord:
    """One event."""
    return EventRecord(
        id=row.id,
        time=row.time,
        type=row.type,
        session_id=row.session_id,
        mode=Mode(session.mode),
        operator=_helper(session.operator_id, operator_name),
        reference=details.reference_of(session),
        data=opened(sealer, row),
    )


async def sign_ins(
    db: AsyncSession, context: Context, caller: Caller, wanted: Wanted, after: Place | None, limit: int
) -> Page[SignInRecord]:
    """Of everybody for administrators and auditors, of oneself for operators."""
    rows = await repository.sign_ins(db, caller, wanted, after, limit + 1)
    items = [sign_in(context, *row) for row in rows[:limit]]
    return Page(items=items, next_cursor=_next(rows, limit, [(item.time, item.id) for item in items]))


def sign_in(context: Context, row: AuditEvent, operator_name: str | None) -> SignInRecord:
    """One line."""
    line = audit.view(context, row)
    about = line.data
    methods = about.get("methods") or ([about["method"]] if about.get("method") else [])
    return SignInRecord(
        id=row.id,
        time=row.time,
        outcome=OUTCOMES[Action(row.action)],
        operator=_helper(row.target_id, operator_name or (line.target.name if line.target else None)),
        login=about.get("login"),
        why=about.get("why"),
        methods=methods,
        address=line.address,
        user_agent=line.user_agent,
    )


def _helper(operator_id: str | None, name: str | None) -> Helper | None:
    return None if operator_id is None else Helper(id=operator_id, name=name)


def _next(rows: Sequence[object], limit: int, places: list[tuple[object, str]]) -> str | None:
    """The cursor of the page after this one; the row beyond the limit only tells that there is one."""
    return cursor_at(Place(*places[-1])) if len(rows) > limit else None  # type: ignore[arg-type]


def actions_of(outcomes: Sequence[Outcome] | None) -> list[str]:
    """What the administrative log calls them; all when none are named."""
    return [str(action) for action, outcome in OUTCOMES.items() if not outcomes or outcome in outcomes]


MOST_SUMS = 10_000
"""Lines of a report of usage."""


async def usage(db: AsyncSession, caller: Caller, wanted: Wanted, by: frozenset[UsageBy], utc_offset: str) -> UsageView:
    """Sums by what was asked for; Invalid when there are too many of them."""
    sign = -1 if utc_offset.startswith("-") else 1
    minutes = sign * (int(utc_offset[1:3]) * 60 + int(utc_offset[4:6]))
    rows = await repository.usage(db, caller, wanted, by, minutes, MOST_SUMS + 1)
    if len(rows) > MOST_SUMS:
        raise Invalid.at(
            "#query/from", f"This would be more than {MOST_SUMS} sums: ask for a shorter time, or by less."
        )
    asked = [one for one in UsageBy if one in by]
    keys = [dict(zip(asked, row, strict=False)) for row in rows]
    helpers = {key[UsageBy.OPERATOR] for key in keys if key.get(UsageBy.OPERATOR)}
    names = await operators.names(db, caller.organization_id, helpers) if helpers else {}
    items = []
    for key, row in zip(keys, rows, strict=True):
        operator_id = key.get(UsageBy.OPERATOR)
        items.append(
            UsageRow(
                day=key.get(UsageBy.DAY),
                operator=_helper(operator_id, names.get(operator_id or "")),
                mode=key.get(UsageBy.MODE),
                **_sums(row[len(asked) :]),
            )
        )
    columns = zip(*(row[len(asked) :] for row in rows), strict=True)
    return UsageView(rows=items, total=UsageSums(**_sums([sum(column) for column in columns] or [0] * 5)))


def _sums(row: Sequence[Any]) -> dict[str, int]:
    sessions, started, seconds, from_host, from_viewers = (int(value) for value in row)
    return {
        "sessions": sessions,
        "started": started,
        "seconds": seconds,
        "minutes": -(-seconds // 60),
        "bytes_from_host": from_host,
        "bytes_from_viewers": from_viewers,
    }
