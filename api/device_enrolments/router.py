"""Routes of enrolment tokens."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from api.auth.caller import DevicesReader, DevicesWriter, FreshDevicesWriter
from api.context import Ctx, Db
from api.device_enrolments import repository, service
from api.device_enrolments.schemas import DeviceEnrolmentCreate, DeviceEnrolmentCreated, DeviceEnrolmentView
from api.examples import answers
from api.idempotency.service import Idempotent
from api.kit.pages import Cursor, Limit, Page, after_cursor, page_of
from api.problems import BadCursor, NotFound

router = APIRouter(prefix="/v1/device-enrolments", tags=["devices"])


@router.get("", operation_id="list_device_enrolments", summary="List enrolment tokens", responses=answers(BadCursor))
async def list_device_enrolments(
    caller: DevicesReader, context: Ctx, db: Db, limit: Limit = 50, cursor: Cursor = None
) -> Page[DeviceEnrolmentView]:
    """Without their secret part, newest first; used up and expired ones for 90 days."""
    rows, now = await repository.page(db, caller, after_cursor(cursor), limit), context.clock.now()
    return page_of([service.view(row, now) for row in rows], [row.id for row in rows], limit)


@router.post(
    "",
    operation_id="create_device_enrolment",
    summary="Create an enrolment token",
    status_code=201,
    response_model=DeviceEnrolmentCreated,
)
async def create_device_enrolment(
    caller: FreshDevicesWriter, body: DeviceEnrolmentCreate, context: Ctx, db: Db, remembered: Idempotent
) -> JSONResponse:
    """The token is shown only now. At the machine: `tasuki enroll TOKEN --server …`."""
    return await remembered.once(db, caller.id, 201, lambda: service.create(db, context, caller, body))


@router.delete(
    "/{enrolment_id}",
    operation_id="delete_device_enrolment",
    summary="Take an enrolment token back",
    status_code=204,
    responses=answers(NotFound),
)
async def delete_device_enrolment(caller: DevicesWriter, enrolment_id: str, context: Ctx, db: Db) -> None:
    """It is good for no more machines; those that were enrolled with it stay."""
    await service.delete(db, context, caller, enrolment_id)
