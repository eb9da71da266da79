"""Routes of devices."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse

from api.auth.caller import DevicesConnector, DevicesReader, DevicesWriter, FreshDevicesWriter
from api.context import Ctx, Db
from api.devices import connecting, repository, service
from api.devices.schemas import DevicePatch, DeviceSessionCreate, DeviceView
from api.examples import answers
from api.idempotency.service import Idempotent
from api.kit.pages import Cursor, Limit, Page, after_cursor, page_of
from api.kit.search import SearchText
from api.problems import (
    BadCursor,
    Conflict,
    ConnectionNotAllowed,
    DeviceUnavailable,
    DeviceWiped,
    ModeNotAllowed,
    NotFound,
    PolicyRefused,
    Unavailable,
)
from api.sessions import views as session_views
from api.sessions.schemas import SessionView

router = APIRouter(prefix="/v1/devices", tags=["devices"])


@router.get("", operation_id="list_devices", summary="List devices", responses=answers(BadCursor))
async def list_devices(
    caller: DevicesReader,
    context: Ctx,
    db: Db,
    limit: Limit = 50,
    cursor: Cursor = None,
    group_id: Annotated[str | None, Query(max_length=60, description="Only of this group.")] = None,
    online: Annotated[bool | None, Query(description="Only those that are, or are not, online.")] = None,
    q: SearchText = None,
) -> Page[DeviceView]:
    """Newest first. Operators see those they may connect to, administrators all of the organisation.

    `connection` says whether you could connect now, and if not, why.
    """
    rows = await repository.page(db, caller, after_cursor(cursor), limit, group_id, online, q)
    return page_of(await service.views(db, context, caller, rows), [row.id for row in rows], limit)


@router.get("/{device_id}", operation_id="get_device", summary="See a device", responses=answers(NotFound))
async def get_device(caller: DevicesReader, device_id: str, context: Ctx, db: Db) -> DeviceView:
    """Its rules, whether it is online, and whether you could connect now."""
    return await service.view(db, context, caller, await service.get(db, caller, device_id))


@router.patch(
    "/{device_id}", operation_id="change_device", summary="Change a device", responses=answers(NotFound, Conflict)
)
async def change_device(caller: DevicesWriter, device_id: str, body: DevicePatch, context: Ctx, db: Db) -> DeviceView:
    """Its name, its group, and rules of its own in place of the group's.

    To ask less than always needs a second act first, by the administrator of the device itself and at the device.
    """
    return await service.view(db, context, caller, await service.change(db, context, caller, device_id, body))


@router.post(
    "/{device_id}/disable",
    operation_id="disable_device",
    summary="Disable a device",
    responses=answers(NotFound, DeviceWiped),
)
async def disable_device(caller: DevicesWriter, device_id: str, context: Ctx, db: Db) -> DeviceView:
    """At once: it can do nothing until it is enabled, and a session that it is in ends."""
    return await service.view(db, context, caller, await service.disable(db, context, caller, device_id))


@router.post(
    "/{device_id}/enable",
    operation_id="enable_device",
    summary="Enable a device",
    responses=answers(NotFound, DeviceWiped),
)
async def enable_device(caller: DevicesWriter, device_id: str, context: Ctx, db: Db) -> DeviceView:
    """It can be reached again."""
    return await service.view(db, context, caller, await service.enable(db, context, caller, device_id))


@router.post(
    "/{device_id}/wipe",
    operation_id="wipe_device",
    summary="Wipe the enrolment of a device",
    responses=answers(NotFound),
)
async def wipe_device(caller: FreshDevicesWriter, device_id: str, context: Ctx, db: Db) -> DeviceView:
    """Its key is refused at once and for ever; the device deletes it when it next calls. Nothing else on it is touched."""
    device = await service.get(db, caller, device_id, lock=True)
    return await service.view(db, context, caller, await service.wipe(db, context, caller, device))


@router.delete(
    "/{device_id}",
    operation_id="delete_device",
    summary="Delete a device",
    status_code=204,
    responses=answers(NotFound),
)
async def delete_device(caller: FreshDevicesWriter, device_id: str, context: Ctx, db: Db) -> None:
    """Forget it. Wipe it first if its key is to be deleted at the device, too. Its sessions stay in your records."""
    await service.delete(db, context, caller, device_id)


@router.post(
    "/{device_id}/sessions",
    operation_id="create_device_session",
    summary="Connect to a device",
    status_code=201,
    response_model=SessionView,
    responses=answers(NotFound, ConnectionNotAllowed, ModeNotAllowed, PolicyRefused, DeviceUnavailable, Unavailable),
)
async def create_device_session(
    caller: DevicesConnector,
    device_id: str,
    body: DeviceSessionCreate,
    context: Ctx,
    db: Db,
    remembered: Idempotent,
) -> JSONResponse:
    """A session without a code: the device hears of it at once and takes it up, or it expires after two minutes.

    Whether the person there is asked is the device's own decision, never less than its administrator allowed at the
    device. Go on with `POST /v1/sessions/{session_id}/ticket`.
    """

    async def make() -> SessionView:
        session = await connecting.create(db, context, caller, device_id, body)
        return await session_views.one(db, context, caller, session)

    return await remembered.once(db, caller.id, 201, make)
