"""Routes of signed-in devices."""

from fastapi import APIRouter

from api.auth.caller import Me, MyselfWriter, OperatorsReader, OperatorsWriter
from api.context import Ctx, Db
from api.examples import answers
from api.kit.pages import Cursor, Limit, Page, after_cursor, page_of
from api.problems import BadCursor, Forbidden, NotFound
from api.sign_ins import service
from api.sign_ins.schemas import SignInView

router = APIRouter(prefix="/v1", tags=["sign-in"])


@router.get(
    "/me/sign-ins", operation_id="list_my_sign_ins", summary="Where you are signed in", responses=answers(BadCursor)
)
async def list_mine(caller: Me, context: Ctx, db: Db, limit: Limit = 50, cursor: Cursor = None) -> Page[SignInView]:
    """Your signed-in devices, newest first."""
    rows = await service.page(db, caller, caller.operator_id, after_cursor(cursor), limit)
    return page_of([service.view(context, caller, row) for row in rows], [row.id for row in rows], limit)


@router.delete(
    "/me/sign-ins/{sign_in_id}",
    operation_id="end_my_sign_in",
    summary="Sign a device of yours out",
    status_code=204,
    responses=answers(NotFound, Forbidden),
)
async def end_mine(caller: MyselfWriter, sign_in_id: str, context: Ctx, db: Db) -> None:
    """At once: its next request is refused."""
    await service.end(db, context, caller, caller.operator_id, sign_in_id)


@router.get(
    "/operators/{operator_id}/sign-ins",
    operation_id="list_operator_sign_ins",
    summary="Where an operator is signed in",
    responses=answers(BadCursor, NotFound),
)
async def list_of(
    caller: OperatorsReader, operator_id: str, context: Ctx, db: Db, limit: Limit = 50, cursor: Cursor = None
) -> Page[SignInView]:
    """Their signed-in devices, newest first."""
    rows = await service.page(db, caller, operator_id, after_cursor(cursor), limit)
    return page_of([service.view(context, caller, row) for row in rows], [row.id for row in rows], limit)


@router.delete(
    "/operators/{operator_id}/sign-ins/{sign_in_id}",
    operation_id="end_operator_sign_in",
    summary="Sign an operator's device out",
    status_code=204,
    responses=answers(NotFound, Forbidden),
)
async def end_of(caller: OperatorsWriter, operator_id: str, sign_in_id: str, context: Ctx, db: Db) -> None:
    """At once: its next request is refused."""
    await service.end(db, context, caller, operator_id, sign_in_id)
