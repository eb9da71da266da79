"""What a device does for itself: be enrolled, prove who it is, say that it is there, hear who wants it."""

from datetime import datetime, timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from api.audit import service as audit
from api.audit.actions import Action
from api.context import Context
from api.device_enrolments import repository as enrolments
from api.device_self.caller import usable
from api.device_self.schemas import (
    About,
    Call,
    Calls,
    Challenge,
    ChallengeRequest,
    DeviceToken,
    Enrol,
    Enrolled,
    OwnView,
    TokenRequest,
)
from api.devices import proof, repository, service
from api.devices.models import Device
from api.kit.ids import Kind, new_id
from api.kit.secret import digest
from api.operators.models import Operator
from api.organizations.models import Organization
from api.policies import identifiers
from api.problems import AlreadyExists, EnrolmentRefused, TokenRefused
from api.sessions.modes import Mode
from api.sessions.states import State
from wire import devices as wire
from wire import tokens

OFFLINE_AFTER = timedelta(seconds=60)
"""Two long polls that did not come, and some patience."""
SEEN_EVERY = timedelta(seconds=10)
BATCH = 100


async def enrol(db: AsyncSession, context: Context, body: Enrol) -> Enrolled:
    """A machine that holds a token and its own key becomes a device with a new id, never with that of another."""
    enrolment = await enrolments.use(db, digest(body.token), context.clock.now())
    if enrolment is None:
        raise EnrolmentRefused("The enrolment token is unknown, expired or used up; ask for a new one.")
    if not proof.signed(body.public_key, body.signature, proof.enrolment_message(body.token, body.public_key)):
        raise EnrolmentRefused("The signature does not fit the key and the token.")
    if await repository.by_key(db, body.public_key) is not None:
        raise AlreadyExists("A device has this key already; make a new key for each enrolment.")
    organization = await db.get_one(Organization, enrolment.organization_id)
    fingerprint = wire.fingerprint(bytes.fromhex(body.public_key))
    may_be_stored = await identifiers.stored(db, organization)
    device = Device(
        id=new_id(Kind.DEVICE),
        organization_id=enrolment.organization_id,
        group_id=enrolment.group_id,
        enrolled_by=enrolment.created_by,
        name=body.name if may_be_stored else identifiers.label("Device", fingerprint),
        public_key=body.public_key,
        platform=body.platform,
        version=body.version,
        unattended=body.unattended,
        created_at=context.clock.now(),
    )
    db.add(device)
    audit.record(
        db, context, device.organization_id, Action.DEVICE_ENROLLED, by=actor(device), target=device,
        name=device.name, enrolment_id=enrolment.id, unattended=device.unattended,
    )  # fmt: skip
    return Enrolled(
        device_id=device.id,
        name=device.name,
        organisation=organization.name,
        fingerprint=fingerprint,
    )


def challenge(context: Context, body: ChallengeRequest) -> Challenge:
    """For any id, so that nobody learns which are devices."""
    now = context.clock.now()
    return Challenge(
        challenge=proof.challenge(context.sealer, body.device_id, now), expires_at=now + proof.CHALLENGE_LIFE
    )


async def token(db: AsyncSession, context: Context, body: TokenRequest) -> DeviceToken:
    """A short token for a signed challenge; only whoever holds the key hears that a device is disabled or wiped."""
    device = await repository.get(db, body.device_id, lock=True)
    made_at = proof.made_at(context.sealer, body.device_id, body.challenge, context.clock.now())
    message = wire.proof(body.device_id, body.challenge)
    if device is None or made_at is None or not proof.signed(device.public_key, body.signature, message):
        raise TokenRefused("The proof does not hold: ask for a new challenge and sign it with the device's key.")
    if not await repository.use_challenge(db, device.id, made_at):
        raise TokenRefused("This challenge was used; ask for a new one.")
    await usable(db, device)
    signed = context.signer.sign(
        tokens.DEVICE, {"aud": proof.AUDIENCE, "sub": device.id}, context.signer.expiry(proof.TOKEN_LIFE)
    )
    return DeviceToken(access_token=signed, expires_in=int(proof.TOKEN_LIFE.total_seconds()))


async def report(db: AsyncSession, context: Context, device_id: str, about: About) -> OwnView:
    """What the device says of itself, when it starts and when its administrator changed something."""
    device = await usable(db, await repository.get(db, device_id, lock=True))
    if about.unattended != device.unattended:
        device.unattended = about.unattended
        action = Action.DEVICE_UNATTENDED_ALLOWED if about.unattended else Action.DEVICE_UNATTENDED_ENDED
        audit.record(db, context, device.organization_id, action, by=actor(device), target=device)
    device.platform, device.version = about.platform, about.version
    db.add(device)
    return await own_view(db, device)


async def own_view(db: AsyncSession, device: Device) -> OwnView:
    """What is held of the device."""
    organization = await db.get_one(Organization, device.organization_id)
    held = (await service.rules(db, [device]))[device.id]
    return OwnView(device_id=device.id, name=device.name, organisation=organization.name, consent=held.consent)


async def seen(context: Context, device_id: str) -> None:
    """It is there. Written down only when that is news, or was last done some seconds ago."""
    now = context.clock.now()
    async with context.database.read() as db:
        device = await usable(db, await repository.get(db, device_id))
        if device.online and device.seen_at is not None and now - device.seen_at < SEEN_EVERY:
            return
    async with context.database.write() as db:
        device = await usable(db, await repository.get(db, device_id, lock=True))
        if not device.online:
            audit.record(db, context, device.organization_id, Action.DEVICE_ONLINE, by=actor(device), target=device)
        device.online, device.seen_at = True, now
        db.add(device)


async def calls(db: AsyncSession, context: Context, device_id: str) -> Calls:
    """The session that waits for the device, if there is one, and the rule for consent."""
    device = await usable(db, await repository.get(db, device_id))
    held = (await service.rules(db, [device]))[device.id]
    session = (await repository.live_sessions(db, [device.id])).get(device.id)
    if session is None or session.state != State.WAITING or session.code_expires_at <= context.clock.now():
        return Calls(consent=held.consent, calls=[])
    operator = await db.get_one(Operator, session.operator_id)
    call = Call(
        session_id=session.id, mode=Mode(session.mode), operator=operator.name, expires_at=session.code_expires_at
    )
    return Calls(consent=held.consent, calls=[call])


async def fall_silent(db: AsyncSession, context: Context, device: Device) -> None:
    """A device that was online was not heard of for too long."""
    device.online = False
    db.add(device)
    audit.record(db, context, device.organization_id, Action.DEVICE_OFFLINE, by=audit.SYSTEM, target=device)


def silent_since(now: datetime) -> datetime:
    """A device last heard of before this is offline."""
    return now - OFFLINE_AFTER


def actor(device: Device) -> audit.Actor:
    """The device, as the log names it."""
    return audit.Actor("device", device.id, device.name)
