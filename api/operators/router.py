"""Routes of operators."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse

from api.auth.caller import FreshOperatorsWriter, OperatorsReader, OperatorsWriter
from api.context import Ctx, Db
from api.examples import answers
from api.idempotency.service import Idempotent
from api.kit.pages import Cursor, Limit, Page, after_cursor, page_of
from api.kit.search import SearchText
from api.operators import repository, service
from api.operators.models import Role
from api.operators.repository import OperatorState
from api.operators.schemas import OneTimePassword, OperatorCreate, OperatorCreated, OperatorPatch, OperatorView
from api.problems import AlreadyExists, BadCursor, Conflict, Forbidden, NotFound, StepUpRequired, Unavailable

router = APIRouter(prefix="/v1/operators", tags=["operators"])


@router.get("", operation_id="list_operators", summary="List operators", responses=answers(BadCursor))
async def list_operators(
    caller: OperatorsReader,
    context: Ctx,
    db: Db,
    q: SearchText = None,
    role: Role | None = None,
    state: Annotated[OperatorState | None, Query(description="Only in this state.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[OperatorView]:
    """The operators of the organisation, newest first. `q` looks in login, name and mail address.

    Deleted operators, kept for the history, are listed with `state=deleted` only.
    """
    filters = repository.Filters(q, role, state)
    rows = await repository.page(db, caller, filters, context.clock.now(), after_cursor(cursor), limit)
    return page_of([service.view(row) for row in rows], [row.id for row in rows], limit)


@router.post(
    "",
    operation_id="create_operator",
    summary="Create an operator",
    status_code=201,
    response_model=OperatorCreated,
    responses=answers(AlreadyExists, Forbidden, StepUpRequired, Unavailable),
)
async def create_operator(
    caller: OperatorsWriter, body: OperatorCreate, context: Ctx, remembered: Idempotent
) -> JSONResponse:
    """The answer has a one-time password, shown only now, which the operator changes at the first sign-in.

    Or send an invitation with `POST /v1/operators/{operator_id}/invite`. Only an administrator who is signed in can do
    this, not an API key; another administrator is made only with a fresh proof of who is there.
    """
    password = service.new_password()
    hashed = await context.passwords.hash(password)
    async with context.database.write() as db:
        return await remembered.once(
            db, caller.id, 201, lambda: service.create(db, context, caller, body, password, hashed)
        )


@router.get("/{operator_id}", operation_id="get_operator", summary="See an operator", responses=answers(NotFound))
async def get_operator(caller: OperatorsReader, operator_id: str, db: Db) -> OperatorView:
    """An operator of the organisation and the policy that holds for them."""
    return service.view(await service.get(db, caller, operator_id))


@router.patch(
    "/{operator_id}",
    operation_id="change_operator",
    summary="Change an operator",
    responses=answers(NotFound, Conflict, Forbidden, StepUpRequired),
)
async def change_operator(
    caller: OperatorsWriter, operator_id: str, patch: OperatorPatch, context: Ctx, db: Db
) -> OperatorView:
    """Name, role, policy, allowed modes, longest session, networks, suspension.

    A narrower policy reaches sessions that exist: a shorter limit ends them when it is reached (`time_limit`), a session in a
    mode that is taken away ends at once (`policy`), and one that waits cannot be joined.
    Name, role, policy, modes and longest session are set in person with a fresh proof, networks and mail address in person.
    Suspending ends the operator's sign-ins and sessions at once. The last administrator stays one.
    """
    return service.view(await service.change(db, context, caller, operator_id, patch))


@router.delete(
    "/{operator_id}",
    operation_id="delete_operator",
    summary="Delete an operator",
    status_code=204,
    responses=answers(NotFound, Conflict),
)
async def delete_operator(caller: FreshOperatorsWriter, operator_id: str, context: Ctx, db: Db) -> None:
    """Sign-ins, API keys and sessions end at once. The history keeps the name; the login is free again."""
    await service.delete(db, context, caller, operator_id)


@router.post(
    "/{operator_id}/reset-password",
    operation_id="reset_operator_password",
    summary="Reset an operator's password",
    responses=answers(NotFound, Conflict, Unavailable),
)
async def reset_password(caller: FreshOperatorsWriter, operator_id: str, context: Ctx) -> OneTimePassword:
    """The answer has a one-time password, shown only now. All sign-ins of the operator end."""
    password = service.new_password()
    hashed = await context.passwords.hash(password)
    async with context.database.write() as db:
        return await service.reset_password(db, context, caller, operator_id, password, hashed)


@router.post(
    "/{operator_id}/reset-second-factor",
    operation_id="reset_operator_second_factor",
    summary="Reset an operator's second factor",
    status_code=204,
    responses=answers(NotFound),
)
async def reset_second_factor(caller: FreshOperatorsWriter, operator_id: str, context: Ctx, db: Db) -> None:
    """Authenticator app, codes by mail and message, recovery codes and passkeys are gone; all sign-ins end."""
    await service.reset_second_factor(db, context, caller, operator_id)


@router.post(
    "/{operator_id}/unlock",
    operation_id="unlock_operator",
    summary="Unlock an operator",
    responses=answers(NotFound, Forbidden),
)
async def unlock_operator(caller: OperatorsWriter, operator_id: str, context: Ctx, db: Db) -> OperatorView:
    """After too many wrong passwords: the right one is taken again at once. Not with an API key."""
    return service.view(await service.unlock(db, context, caller, operator_id))
