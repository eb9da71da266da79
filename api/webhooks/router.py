"""Routes of webhook endpoints."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from api.auth.caller import WebhooksReader, WebhooksWriter
from api.context import Ctx, Db
from api.examples import answers
from api.idempotency.service import Idempotent
from api.kit.pages import Cursor, Limit, Page, after_cursor, page_of
from api.problems import BadCursor, NotFound
from api.webhooks import repository, service
from api.webhooks.schemas import (
    DeliveryView,
    WebhookEndpointCreate,
    WebhookEndpointCreated,
    WebhookEndpointView,
)

router = APIRouter(prefix="/v1/webhook-endpoints", tags=["webhooks"])


@router.get("", operation_id="list_webhook_endpoints", summary="List webhook endpoints", responses=answers(BadCursor))
async def list_endpoints(
    caller: WebhooksReader, db: Db, limit: Limit = 50, cursor: Cursor = None
) -> Page[WebhookEndpointView]:
    """Where events of the organisation are sent, newest first."""
    rows = await repository.page(db, caller, after_cursor(cursor), limit)
    return page_of([service.view(row) for row in rows], [row.id for row in rows], limit)


@router.post(
    "",
    operation_id="create_webhook_endpoint",
    summary="Create a webhook endpoint",
    status_code=201,
    response_model=WebhookEndpointCreated,
    responses=answers(service.UrlNotAllowed),
)
async def create_endpoint(
    caller: WebhooksWriter, body: WebhookEndpointCreate, context: Ctx, remembered: Idempotent
) -> JSONResponse:
    """The signing secret is shown only now. The URL must be https and lead to a public address; redirects are not followed.

    A message that is not answered with 2xx within 5 seconds is sent again, ten times over about three days.
    """
    await service.refuse_bad_url(context, body.url)
    async with context.database.write() as db:
        return await remembered.once(db, caller.id, 201, lambda: service.create(db, context, caller, body))


@router.delete(
    "/{endpoint_id}",
    operation_id="delete_webhook_endpoint",
    summary="Delete a webhook endpoint",
    status_code=204,
    responses=answers(NotFound),
)
async def delete_endpoint(caller: WebhooksWriter, endpoint_id: str, context: Ctx, db: Db) -> None:
    """Nothing more is sent there, not even what was waiting."""
    await service.delete(db, context, caller, endpoint_id)


@router.get(
    "/{endpoint_id}/deliveries",
    operation_id="list_webhook_deliveries",
    summary="See what was sent",
    responses=answers(NotFound, BadCursor),
)
async def list_deliveries(
    caller: WebhooksReader, endpoint_id: str, db: Db, limit: Limit = 50, cursor: Cursor = None
) -> Page[DeliveryView]:
    """Messages to an endpoint, newest first: how often each was tried, and what came back."""
    endpoint = await service.get(db, caller, endpoint_id)
    rows = await repository.deliveries(db, endpoint.id, after_cursor(cursor), limit)
    return page_of([DeliveryView.model_validate(row) for row in rows], [row.id for row in rows], limit)
