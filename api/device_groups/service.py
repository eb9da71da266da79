"""Rules of groups of devices."""

from collections.abc import Sequence

from sqlmodel.ext.asyncio.session import AsyncSession

from api.audit import service as audit
from api.audit.actions import Action
from api.auth.permissions import Caller
from api.context import Context
from api.device_groups import repository
from api.device_groups.models import DeviceGroup
from api.device_groups.schemas import DeviceGroupCreate, DeviceGroupPatch, DeviceGroupView
from api.devices import repository as device_rows
from api.devices import service as devices
from api.devices.rules import Consent
from api.kit.ids import Kind, new_id
from api.policies.hours import Schedule
from api.problems import NotFound


async def get(db: AsyncSession, caller: Caller, group_id: str) -> DeviceGroup:
    """A group the caller may see."""
    group = await repository.by_id(db, caller, group_id)
    if group is None:
        raise NotFound("There is no such group of devices.")
    return group


async def create(db: AsyncSession, context: Context, caller: Caller, body: DeviceGroupCreate) -> DeviceGroupView:
    """A new group."""
    group = DeviceGroup(
        id=new_id(Kind.DEVICE_GROUP),
        organization_id=caller.organization_id,
        name=body.name,
        consent=body.consent,
        hours=body.hours.model_dump(mode="json") if body.hours else None,
        created_at=context.clock.now(),
    )
    db.add(group)
    await db.flush()
    await devices.set_access(db, caller, group.id, body.access)
    given = body.model_dump(mode="json", exclude_unset=True)
    audit.record(db, context, group.organization_id, Action.DEVICE_GROUP_CREATED, by=caller, target=group, given=given)
    return await view(db, group)


async def change(
    db: AsyncSession, context: Context, caller: Caller, group_id: str, body: DeviceGroupPatch
) -> DeviceGroupView:
    """Name and rules. They hold for the devices that have none of their own, from the next session on."""
    group = await get(db, caller, group_id)
    given = body.model_dump(mode="json", exclude_unset=True)
    group.name = given.get("name") or group.name
    for name in ("consent", "hours"):
        if name in given:
            setattr(group, name, given[name])
    if body.access is not None:
        await devices.set_access(db, caller, group.id, body.access)
    db.add(group)
    audit.record(
        db, context, group.organization_id, Action.DEVICE_GROUP_CHANGED, by=caller, target=group, changed=given
    )
    return await view(db, group)


async def delete(db: AsyncSession, context: Context, caller: Caller, group_id: str) -> None:
    """Its devices stay, in no group: then only administrators reach those without a list of their own."""
    group = await get(db, caller, group_id)
    audit.record(
        db, context, group.organization_id, Action.DEVICE_GROUP_DELETED, by=caller, target=group, name=group.name
    )
    await repository.remove(db, group)


async def view(db: AsyncSession, group: DeviceGroup) -> DeviceGroupView:
    """One group."""
    return (await views(db, [group]))[0]


async def views(db: AsyncSession, groups: Sequence[DeviceGroup]) -> list[DeviceGroupView]:
    """Several groups, with who may connect."""
    await db.flush()
    granted = await device_rows.grants(db, [group.id for group in groups])
    return [
        DeviceGroupView(
            id=group.id,
            name=group.name,
            consent=Consent(group.consent) if group.consent else None,
            hours=Schedule(**group.hours) if group.hours else None,
            access=devices.as_access(granted.get(group.id, set())),
            created_at=group.created_at,
        )
        for group in groups
    ]
