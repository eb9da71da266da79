"""Routes of the queue."""

from typing import Annotated

from fastapi import APIRouter, Query, Response, Security
from fastapi.responses import JSONResponse
from fastapi.security import HTTPAuthorizationCredentials

from api.auth.caller import SessionsReader, SessionsWriter
from api.context import Ctx, Db
from api.events.service import queue_topic
from api.examples import answers
from api.idempotency.service import Idempotent
from api.join.router import resume_bearer
from api.polling import poll
from api.problems import (
    AlreadyPickedUp,
    Forbidden,
    ModeNotAllowed,
    NotFound,
    PolicyRefused,
    SessionEnded,
    TokenRefused,
    Unauthenticated,
)
from api.queue import service
from api.queue.schemas import PlaceView, QueueView, RefuseRequest
from api.sessions import views
from api.sessions.schemas import SessionView

MAX_WAIT_SECONDS = 25
Seen = Annotated[
    str | None, Query(max_length=40, description="`version` of what you have: answers when it has changed.")
]
Wait = Annotated[int, Query(ge=0, le=MAX_WAIT_SECONDS, description="Seconds to wait for a change.")]

router = APIRouter(prefix="/v1", tags=["queue"])


@router.get("/queue", operation_id="list_queue", summary="See who waits", responses=answers())
async def list_queue(caller: SessionsReader, context: Ctx, seen: Seen = None, wait: Wait = 0) -> QueueView:
    """The customers of the organisation who wait for whoever is free, who came first.

    With `seen` and `wait` it is a long poll.
    """

    newest = QueueView(items=[], version="")

    async def read() -> list[QueueView]:
        nonlocal newest
        async with context.database.read() as db:
            newest = await service.show(db, context, caller)
        return [newest] if newest.version != seen else []

    await poll(context, queue_topic(caller.organization_id), wait, read)
    return newest


@router.post(
    "/sessions/{session_id}/pick-up",
    operation_id="pick_up_session",
    summary="Help who waits",
    response_model=SessionView,
    responses=answers(NotFound, AlreadyPickedUp, SessionEnded, ModeNotAllowed, PolicyRefused, Forbidden),
)
async def pick_up(
    caller: SessionsWriter, session_id: str, context: Ctx, db: Db, remembered: Idempotent
) -> JSONResponse:
    """You become the operator of a session that has none; the ticket then introduces you to the customer.

    Of two who want it at once, one gets it; picking up what is yours already changes nothing.
    """

    async def make() -> SessionView:
        return await views.one(db, context, caller, await service.pick_up(db, context, caller, session_id))

    return await remembered.once(db, caller.id, 200, make)


@router.post(
    "/sessions/{session_id}/refuse",
    operation_id="refuse_session",
    summary="Send away who waits",
    responses=answers(NotFound, AlreadyPickedUp, SessionEnded, Forbidden),
)
async def refuse(caller: SessionsWriter, session_id: str, body: RefuseRequest, context: Ctx, db: Db) -> SessionView:
    """Ends a session that nobody has picked up. The customer reads why."""
    return await views.one(db, context, caller, await service.refuse(db, context, caller, session_id, body))


@router.get(
    "/join/queue",
    operation_id="get_place_in_queue",
    summary="See one's place in the queue",
    tags=["joining"],
    responses=answers(Unauthenticated, TokenRefused),
)
async def get_place(
    response: Response,
    context: Ctx,
    given: Annotated[HTTPAuthorizationCredentials | None, Security(resume_bearer)],
    wait: Wait = 0,
    position: Annotated[
        int | None, Query(ge=1, description="The place you know: answers when it is another one.")
    ] = None,
) -> PlaceView:
    """For the customer who waits, by their resume ticket. With `wait` and `position` it is a long poll."""
    if given is None:
        raise Unauthenticated("Send the resume ticket as 'Authorization: Bearer …'.")
    response.headers["Cache-Control"] = "no-store"
    token = given.credentials

    async def now() -> tuple[str, PlaceView]:
        async with context.database.read() as db:
            return await service.place_of(db, context, token)

    organization_id, newest = await now()

    async def read() -> list[PlaceView]:
        nonlocal newest
        _, newest = await now()
        return [] if newest.queue is not None and newest.queue.position == position else [newest]

    await poll(context, queue_topic(organization_id), wait, read)
    return newest
