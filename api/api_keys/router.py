"""Routes of API keys."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from api.api_keys import repository, service
from api.api_keys.schemas import ApiKeyCreate, ApiKeyCreated, ApiKeyRotate, ApiKeyView
from api.auth.caller import ApiKeysReader, ApiKeysWriter, FreshApiKeysWriter
from api.context import Ctx, Db
from api.examples import answers
from api.idempotency.service import Idempotent
from api.kit.pages import Cursor, Limit, Page, after_cursor, page_of
from api.problems import BadCursor, Forbidden, NotFound

router = APIRouter(prefix="/v1/api-keys", tags=["API keys"])


@router.get("", operation_id="list_api_keys", summary="List API keys", responses=answers(BadCursor))
async def list_api_keys(
    caller: ApiKeysReader, context: Ctx, db: Db, limit: Limit = 50, cursor: Cursor = None
) -> Page[ApiKeyView]:
    """Keys without their secret part, newest first; expired ones, too, until somebody deletes them."""
    rows = await repository.page(db, caller, after_cursor(cursor), limit)
    return page_of([service.view(context, row) for row in rows], [row.id for row in rows], limit)


@router.post(
    "",
    operation_id="create_api_key",
    summary="Create an API key",
    status_code=201,
    response_model=ApiKeyCreated,
    responses=answers(Forbidden),
)
async def create_api_key(
    caller: FreshApiKeysWriter, body: ApiKeyCreate, context: Ctx, db: Db, remembered: Idempotent
) -> JSONResponse:
    """The secret is shown only now. The key acts for you, with the scopes you choose among your own.

    What you may no longer do, it may no longer do either; and from where you may not work, it cannot be used.
    """
    return await remembered.once(db, caller.id, 201, lambda: service.create(db, context, caller, body))


@router.post(
    "/{key_id}/rotate",
    operation_id="rotate_api_key",
    summary="Renew the secret of an API key",
    response_model=ApiKeyCreated,
    responses=answers(NotFound, Forbidden),
)
async def rotate_api_key(
    caller: FreshApiKeysWriter,
    key_id: str,
    context: Ctx,
    db: Db,
    remembered: Idempotent,
    body: ApiKeyRotate | None = None,
) -> JSONResponse:
    """Of a key of your own. The new secret is shown only now; the old one stops at once, or after `overlap_minutes`."""
    wanted = body or ApiKeyRotate()
    return await remembered.once(db, caller.id, 200, lambda: service.rotate(db, context, caller, key_id, wanted))


@router.delete(
    "/{key_id}",
    operation_id="delete_api_key",
    summary="Delete an API key",
    status_code=204,
    responses=answers(NotFound),
)
async def delete_api_key(caller: ApiKeysWriter, key_id: str, context: Ctx, db: Db) -> None:
    """It stops working at once."""
    await service.delete(db, context, caller, key_id)
