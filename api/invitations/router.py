"""Routes of invitations."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from api.auth.caller import SessionsWriter
from api.context import Ctx, Db
from api.examples import answers
from api.idempotency.service import Idempotent
from api.invitations import service
from api.invitations.schemas import InvitationView, InviteRequest
from api.problems import Conflict, NotFound, SessionEnded, TooManyRequests

router = APIRouter(prefix="/v1/sessions", tags=["sessions"])


@router.post(
    "/{session_id}/invite",
    operation_id="invite_customer",
    summary="Send the customer the link",
    response_model=InvitationView,
    responses=answers(NotFound, SessionEnded, Conflict, TooManyRequests),
)
async def invite_customer(
    caller: SessionsWriter,
    session_id: str,
    context: Ctx,
    db: Db,
    remembered: Idempotent,
    body: InviteRequest | None = None,
) -> JSONResponse:
    """By mail, in the customer's language, at most once a minute and ten times in all. The answer has the link in any case."""
    given = body or InviteRequest()
    return await remembered.once(db, caller.id, 200, lambda: service.invite(db, context, caller, session_id, given))
