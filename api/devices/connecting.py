"""A session with a device: made by an operator who may, taken up by the device itself instead of with a code."""

from datetime import timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from api.audit import service as audit
from api.audit.actions import Action
from api.auth.permissions import Caller
from api.context import Context
from api.db import wake_after
from api.devices import repository, service
from api.devices.models import Device
from api.devices.rules import FOR_GOOD, SENTENCES, refusals
from api.devices.schemas import DeviceSessionCreate
from api.join import service as joining
from api.operators.models import Operator
from api.organizations.models import Organization
from api.problems import ConnectionNotAllowed, DeviceUnavailable, Invalid, NotFound, SessionEnded
from api.sessions import details, policy
from api.sessions import repository as session_rows
from api.sessions import service as sessions
from api.sessions.models import Session
from api.sessions.modes import Mode
from api.sessions.schemas import Admission, SessionCreate
from api.sessions.states import State

ANSWER_WITHIN = timedelta(seconds=120)
"""A device that has not taken the session up by then is not there."""
MODES = frozenset({Mode.MANAGE, Mode.CONTROL, Mode.VIEW})
"""In the other modes the operator's screen is shown: a device is not for looking at."""


async def create(
    db: AsyncSession, context: Context, caller: Caller, device_id: str, body: DeviceSessionCreate
) -> Session:
    """A session that waits for this device alone, within the policy of the caller."""
    device = await service.get(db, caller, device_id, lock=True)
    if body.mode not in MODES:
        raise Invalid.at("#/mode", f"A session with a device has one of the modes {', '.join(sorted(MODES))}.")
    await _refuse(db, context, caller, device)
    wanted = SessionCreate(**body.for_session(), expires_in=int(ANSWER_WITHIN.total_seconds()))
    session = await sessions.create(db, context, caller, wanted)
    session.device_id, session.device_name = device.id, device.name
    organization = await db.get_one(Organization, session.organization_id)
    details.sign_statement(context, session, organization, await db.get_one(Operator, session.operator_id))
    await session_rows.close_code(db, session.id, context.clock.now())
    audit.record(
        db, context, device.organization_id, Action.DEVICE_CALLED, by=caller, target=device,
        session_id=session.id, mode=str(body.mode),
    )  # fmt: skip
    wake_after(db, [service.topic(device.id)])
    return session


async def take_up(db: AsyncSession, context: Context, device: Device, session_id: str) -> Admission:
    """The device becomes the host of a session that waits for it. Once: of two that try, one gets it."""
    session = await session_rows.locked(db, session_id)
    if session is None or session.device_id != device.id:
        raise NotFound("There is no such session for this device.")
    if session.state != State.WAITING or session.code_expires_at <= context.clock.now():
        raise SessionEnded(
            "The session is over, or was taken up.",
            ended_by=session.ended_by,
            reason=details.reason_of(context, session),
        )
    if not await policy.allows(db, await policy.operator_of(db, session), session):
        raise SessionEnded("The operator may no longer do what the session is for.")
    return await joining.let_in(db, context, session)


async def _refuse(db: AsyncSession, context: Context, caller: Caller, device: Device) -> None:
    held = (await service.rules(db, [device]))[device.id]
    busy = await repository.session_of(db, device.id) is not None
    because = refusals(caller, await repository.subjects(db, caller), device, held, context.clock.now(), busy=busy)
    for refusal in because:
        kind = ConnectionNotAllowed if refusal in FOR_GOOD else DeviceUnavailable
        raise kind(SENTENCES[refusal], because=[str(one) for one in because])
