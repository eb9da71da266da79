"""Routes of sessions."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse
from pydantic import AwareDatetime

from api.auth.caller import SessionsReader, SessionsWriter
from api.context import Ctx, Db
from api.customers import service as customers
from api.events import repository as events
from api.events import service as event_rules
from api.events.service import topic
from api.examples import answers
from api.idempotency.service import Idempotent
from api.kit.pages import MAX_PAGE, Cursor, Limit, Page, after_cursor, page_of
from api.kit.search import SearchText
from api.notes import service as notes
from api.polling import poll
from api.problems import (
    BadCursor,
    ConnectionNotAllowed,
    Forbidden,
    ModeNotAllowed,
    NoRelay,
    NotFound,
    OriginNotAllowed,
    PolicyRefused,
    SessionEnded,
    Unavailable,
)
from api.sessions import repository, service, views
from api.sessions.modes import Mode
from api.sessions.schemas import (
    Admission,
    EndRequest,
    EventView,
    ParticipantView,
    SessionCreate,
    SessionPatch,
    SessionView,
)
from api.sessions.states import State

MAX_WAIT_SECONDS = 25

router = APIRouter(prefix="/v1/sessions", tags=["sessions"])


@router.post(
    "",
    operation_id="create_session",
    summary="Create a session",
    status_code=201,
    response_model=SessionView,
    responses=answers(ModeNotAllowed, PolicyRefused, Forbidden, Unavailable),
)
async def create_session(
    caller: SessionsWriter, body: SessionCreate, context: Ctx, db: Db, remembered: Idempotent
) -> JSONResponse:
    """A session waiting for its customer, with the code to read out and the link to send.

    With `starts_at` the code works from then on, and before is answered like an unknown one. With `queue` the customer
    waits until an operator picks the session up (`GET /v1/queue`).
    Allowed modes and the longest session follow from the policy of the organisation and the operator; the narrowest holds.
    """

    async def make() -> SessionView:
        return views.new(context, await service.make(db, context, caller, body))

    return await remembered.once(db, caller.id, 201, make)


@router.get("", operation_id="list_sessions", summary="List sessions", responses=answers(BadCursor))
async def list_sessions(
    caller: SessionsReader,
    context: Ctx,
    db: Db,
    limit: Limit = 50,
    cursor: Cursor = None,
    state: Annotated[list[State] | None, Query(description="Only in these states; may be given several times.")] = None,
    mode: Annotated[Mode | None, Query(description="Only in this mode.")] = None,
    operator_id: Annotated[str | None, Query(max_length=60, description="Only of this operator.")] = None,
    reference_system: Annotated[
        str | None, Query(max_length=40, description="Only with this `reference.system`.")
    ] = None,
    reference_id: Annotated[str | None, Query(max_length=100, description="Only with this `reference.id`.")] = None,
    customer_email: Annotated[
        str | None, Query(max_length=254, description="Only of the customer with this address, whole.")
    ] = None,
    created_from: Annotated[AwareDatetime | None, Query(description="Made at this time or later.")] = None,
    created_to: Annotated[AwareDatetime | None, Query(description="Made before this time.")] = None,
    q: SearchText = None,
    queue: Annotated[bool | None, Query(description="Only those made for whoever is free, or only the others.")] = None,
) -> Page[SessionView]:
    """Newest first. Operators see their own sessions and those they are a guest in, administrators those of the organisation.

    `q` looks in references and notes. A customer is found by the whole e-mail address, of which only a keyed hash is kept.
    """
    wanted = repository.Wanted(
        states=state or (),
        mode=mode,
        operator_id=operator_id,
        reference_system=reference_system,
        reference_id=reference_id,
        customer_id=await customers.id_of(db, context, caller.organization_id, customer_email)
        if customer_email
        else None,
        created_from=created_from,
        created_to=created_to,
        text=q,
        noted=await notes.sessions_with(db, context, caller.organization_id, q) if q else (),
        queued=queue,
    )
    rows = await repository.page(db, caller, wanted, after_cursor(cursor), limit)
    shown = await views.many(db, context, caller, rows)
    return page_of(shown, [row.id for row in shown], limit)


@router.get("/{session_id}", operation_id="get_session", summary="See a session", responses=answers(NotFound))
async def get_session(caller: SessionsReader, session_id: str, context: Ctx, db: Db) -> SessionView:
    """State, times, participants, how it ended. `code` only while it can be used."""
    return await views.one(db, context, caller, await service.get(db, caller, session_id))


@router.get(
    "/{session_id}/events",
    operation_id="list_session_events",
    summary="Follow a session",
    responses=answers(NotFound, BadCursor),
)
async def list_events(
    caller: SessionsReader,
    session_id: str,
    context: Ctx,
    after: Annotated[str | None, Query(max_length=60, description="Id of the last event you have.")] = None,
    wait: Annotated[int, Query(ge=0, le=MAX_WAIT_SECONDS, description="Seconds to wait for an event.")] = 0,
    limit: Limit = MAX_PAGE,
    cursor: Cursor = None,
) -> Page[EventView]:
    """What happened, oldest first. With `wait` it is a long poll: answers as soon as something happens.

    To follow a session, ask again with `after` set to the last id; to read on in a long list, pass `next_cursor` as `cursor`.
    """
    last = after_cursor(cursor) or after
    async with context.database.read() as db:
        await service.get(db, caller, session_id)

    async def read() -> list[EventView]:
        async with context.database.read() as db:
            return [event_rules.view(context, row) for row in await events.after(db, session_id, last, limit)]

    found = await poll(context, topic(session_id), wait, read)
    return page_of(found, [event.id for event in found], limit)


@router.get(
    "/{session_id}/participants",
    operation_id="list_session_participants",
    summary="See who is in a session",
    responses=answers(NotFound),
)
async def list_participants(caller: SessionsReader, session_id: str, db: Db) -> Page[ParticipantView]:
    """The host and the viewers, and whether they are connected."""
    session = await service.get(db, caller, session_id)
    return Page(
        items=[views.participant(row, session) for row in await repository.participants(db, session.id)],
        next_cursor=None,
    )


@router.post(
    "/{session_id}/ticket",
    operation_id="create_session_ticket",
    summary="Get in as the operator or a guest",
    status_code=201,
    response_model=Admission,
    responses=answers(
        NotFound,
        SessionEnded,
        OriginNotAllowed,
        ModeNotAllowed,
        PolicyRefused,
        Forbidden,
        NoRelay,
        ConnectionNotAllowed,
    ),
)
async def create_ticket(
    caller: SessionsWriter, session_id: str, request: Request, context: Ctx, db: Db, remembered: Idempotent
) -> JSONResponse:
    """Statement, tickets and relays for the operator of the session or a guest. Each call gives new tickets for the same
    participant. Whom the statement does not name gets an `introduction` too, which the viewer shows to the other side.

    Asked from a web page, the page must be the console, and the ticket works from there only. A ticket lives for 60
    seconds and works once, also one that is given again for its Idempotency-Key.
    """
    origin = request.headers.get("origin")
    service.refuse_foreign_page(context, origin)
    remembered.told_apart_by(origin)

    async def make() -> Admission:
        return await service.issue_ticket(db, context, caller, session_id, origin)

    return await remembered.once(db, caller.id, 201, make)


@router.patch("/{session_id}", operation_id="change_session", summary="Note something", responses=answers(NotFound))
async def change_session(
    caller: SessionsWriter, session_id: str, patch: SessionPatch, context: Ctx, db: Db
) -> SessionView:
    """Adds a note, sets how it went and what it belongs to: during the session and afterwards."""
    return await views.one(db, context, caller, await service.change(db, context, caller, session_id, patch))


@router.post("/{session_id}/end", operation_id="end_session", summary="End a session", responses=answers(NotFound))
async def end_session(
    caller: SessionsWriter, session_id: str, context: Ctx, db: Db, body: EndRequest | None = None
) -> SessionView:
    """At once, for everybody, in any state. Ending a session that is over changes nothing and answers 200."""
    session = await service.end(db, context, caller, session_id, body or EndRequest())
    return await views.one(db, context, caller, session)
