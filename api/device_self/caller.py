"""Which device is asking, by its short token. Whether it may still do anything is read anew each time."""

from typing import Annotated

from fastapi import Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlmodel.ext.asyncio.session import AsyncSession

from api.context import Context, Ctx
from api.devices import proof, repository
from api.devices.models import Device
from api.organizations.models import Organization
from api.problems import DeviceDisabled, DeviceWiped, TokenRefused, Unauthenticated
from wire import tokens
from wire.tokens import TokenError

bearer = HTTPBearer(
    scheme_name="device", description="A device's token from `POST /v1/devices/token`.", auto_error=False
)

Credentials = Annotated[HTTPAuthorizationCredentials | None, Security(bearer)]


async def asking_device_id(request: Request, context: Ctx, given: Credentials) -> str:
    """Its id, read in a transaction of its own: a long poll holds no connection."""
    if given is None:
        raise Unauthenticated("Send the device's token as 'Authorization: Bearer …'.")
    try:
        claims = context.signer.verify(given.credentials, tokens.DEVICE, proof.AUDIENCE)
    except TokenError as error:
        raise TokenRefused(f"Ask for a new token: {error}.") from error
    request.state.caller = claims["sub"]
    return (await present(context, claims["sub"])).id


async def present(context: Context, device_id: str) -> Device:
    """The device as it is now; DeviceDisabled, DeviceWiped or TokenRefused when it may do nothing."""
    async with context.database.read() as db:
        return await usable(db, await repository.get(db, device_id))


async def usable(db: AsyncSession, device: Device | None) -> Device:
    """A device that may go on, in an organisation that is not disabled."""
    if device is None:
        raise TokenRefused("This device is not enrolled here; enrol it again.")
    if device.wiped_at is not None:
        raise DeviceWiped("The enrolment of this device was wiped; delete its key. Enrol it again to use it.")
    if device.disabled_at is not None:
        raise DeviceDisabled("This device is disabled; an administrator of the organisation can enable it.")
    if (await db.get_one(Organization, device.organization_id)).disabled_at is not None:
        raise DeviceDisabled("The organisation of this device is disabled; whoever runs the server can enable it.")
    return device


AskingDevice = Annotated[str, Security(asking_device_id)]
