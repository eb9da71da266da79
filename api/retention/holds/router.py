"""Routes of legal holds."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from api.auth.caller import FreshHoldsWriter, HoldsReader, HoldsWriter
from api.context import Ctx, Db
from api.examples import answers
from api.idempotency.service import Idempotent
from api.kit.pages import Cursor, Limit, Page, after_cursor, page_of
from api.problems import BadCursor, NotFound
from api.retention.holds import repository, service
from api.retention.holds.schemas import LegalHoldCreate, LegalHoldView

router = APIRouter(prefix="/v1/legal-holds", tags=["retention"])


@router.get("", operation_id="list_legal_holds", summary="List legal holds", responses=answers(BadCursor))
async def list_legal_holds(
    caller: HoldsReader, context: Ctx, db: Db, limit: Limit = 50, cursor: Cursor = None
) -> Page[LegalHoldView]:
    """Those that stand, newest first; the administrative log has those that were lifted."""
    rows = list(await repository.page(db, caller, after_cursor(cursor), limit))
    return page_of(await service.views(db, context, rows), [row.id for row in rows], limit)


@router.post(
    "",
    operation_id="order_legal_hold",
    summary="Order a legal hold",
    status_code=201,
    response_model=LegalHoldView,
    responses=answers(NotFound),
)
async def order_legal_hold(
    caller: HoldsWriter, body: LegalHoldCreate, context: Ctx, db: Db, remembered: Idempotent
) -> JSONResponse:
    """Of the whole organisation, a customer or a session: while it stands nothing of it is purged when its time is over, no
    customer of it is forgotten, and the organisation is not removed. A customer's sessions to come are covered too."""
    return await remembered.once(db, caller.id, 201, lambda: service.order(db, context, caller, body))


@router.delete(
    "/{hold_id}",
    operation_id="lift_legal_hold",
    summary="Lift a legal hold",
    status_code=204,
    responses=answers(NotFound),
)
async def lift_legal_hold(caller: FreshHoldsWriter, hold_id: str, context: Ctx, db: Db) -> None:
    """What only this hold has kept goes with the next purge, if its time is over."""
    await service.lift(db, context, caller, hold_id)
