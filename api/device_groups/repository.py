"""SQL of groups of devices."""

from collections.abc import Sequence

from sqlmodel import col, delete, select, update
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from api.auth.permissions import Caller
from api.device_enrolments.models import DeviceEnrolment
from api.device_groups.models import DeviceGroup
from api.devices.models import Device, DeviceGrant


def readable(caller: Caller) -> SelectOfScalar[DeviceGroup]:
    """The groups of the caller's organisation."""
    return select(DeviceGroup).where(DeviceGroup.organization_id == caller.organization_id)


async def by_id(db: AsyncSession, caller: Caller, group_id: str) -> DeviceGroup | None:
    """A group the caller may see."""
    return (await db.exec(readable(caller).where(DeviceGroup.id == group_id))).first()


async def page(db: AsyncSession, caller: Caller, after: str | None, limit: int) -> Sequence[DeviceGroup]:
    """Newest first; one more than `limit` when there are more."""
    rows = readable(caller)
    if after is not None:
        rows = rows.where(col(DeviceGroup.id) < after)
    return (await db.exec(rows.order_by(col(DeviceGroup.id).desc()).limit(limit + 1))).all()


async def remove(db: AsyncSession, group: DeviceGroup) -> None:
    """Forget a group: its devices and tokens are in none, and only administrators reach devices without a list."""
    await db.exec(update(Device).where(col(Device.group_id) == group.id).values(group_id=None))
    await db.exec(update(DeviceEnrolment).where(col(DeviceEnrolment.group_id) == group.id).values(group_id=None))
    await db.exec(delete(DeviceGrant).where(col(DeviceGrant.target_id) == group.id))
    await db.delete(group)
