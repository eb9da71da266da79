"""Routes of groups of devices."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from api.auth.caller import DevicesReader, DevicesWriter
from api.context import Ctx, Db
from api.device_groups import repository, service
from api.device_groups.schemas import DeviceGroupCreate, DeviceGroupPatch, DeviceGroupView
from api.examples import answers
from api.idempotency.service import Idempotent
from api.kit.pages import Cursor, Limit, Page, after_cursor, page_of
from api.problems import BadCursor, NotFound

router = APIRouter(prefix="/v1/device-groups", tags=["devices"])


@router.get("", operation_id="list_device_groups", summary="List groups of devices", responses=answers(BadCursor))
async def list_device_groups(
    caller: DevicesReader, db: Db, limit: Limit = 50, cursor: Cursor = None
) -> Page[DeviceGroupView]:
    """Newest first."""
    rows = await repository.page(db, caller, after_cursor(cursor), limit)
    return page_of(await service.views(db, rows), [row.id for row in rows], limit)


@router.post(
    "",
    operation_id="create_device_group",
    summary="Create a group of devices",
    status_code=201,
    response_model=DeviceGroupView,
)
async def create_device_group(
    caller: DevicesWriter, body: DeviceGroupCreate, context: Ctx, db: Db, remembered: Idempotent
) -> JSONResponse:
    """Rules for all its devices: who may connect beside the administrators, when, and whether the person is asked."""
    return await remembered.once(db, caller.id, 201, lambda: service.create(db, context, caller, body))


@router.get(
    "/{group_id}", operation_id="get_device_group", summary="See a group of devices", responses=answers(NotFound)
)
async def get_device_group(caller: DevicesReader, group_id: str, db: Db) -> DeviceGroupView:
    """A group and its rules; `GET /v1/devices?group_id=…` lists its devices."""
    return await service.view(db, await service.get(db, caller, group_id))


@router.patch(
    "/{group_id}", operation_id="change_device_group", summary="Change a group of devices", responses=answers(NotFound)
)
async def change_device_group(
    caller: DevicesWriter, group_id: str, body: DeviceGroupPatch, context: Ctx, db: Db
) -> DeviceGroupView:
    """Only what is given changes; it holds from the next session on."""
    return await service.change(db, context, caller, group_id, body)


@router.delete(
    "/{group_id}",
    operation_id="delete_device_group",
    summary="Delete a group of devices",
    status_code=204,
    responses=answers(NotFound),
)
async def delete_device_group(caller: DevicesWriter, group_id: str, context: Ctx, db: Db) -> None:
    """Its devices stay enrolled, in no group: only administrators reach those that have no list of their own."""
    await service.delete(db, context, caller, group_id)
