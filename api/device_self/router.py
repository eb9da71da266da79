"""Routes for devices themselves: enrolling and proving (public), and what a proved device may."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse

from api.audit.actions import Action
from api.context import Ctx, Db
from api.device_self import service
from api.device_self.caller import AskingDevice, usable
from api.device_self.schemas import (
    About,
    Calls,
    Challenge,
    ChallengeRequest,
    DeviceToken,
    Enrol,
    Enrolled,
    OwnView,
    TokenRequest,
)
from api.devices import connecting, repository
from api.devices import service as devices
from api.examples import answers
from api.idempotency.service import Idempotent
from api.kit.secret import digest
from api.polling import poll
from api.problems import (
    AlreadyExists,
    DeviceDisabled,
    DeviceWiped,
    EnrolmentRefused,
    NoRelay,
    NotFound,
    SessionEnded,
    TokenRefused,
)
from api.sessions.schemas import Admission

MAX_WAIT_SECONDS = 25

router = APIRouter(prefix="/v1/devices", tags=["device side"])


@router.post(
    "/enrol",
    operation_id="enrol_device",
    summary="Enrol a device",
    status_code=201,
    response_model=Enrolled,
    responses=answers(EnrolmentRefused, AlreadyExists),
)
async def enrol(body: Enrol, context: Ctx, db: Db, remembered: Idempotent) -> JSONResponse:
    """With a token from `POST /v1/device-enrolments` and a key that was made for this and never leaves the machine.

    The device gets a new id: no token and no key can take the place of a device that exists.
    """
    asker = f"enrol {digest(body.token)}"
    return await remembered.once(db, asker, 201, lambda: service.enrol(db, context, body))


@router.post("/challenge", operation_id="challenge_device", summary="Get a challenge to sign")
async def challenge(body: ChallengeRequest, context: Ctx) -> Challenge:
    """Sign it with the device's key within a minute. It works once, and whether the id is a device is not told."""
    return service.challenge(context, body)


@router.post(
    "/token",
    operation_id="create_device_token",
    summary="Prove a device",
    responses=answers(TokenRefused, DeviceDisabled, DeviceWiped),
)
async def token(body: TokenRequest, context: Ctx, db: Db) -> DeviceToken:
    """The signed challenge for a token of ten minutes. 410 tells a wiped device to delete its key."""
    return await service.token(db, context, body)


@router.put(
    "/me",
    operation_id="report_device",
    summary="Say what the device is",
    responses=answers(DeviceDisabled, DeviceWiped),
)
async def report(device_id: AskingDevice, body: About, context: Ctx, db: Db) -> OwnView:
    """When the device starts, and when its own administrator allowed sessions without asking, or no longer does."""
    return await service.report(db, context, device_id, body)


@router.delete(
    "/me",
    operation_id="forget_device",
    summary="End the enrolment from the device",
    status_code=204,
    responses=answers(DeviceDisabled, DeviceWiped),
)
async def forget(device_id: AskingDevice, context: Ctx, db: Db) -> None:
    """The device is about to delete its key; a session that it is in ends."""
    device = await usable(db, await repository.get(db, device_id, lock=True))
    await devices.wipe(db, context, service.actor(device), device, Action.DEVICE_FORGOTTEN)


@router.get(
    "/me/wait",
    operation_id="wait_for_calls",
    summary="Wait for a session",
    responses=answers(DeviceDisabled, DeviceWiped),
)
async def wait_for_calls(
    device_id: AskingDevice,
    context: Ctx,
    wait: Annotated[int, Query(ge=0, le=MAX_WAIT_SECONDS, description="Seconds to wait for a call.")] = 0,
) -> Calls:
    """A long poll: answers at once when an operator wants this device, else after `wait` seconds with nothing.

    A device that keeps asking is online; one that was not heard of for a minute is offline.
    """
    await service.seen(context, device_id)
    found: list[Calls] = []

    async def read() -> list[Calls]:
        async with context.database.read() as db:
            found[:] = [await service.calls(db, context, device_id)]
        return found if found[0].calls else []

    await poll(context, devices.topic(device_id), wait, read)
    return found[0]


@router.post(
    "/me/sessions/{session_id}/join",
    operation_id="join_device_session",
    summary="Take a session up",
    response_model=Admission,
    responses=answers(NotFound, SessionEnded, NoRelay, DeviceDisabled, DeviceWiped),
)
async def join_device_session(
    device_id: AskingDevice, session_id: str, context: Ctx, db: Db, remembered: Idempotent
) -> JSONResponse:
    """The device becomes the host: the signed statement of who asks and for what, and its tickets.

    Nothing is shown before the two ends have verified each other and the device's own rule for consent is met.
    """

    async def make() -> Admission:
        device = await usable(db, await repository.get(db, device_id, lock=True))
        return await connecting.take_up(db, context, device, session_id)

    return await remembered.once(db, device_id, 200, make)
