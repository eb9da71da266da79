"""Routes of customers."""

from typing import Annotated

from fastapi import APIRouter, BackgroundTasks, Query

from api.auth.caller import CustomersReader, FreshCustomersForgetter
from api.context import Ctx, Db
from api.customers import forgetting, repository, service, views
from api.customers.schemas import CustomerView, ForgetRequest
from api.examples import answers
from api.kit.pages import Cursor, Limit, Page, after_cursor, page_of
from api.problems import BadCursor, Conflict, LegallyHeld, NotFound

router = APIRouter(prefix="/v1/customers", tags=["customers"])


@router.get("", operation_id="list_customers", summary="List customers", responses=answers(BadCursor))
async def list_customers(
    caller: CustomersReader,
    context: Ctx,
    db: Db,
    email: Annotated[str | None, Query(max_length=254, description="Only the one with this address, whole.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[CustomerView]:
    """Newest first. The same e-mail address is the same customer; without one every session has a customer of its own."""
    lookup = service.lookup_of(context, caller.organization_id, email) if email else None
    rows = await repository.page(db, caller.organization_id, lookup, after_cursor(cursor), limit)
    shown = await views.many(db, context, rows)
    return page_of(shown, [row.id for row in rows], limit)


@router.get("/{customer_id}", operation_id="get_customer", summary="See a customer", responses=answers(NotFound))
async def get_customer(caller: CustomersReader, customer_id: str, context: Ctx, db: Db) -> CustomerView:
    """Of one who was forgotten, when that was and the signed proof."""
    customer = await repository.by_id(db, caller.organization_id, customer_id)
    if customer is None:
        raise NotFound("There is no such customer.")
    return (await views.many(db, context, [customer]))[0]


@router.post(
    "/forget",
    operation_id="forget_customer",
    summary="Forget a customer, for good",
    responses=answers(NotFound, Conflict, LegallyHeld),
)
async def forget_customer(
    caller: FreshCustomersForgetter, body: ForgetRequest, context: Ctx, db: Db, after: BackgroundTasks
) -> CustomerView:
    """Destroys the key under which everything about the customer is sealed: who it is, notes, events, mail, webhooks, the log's
    lines about their sessions. Numbers and times stay. It cannot be undone; `proof` says that it was done.

    Backups of the keyring still open it until they are deleted, at the latest after seven days.
    """
    after.add_task(context.database.leave_nothing)
    customer = await forgetting.forget(db, context, caller, caller.organization_id, body)
    return (await views.many(db, context, [customer]))[0]
