"""Routes of operators' invitations."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from api.auth.caller import FreshOperatorsWriter
from api.context import Ctx, Db, client_address
from api.examples import answers
from api.idempotency.service import Idempotent
from api.operator_invitations import service
from api.operator_invitations.schemas import InvitationAccepted, InvitationAnswer, InvitationRequest, InvitationSent
from api.problems import Conflict, InvitationNotValid, NotFound, TooManyRequests, Unavailable

router = APIRouter(prefix="/v1")


@router.post(
    "/operators/{operator_id}/invite",
    operation_id="invite_operator",
    summary="Invite an operator",
    tags=["operators"],
    status_code=201,
    response_model=InvitationSent,
    responses=answers(NotFound, Conflict),
)
async def invite_operator(
    caller: FreshOperatorsWriter, operator_id: str, context: Ctx, db: Db, remembered: Idempotent,
    body: InvitationRequest | None = None,
) -> JSONResponse:  # fmt: skip
    """A link with which the operator sets the first password; it works once, for three days, and replaces the one before.

    It goes to the operator's mail address. Without one, or when this server cannot send mail, it is in the answer.
    """
    language = (body or InvitationRequest()).language
    return await remembered.once(db, caller.id, 201, lambda: service.invite(db, context, caller, operator_id, language))


@router.post(
    "/auth/invitation",
    operation_id="accept_invitation",
    summary="Accept an invitation",
    tags=["sign-in"],
    responses=answers(InvitationNotValid, TooManyRequests, Unavailable),
)
async def accept_invitation(
    body: InvitationAnswer, request: Request, response: Response, context: Ctx
) -> InvitationAccepted:
    """Sets the operator's password and tells what to sign in with. Unknown, expired, used: one and the same answer."""
    address = client_address(request)
    accepted = await service.accept(context, body, address)
    response.headers.update(await context.sign_in_budgets.headers(None, address))
    return accepted
