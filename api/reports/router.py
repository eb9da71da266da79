"""Routes of the history."""

from dataclasses import replace
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Header, Query, Response
from pydantic import AwareDatetime

from api.audit.service import ADDRESS
from api.auth.caller import ReportsReader
from api.context import Ctx, Db
from api.customers import service as customers
from api.examples import Answers, answers
from api.kit.pages import Cursor, Limit, Page
from api.problems import BadCursor, Unavailable
from api.reports import lines, samples, service
from api.reports.cells import BOM
from api.reports.schemas import EventRecord, Outcome, SessionRecord, SignInRecord, UsageBy, UsageView
from api.reports.stream import MEDIA_TYPE, CsvStream, stream
from api.reports.wanted import Wanted, place_of
from api.sessions.modes import Mode, Party
from api.sessions.states import State

router = APIRouter(prefix="/v1/reports", tags=["reports"])

Since = Annotated[AwareDatetime | None, Query(alias="from", description="Not before this time.")]
Until = Annotated[AwareDatetime | None, Query(alias="to", description="Before this time.")]
OperatorId = Annotated[str | None, Query(max_length=60, description="Only of this operator.")]


async def _of_sessions(
    caller: ReportsReader,
    context: Ctx,
    db: Db,
    since: Since = None,
    until: Until = None,
    operator_id: OperatorId = None,
    state: Annotated[list[State] | None, Query(description="Only in these states; may be given several times.")] = None,
    mode: Annotated[Mode | None, Query(description="Only in this mode.")] = None,
    reference_system: Annotated[
        str | None, Query(max_length=40, description="Only with this `reference.system`.")
    ] = None,
    reference_id: Annotated[str | None, Query(max_length=100, description="Only with this `reference.id`.")] = None,
    customer_email: Annotated[
        str | None, Query(max_length=254, description="Only of the customer with this address, whole.")
    ] = None,
    device_id: Annotated[str | None, Query(max_length=60, description="Only with this enrolled device.")] = None,
    ended_by: Annotated[Party | None, Query(description="Only those that this party ended.")] = None,
    reason: Annotated[
        str | None, Query(max_length=200, description="Only those that ended for this reason.", examples=["solved"])
    ] = None,
) -> Wanted:
    customer = await customers.id_of(db, context, caller.organization_id, customer_email) if customer_email else None
    return Wanted(
        since=since,
        until=until,
        operator_id=operator_id,
        states=state or (),
        mode=mode,
        reference_system=reference_system,
        reference_id=reference_id,
        customer_id=customer,
        device_id=device_id,
        ended_by=ended_by,
        reason=reason,
    )


OfSessions = Annotated[Wanted, Depends(_of_sessions)]


class Form:
    """How the answer is wanted."""

    def __init__(
        self,
        as_: Annotated[
            Literal["json", "csv"] | None,
            Query(alias="format", description="csv for all rows at once; also by `Accept`."),
        ] = None,
        bom: Annotated[
            bool, Query(description="Begin the CSV with a byte order mark, by which Excel knows that it is UTF-8.")
        ] = False,
        accept: Annotated[str | None, Header(include_in_schema=False)] = None,
    ) -> None:
        self.csv = as_ == "csv" or (as_ is None and MEDIA_TYPE in (accept or "").lower())
        self.bom = bom


Wants = Annotated[Form, Depends()]


def _also_csv(example: str) -> Answers:
    """The answers of a report: a page, or a stream."""
    schema = {"type": "string", "description": "The same as one stream of CSV."}
    content: dict[str, Any] = {MEDIA_TYPE: {"schema": schema, "example": example}}
    return {200: {"content": content}, **answers(BadCursor, Unavailable)}


@router.get(
    "/sessions",
    operation_id="report_sessions",
    summary="The history of sessions",
    response_model=Page[SessionRecord],
    responses=_also_csv(samples.SESSIONS_CSV),
)
async def report_sessions(
    caller: ReportsReader,
    context: Ctx,
    db: Db,
    wanted: OfSessions,
    form: Wants,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[SessionRecord] | CsvStream:
    """Who helped whom, from where, with what, when, for how long, how many bytes went which way, which files, who ended it and
    why. Newest first; `from` and `to` look at when a session was made.

    Administrators and auditors read those of the organisation, operators their own. As CSV all rows come as one stream, in
    which a cell never begins like a formula. Of a forgotten customer nothing is left but empty cells.
    """
    if form.csv:
        return stream(context, caller, lines.SESSIONS, wanted, bom=form.bom)
    return await service.sessions(db, context, caller, wanted, place_of(cursor), limit)


@router.get(
    "/events",
    operation_id="report_events",
    summary="The history of events",
    response_model=Page[EventRecord],
    responses=_also_csv(samples.EVENTS_CSV),
)
async def report_events(
    caller: ReportsReader,
    context: Ctx,
    db: Db,
    wanted: OfSessions,
    form: Wants,
    session_id: Annotated[str | None, Query(max_length=60, description="Only of this session.")] = None,
    event: Annotated[str | None, Query(max_length=80, description="Only of this type.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[EventRecord] | CsvStream:
    """Everything that happened in sessions, newest first: `from` and `to` look at when it happened, the other filters at the
    session in which it did. Who may read which is as for sessions."""
    mine = replace(wanted, session_id=session_id, type=event)
    if form.csv:
        return stream(context, caller, lines.EVENTS, mine, bom=form.bom)
    return await service.events(db, context, caller, mine, place_of(cursor), limit)


@router.get(
    "/sign-ins",
    operation_id="report_sign_ins",
    summary="The history of sign-ins",
    response_model=Page[SignInRecord],
    responses=_also_csv(samples.SIGN_INS_CSV),
)
async def report_sign_ins(
    caller: ReportsReader,
    context: Ctx,
    db: Db,
    form: Wants,
    since: Since = None,
    until: Until = None,
    operator_id: OperatorId = None,
    outcome: Annotated[
        list[Outcome] | None, Query(description="Only with these outcomes; may be given several times.")
    ] = None,
    address: Annotated[str | None, Query(max_length=50, description="Only from this address, exactly.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[SignInRecord] | CsvStream:
    """Who signed in from where and with what, and who failed: newest first. Operators read their own.

    These are lines of the administrative log, and as provable as that.
    """
    sealer = context.keyring.organization(caller.organization_id)
    wanted = Wanted(
        since=since,
        until=until,
        operator_id=operator_id,
        actions=service.actions_of(outcome),
        address=None if address is None else sealer.lookup(ADDRESS, address),
    )
    if form.csv:
        return stream(context, caller, lines.SIGN_INS, wanted, bom=form.bom)
    return await service.sign_ins(db, context, caller, wanted, place_of(cursor), limit)


@router.get(
    "/usage",
    operation_id="report_usage",
    summary="Sums of what was used",
    response_model=UsageView,
    responses={200: _also_csv(samples.USAGE_CSV)[200]},
)
async def report_usage(
    caller: ReportsReader,
    db: Db,
    wanted: OfSessions,
    form: Wants,
    by: Annotated[list[UsageBy] | None, Query(description="What to add up by; several for each combination.")] = None,
    utc_offset: Annotated[
        str,
        Query(pattern=r"^[+-](0\d|1[0-4]):[0-5]\d$", description="Where days begin: hours and minutes ahead of UTC."),
    ] = "+00:00",
) -> UsageView | Response:
    """Sessions, minutes and bytes, by day, operator and mode: what a bill is made from. `from` and `to` look at when a session
    was made. Operators read sums of their own sessions."""
    found = await service.usage(db, caller, wanted, frozenset(by or ()), utc_offset)
    if not form.csv:
        return found
    text = (BOM if form.bom else "") + lines.header_of(lines.USAGE) + lines.usage(found)
    headers = {"Content-Disposition": 'attachment; filename="usage.csv"'}
    return Response(text, media_type=f"{MEDIA_TYPE}; charset=utf-8; header=present", headers=headers)
