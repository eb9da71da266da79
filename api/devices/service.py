"""Rules of devices: who sees and changes them, who may connect, and what ends with them."""

from collections.abc import Sequence
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from api.audit import service as audit
from api.audit.actions import Action
from api.auth.permissions import Caller
from api.context import Context
from api.db import wake_after
from api.device_groups import repository as groups
from api.devices import repository
from api.devices.models import Device
from api.devices.rules import Rules, refusals, rules_of, standing
from api.devices.schemas import Access, Connection, DevicePatch, DeviceView
from api.kit.ids import Kind
from api.problems import Conflict, DeviceWiped, Invalid, NotFound
from api.sessions import ending
from api.sessions.models import Session
from api.sessions.modes import Party
from wire.devices import fingerprint

REASON = "device_disabled"
"""Why a session ended whose device was disabled, wiped or deleted."""


async def get(db: AsyncSession, caller: Caller, device_id: str, *, lock: bool = False) -> Device:
    """A device the caller may see; another organisation's is not found."""
    device = await repository.for_caller(db, caller, device_id, lock=lock)
    if device is None:
        raise NotFound("There is no such device.")
    return device


async def change(db: AsyncSession, context: Context, caller: Caller, device_id: str, body: DevicePatch) -> Device:
    """Name, group and the device's own rules. What was narrowed holds for the next session."""
    device = await get(db, caller, device_id, lock=True)
    given = body.model_dump(mode="json", exclude_unset=True)
    if given.get("group_id") is not None and await groups.by_id(db, caller, given["group_id"]) is None:
        raise Invalid.at("#/group_id", "group_id names no group of your organisation.")
    if given.get("consent") not in {None, "ask"} and not device.unattended:
        raise Conflict(
            "Sessions without asking must first be allowed at the device by its own administrator:"
            " tasuki device unattended on"
        )
    if "access" in given:
        await set_access(db, caller, device.id, body.access)
        device.own_access = body.access is not None
    for name in ("group_id", "consent", "hours"):
        if name in given:
            setattr(device, name, given[name])
    device.name = given.get("name") or device.name
    db.add(device)
    audit.record(db, context, device.organization_id, Action.DEVICE_CHANGED, by=caller, target=device, changed=given)
    wake_after(db, [topic(device.id)])
    return device


async def set_access(db: AsyncSession, caller: Caller, target_id: str, access: Access | None) -> None:
    """Who may connect to a device or a group's devices; Invalid when somebody listed is not in the organisation."""
    access = access or Access()
    strangers = set(access.operator_ids) - await repository.known_operators(
        db, caller.organization_id, access.operator_ids
    )
    if strangers:
        raise Invalid.at("#/access/operator_ids", f"Not in your organisation: {', '.join(sorted(strangers))}.")
    strangers = set(access.policy_ids) - await repository.known_policies(db, caller.organization_id, access.policy_ids)
    if strangers:
        raise Invalid.at("#/access/policy_ids", f"No policies of your organisation: {', '.join(sorted(strangers))}.")
    await repository.grant(db, caller.organization_id, target_id, [*access.operator_ids, *access.policy_ids])


async def disable(db: AsyncSession, context: Context, caller: Caller, device_id: str) -> Device:
    """Nothing any more until it is enabled; the session that it is in ends."""
    device = await get(db, caller, device_id, lock=True)
    _refuse_wiped(device)
    if device.disabled_at is None:
        device.disabled_at = context.clock.now()
        audit.record(db, context, device.organization_id, Action.DEVICE_DISABLED, by=caller, target=device)
        await _cut(db, context, device)
    return device


async def enable(db: AsyncSession, context: Context, caller: Caller, device_id: str) -> Device:
    """Usable again."""
    device = await get(db, caller, device_id, lock=True)
    _refuse_wiped(device)
    if device.disabled_at is not None:
        device.disabled_at = None
        audit.record(db, context, device.organization_id, Action.DEVICE_ENABLED, by=caller, target=device)
        db.add(device)
        wake_after(db, [topic(device.id)])
    return device


async def wipe(
    db: AsyncSession, context: Context, by: Caller | audit.Actor, device: Device, action: Action = Action.DEVICE_WIPED
) -> Device:
    """The key is refused from now on. The device hears so when it next proves itself, and deletes it."""
    if device.wiped_at is None:
        device.wiped_at, device.online = context.clock.now(), False
        audit.record(db, context, device.organization_id, action, by=by, target=device)
        await _cut(db, context, device)
    return device


async def delete(db: AsyncSession, context: Context, caller: Caller, device_id: str) -> None:
    """Forget a device. Its key is then unknown; to have it deleted at the device, wipe it first."""
    device = await get(db, caller, device_id, lock=True)
    audit.record(db, context, device.organization_id, Action.DEVICE_DELETED, by=caller, target=device, name=device.name)
    await _cut(db, context, device)
    await db.flush()
    await repository.remove(db, device)


async def view(db: AsyncSession, context: Context, caller: Caller, device: Device) -> DeviceView:
    """One device as the caller sees it."""
    return (await views(db, context, caller, [device]))[0]


async def views(db: AsyncSession, context: Context, caller: Caller, devices: Sequence[Device]) -> list[DeviceView]:
    """Several devices, each with what holds for it and whether this caller could connect now."""
    held = await rules(db, devices)
    own = await repository.grants(db, [device.id for device in devices])
    busy = await repository.live_sessions(db, [device.id for device in devices])
    subjects = await repository.subjects(db, caller)
    now = context.clock.now()
    shown = []
    for device in devices:
        session, its = busy.get(device.id), held[device.id]
        because = refusals(caller, subjects, device, its, now, busy=session is not None)
        shown.append(_view(device, its, own.get(device.id, set()), session, Connection(
            allowed=not because, refused_because=because
        )))  # fmt: skip
    return shown


async def rules(db: AsyncSession, devices: Sequence[Device]) -> dict[str, Rules]:
    """What holds for each of several devices, by id."""
    found = await repository.groups_of(db, devices)
    targets = {device.id: device.id if device.own_access else device.group_id for device in devices}
    granted = await repository.grants(db, [target for target in targets.values() if target])
    return {
        device.id: rules_of(device, found.get(device.group_id or ""), granted.get(targets[device.id] or "", set()))
        for device in devices
    }


def topic(device_id: str) -> str:
    """What a device's long poll waits for."""
    return f"device {device_id}"


def as_access(granted: set[str]) -> Access:
    """Grants as people read and write them."""
    operators = sorted(one for one in granted if one.startswith(f"{Kind.OPERATOR}_"))
    return Access(operator_ids=operators, policy_ids=sorted(granted - set(operators)))


async def _cut(db: AsyncSession, context: Context, device: Device) -> None:
    """End what runs, and let the device hear that something changed."""
    db.add(device)
    session = await repository.session_of(db, device.id)
    if session is not None:
        await ending.end(db, context, session, Party.ADMINISTRATOR, REASON)
    wake_after(db, [topic(device.id)])


def _refuse_wiped(device: Device) -> None:
    if device.wiped_at is not None:
        raise DeviceWiped("The enrolment of this device was wiped; enrol it again.")


def _view(device: Device, held: Rules, own: set[str], session: Session | None, connection: Connection) -> DeviceView:
    members: dict[str, Any] = {name: getattr(device, name) for name in DeviceView.model_fields if hasattr(Device, name)}
    return DeviceView(
        **members,
        state=standing(device),
        fingerprint=fingerprint(bytes.fromhex(device.public_key)),
        access=as_access(own) if device.own_access else None,
        effective_consent=held.consent,
        connection=connection,
        session_id=session.id if session else None,
    )
