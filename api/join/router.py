"""Public routes: joining by code, and coming back."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response, Security
from fastapi.responses import JSONResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from api.context import Ctx, Db, client_address
from api.examples import answers
from api.idempotency.service import AnswerForgotten, Idempotent
from api.join import service, shield
from api.join.budgets import Attempt
from api.join.schemas import JoinRequest, PreviewView
from api.problems import (
    CodeNotValid,
    NetworkNotAllowed,
    NoRelay,
    OriginNotAllowed,
    SessionGone,
    TokenRefused,
    TooManyRequests,
    Unauthenticated,
)
from api.sessions import admission
from api.sessions import service as sessions
from api.sessions.schemas import Admission, ResumeView

router = APIRouter(prefix="/v1", tags=["joining"])

resume_bearer = HTTPBearer(
    scheme_name="resume_ticket", description="The participant's newest resume ticket.", auto_error=False
)


async def _attempt(body: JoinRequest, request: Request, context: Ctx) -> AsyncIterator[Attempt]:
    """Room for one more wrong code, taken before the route's transaction begins and given back after it when it was right."""
    async with context.join_budgets.attempt(client_address(request), body.code) as attempt:
        await shield.notice(context, attempt)
        yield attempt


Attempted = Annotated[Attempt, Depends(_attempt, scope="function")]


@router.post(
    "/join/preview",
    operation_id="preview_join",
    summary="See who asks",
    responses=answers(CodeNotValid, TooManyRequests),
)
async def preview_join(body: JoinRequest, attempt: Attempted, response: Response, context: Ctx) -> PreviewView:
    """What a code leads to, without using it up. Wrong codes count as they do for joining."""
    async with context.database.read() as db:
        try:
            answer = await service.preview(db, context, body.code)
        except CodeNotValid:
            raise _failed(attempt) from None
    response.headers.update(attempt.headers())
    return answer


@router.post(
    "/join",
    operation_id="join_session",
    summary="Join as the customer",
    response_model=Admission,
    responses=answers(CodeNotValid, NoRelay, OriginNotAllowed, TooManyRequests),
)
async def join(
    body: JoinRequest, attempt: Attempted, request: Request, context: Ctx, db: Db, remembered: Idempotent
) -> JSONResponse:
    """The signed statement of who asks and for what, and the customer's tickets. Uses the code up.

    A right code only lets the customer ask: nothing is shown before the operator is there, the six digits agree and the
    customer says yes. Unknown, expired and used codes answer alike. With an Idempotency-Key an answer that was lost can
    be fetched again for 15 minutes, with the same code from the same address.
    """
    origin = request.headers.get("origin")
    sessions.refuse_foreign_page(context, origin)
    remembered.told_apart_by(origin)
    try:
        return await remembered.once(
            db,
            service.asker(context, body.code, client_address(request)),
            200,
            lambda: service.join(db, context, body.code, origin),
            attempt.headers(),
            service.ANSWER_KEPT,
        )
    except (CodeNotValid, AnswerForgotten):
        raise _failed(attempt) from None


@router.post(
    "/resume",
    operation_id="resume_session",
    summary="Get the next resume ticket",
    responses=answers(Unauthenticated, TokenRefused, NetworkNotAllowed, SessionGone, NoRelay),
)
async def resume(
    response: Response,
    context: Ctx,
    db: Db,
    given: Annotated[HTTPAuthorizationCredentials | None, Security(resume_bearer)],
) -> ResumeView:
    """Both endpoints renew every 5 minutes. The newest ticket is taken even when it has expired, until the session ends.

    A session that is over answers 410 with `ended_by` and `reason`.
    """
    if given is None:
        raise Unauthenticated("Send the resume ticket as 'Authorization: Bearer …'.")
    response.headers["Cache-Control"] = "no-store"
    return await admission.resume(db, context, given.credentials)


def _failed(attempt: Attempt) -> CodeNotValid:
    """The one answer to a wrong code, which counts, with what is left."""
    attempt.failed = True
    problem = service.not_valid()
    problem.headers.update(attempt.headers())
    return problem
