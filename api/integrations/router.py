"""Routes of integrations, and the public hook."""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from api.auth.caller import IntegrationsReader, IntegrationsWriter
from api.context import Ctx, Db
from api.examples import answers
from api.idempotency.service import Idempotent, Remembered
from api.integrations import repository, service
from api.integrations.schemas import HookAnswer, IntegrationCreate, IntegrationCreated, IntegrationView
from api.kit.pages import Cursor, Limit, Page, after_cursor, page_of
from api.kit.signed import SIGNATURE_HEADERS
from api.problems import BadCursor, BadRequest, ModeNotAllowed, NotFound, SignatureWrong, Unavailable

router = APIRouter(prefix="/v1", tags=["integrations"])


@router.get(
    "/integrations", operation_id="list_integrations", summary="List incoming hooks", responses=answers(BadCursor)
)
async def list_integrations(
    caller: IntegrationsReader, context: Ctx, db: Db, limit: Limit = 50, cursor: Cursor = None
) -> Page[IntegrationView]:
    """Hooks by which other systems open sessions, newest first."""
    rows = await repository.page(db, caller, after_cursor(cursor), limit)
    return page_of([service.view(context, row) for row in rows], [row.id for row in rows], limit)


@router.post(
    "/integrations",
    operation_id="create_integration",
    summary="Create an incoming hook",
    status_code=201,
    response_model=IntegrationCreated,
)
async def create_integration(
    caller: IntegrationsWriter, body: IntegrationCreate, context: Ctx, db: Db, remembered: Idempotent
) -> JSONResponse:
    """The signing secret is shown only now. `mapping` says where in the hook's body customer and reference stand."""
    return await remembered.once(db, caller.id, 201, lambda: service.create(db, context, caller, body))


@router.delete(
    "/integrations/{integration_id}",
    operation_id="delete_integration",
    summary="Delete an incoming hook",
    status_code=204,
    responses=answers(NotFound),
)
async def delete_integration(caller: IntegrationsWriter, integration_id: str, context: Ctx, db: Db) -> None:
    """The hook answers no more."""
    await service.delete(db, context, caller, integration_id)


@router.post(
    "/hooks/{integration_id}",
    operation_id="receive_hook",
    summary="Open a session from another system",
    status_code=201,
    response_model=HookAnswer,
    responses=answers(SignatureWrong, BadRequest, ModeNotAllowed, Unavailable),
    openapi_extra={
        "parameters": SIGNATURE_HEADERS,
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {"type": "object"},
                    "example": {
                        "customer": {"name": "Hanako Yamada"},
                        "reference": {"system": "helpdesk", "id": "4711"},
                    },
                }
            },
        },
    },
)
async def receive_hook(integration_id: str, request: Request, context: Ctx, db: Db) -> JSONResponse:
    """Signed as Standard Webhooks says. `webhook-id` plays the role of an Idempotency-Key: a message sent again within a
    day opens no second session and gets the first answer; another message under the same id is a conflict.
    """
    body = await request.body()
    integration, message_id, content = await service.verified(db, context, integration_id, request.headers, body)
    remembered = Remembered.of_message(context, request, message_id, body)
    return await remembered.once(
        db, integration.id, 201, lambda: service.open_session(db, context, integration, content)
    )
