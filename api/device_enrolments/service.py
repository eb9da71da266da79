"""Rules of enrolment tokens: made in person, for so many machines, not for long."""

from datetime import datetime, timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from api.audit import service as audit
from api.audit.actions import Action
from api.auth.permissions import Caller
from api.context import Context
from api.device_enrolments import repository
from api.device_enrolments.models import DeviceEnrolment
from api.device_enrolments.schemas import DeviceEnrolmentCreate, DeviceEnrolmentCreated, DeviceEnrolmentView
from api.device_groups import repository as groups
from api.kit.ids import Kind, new_id
from api.kit.secret import ENROLMENT_PREFIX, digest, new_credential
from api.problems import Invalid, NotFound

KEPT = timedelta(days=90)
"""For so long after its end a token is still listed."""


async def create(
    db: AsyncSession, context: Context, caller: Caller, body: DeviceEnrolmentCreate
) -> DeviceEnrolmentCreated:
    """A token, shown only now."""
    if body.group_id is not None and await groups.by_id(db, caller, body.group_id) is None:
        raise Invalid.at("#/group_id", "group_id names no group of your organisation.")
    token, now = new_credential(ENROLMENT_PREFIX), context.clock.now()
    enrolment = DeviceEnrolment(
        id=new_id(Kind.DEVICE_ENROLMENT),
        organization_id=caller.organization_id,
        group_id=body.group_id,
        created_by=caller.operator_id,
        name=body.name,
        digest=digest(token),
        uses=body.uses,
        created_at=now,
        expires_at=now + timedelta(hours=body.expires_in_hours),
    )
    db.add(enrolment)
    audit.record(
        db, context, enrolment.organization_id, Action.DEVICE_ENROLMENT_CREATED, by=caller, target=enrolment,
        **body.model_dump(mode="json"),
    )  # fmt: skip
    return DeviceEnrolmentCreated(**view(enrolment, now).model_dump(), token=token)


async def delete(db: AsyncSession, context: Context, caller: Caller, enrolment_id: str) -> None:
    """The token is good for no more machines. Those that are enrolled stay."""
    enrolment = await repository.by_id(db, caller, enrolment_id)
    if enrolment is None:
        raise NotFound("There is no such enrolment token.")
    audit.record(
        db, context, enrolment.organization_id, Action.DEVICE_ENROLMENT_DELETED, by=caller, target=enrolment,
        name=enrolment.name,
    )  # fmt: skip
    await db.delete(enrolment)


def view(enrolment: DeviceEnrolment, now: datetime) -> DeviceEnrolmentView:
    """What callers see."""
    members = {name: getattr(enrolment, name) for name in DeviceEnrolmentView.model_fields if name != "usable"}
    return DeviceEnrolmentView(**members, usable=enrolment.expires_at > now and enrolment.used < enrolment.uses)
