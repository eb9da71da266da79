"""Routes of handing over and of guests."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from api.auth.caller import SessionsReader, SessionsWriter
from api.context import Ctx, Db
from api.examples import answers
from api.handover import service
from api.handover.schemas import Colleague, GuestInvite, GuestView, TransferRequest
from api.idempotency.service import Idempotent
from api.kit.pages import Cursor, Limit, Page, after_cursor, page_of
from api.problems import BadCursor, Conflict, Forbidden, ModeNotAllowed, NotFound, SessionEnded
from api.sessions import views
from api.sessions.schemas import SessionView

router = APIRouter(prefix="/v1/sessions/{session_id}", tags=["sessions"])


@router.post(
    "/transfer",
    operation_id="transfer_session",
    summary="Hand a session over",
    response_model=SessionView,
    responses=answers(NotFound, SessionEnded, Conflict, ModeNotAllowed, Forbidden),
)
async def transfer(
    caller: SessionsWriter, session_id: str, body: TransferRequest, context: Ctx, db: Db, remembered: Idempotent
) -> JSONResponse:
    """Another operator helps from now on. Who helped before is out within seconds and can only come back if it is handed back.

    The customer is asked before the other operator sees anything.
    """

    async def make() -> SessionView:
        return await views.one(db, context, caller, await service.transfer(db, context, caller, session_id, body))

    return await remembered.once(db, caller.id, 200, make)


@router.get(
    "/colleagues",
    operation_id="list_colleagues",
    summary="See who could help instead",
    responses=answers(NotFound, BadCursor),
)
async def list_colleagues(
    caller: SessionsReader, session_id: str, db: Db, limit: Limit = 50, cursor: Cursor = None
) -> Page[Colleague]:
    """The operators of the organisation to whom the session can be handed over, or who can be asked to join."""
    rows = await service.colleagues(db, caller, session_id, after_cursor(cursor), limit)
    return page_of(rows, [row.operator_id for row in rows], limit)


@router.get(
    "/guests", operation_id="list_session_guests", summary="See who was asked to join", responses=answers(NotFound)
)
async def list_guests(caller: SessionsReader, session_id: str, db: Db) -> Page[GuestView]:
    """The operators who were asked, also those who were sent out."""
    return Page(items=await service.guests(db, caller, session_id), next_cursor=None)


@router.post(
    "/guests",
    operation_id="invite_guest",
    summary="Ask another operator to join",
    status_code=201,
    response_model=GuestView,
    responses=answers(NotFound, SessionEnded, Conflict, ModeNotAllowed, Forbidden),
)
async def invite_guest(
    caller: SessionsWriter, session_id: str, body: GuestInvite, context: Ctx, db: Db, remembered: Idempotent
) -> JSONResponse:
    """They get their own ticket (`POST …/ticket`); the customer is asked before they see anything.

    A guest may do what the session, their own policy and that of the session's operator have in common. An administrator
    may ask themselves, under their own name.
    """
    return await remembered.once(db, caller.id, 201, lambda: service.invite(db, context, caller, session_id, body))


@router.delete(
    "/guests/{operator_id}",
    operation_id="remove_guest",
    summary="Send a guest out",
    status_code=204,
    responses=answers(NotFound, Forbidden),
)
async def remove_guest(caller: SessionsWriter, session_id: str, operator_id: str, context: Ctx, db: Db) -> None:
    """Their relay closes them within seconds, and they get no ticket any more. A guest may also remove themselves."""
    await service.remove(db, context, caller, session_id, operator_id)
