"""Routes of operators."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from api.auth.caller import OperatorsReader, OperatorsWriter
from api.context import Ctx, Db
from api.examples import answers
from api.idempotency.service import Idempotent
from api.kit.pages import Cursor, Limit, Page, after_cursor, page_of
from api.operators import repository, service
from api.operators.schemas import OperatorCreate, OperatorCreated, OperatorPatch, OperatorView
from api.problems import AlreadyExists, BadCursor, Conflict, Forbidden, NotFound, Unavailable

router = APIRouter(prefix="/v1/operators", tags=["operators"])


@router.get("", operation_id="list_operators", summary="List operators", responses=answers(BadCursor))
async def list_operators(
    caller: OperatorsReader, db: Db, limit: Limit = 50, cursor: Cursor = None
) -> Page[OperatorView]:
    """The operators of the organisation, newest first."""
    rows = await repository.page(db, caller, after_cursor(cursor), limit)
    return page_of([service.view(row) for row in rows], [row.id for row in rows], limit)


@router.post(
    "",
    operation_id="create_operator",
    summary="Create an operator",
    status_code=201,
    response_model=OperatorCreated,
    responses=answers(AlreadyExists, Forbidden, Unavailable),
)
async def create_operator(
    caller: OperatorsWriter, body: OperatorCreate, context: Ctx, remembered: Idempotent
) -> JSONResponse:
    """The answer has a one-time password, shown only now, which the operator changes at the first sign-in.

    Only an administrator who is signed in can do this, not an API key.
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
    responses=answers(NotFound, Conflict, Forbidden),
)
async def change_operator(
    caller: OperatorsWriter, operator_id: str, patch: OperatorPatch, context: Ctx, db: Db
) -> OperatorView:
    """Name, role, allowed modes, longest session, suspension.

    A narrower policy reaches sessions that exist: a shorter limit ends them when it is reached (`time_limit`), a session in a
    mode that is taken away ends at once (`policy`), and one that waits cannot be joined.
    Suspending ends the operator's sign-ins and sessions at once.
    """
    return service.view(await service.change(db, context, caller, operator_id, patch))
