"""Routes of API keys."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from api.api_keys import repository, service
from api.api_keys.schemas import ApiKeyCreate, ApiKeyCreated, ApiKeyView
from api.auth.caller import ApiKeysReader, ApiKeysWriter
from api.context import Ctx, Db
from api.examples import answers
from api.idempotency.service import Idempotent
from api.kit.pages import Cursor, Limit, Page, after_cursor, page_of
from api.problems import BadCursor, Forbidden, NotFound

router = APIRouter(prefix="/v1/api-keys", tags=["API keys"])


@router.get("", operation_id="list_api_keys", summary="List API keys", responses=answers(BadCursor))
async def list_api_keys(caller: ApiKeysReader, db: Db, limit: Limit = 50, cursor: Cursor = None) -> Page[ApiKeyView]:
    """Keys without their secret part, newest first."""
    rows = await repository.page(db, caller, after_cursor(cursor), limit)
    return page_of([service.view(row) for row in rows], [row.id for row in rows], limit)


@router.post(
    "",
    operation_id="create_api_key",
    summary="Create an API key",
    status_code=201,
    response_model=ApiKeyCreated,
    responses=answers(Forbidden),
)
async def create_api_key(
    caller: ApiKeysWriter, body: ApiKeyCreate, context: Ctx, db: Db, remembered: Idempotent
) -> JSONResponse:
    """The secret is shown only now. The key acts for you, with the scopes you choose among your own."""
    return await remembered.once(db, caller.id, 201, lambda: service.create(db, context, caller, body))


@router.delete(
    "/{key_id}",
    operation_id="delete_api_key",
    summary="Delete an API key",
    status_code=204,
    responses=answers(NotFound),
)
async def delete_api_key(caller: ApiKeysWriter, key_id: str, db: Db) -> None:
    """It stops working at once."""
    await service.delete(db, caller, key_id)
