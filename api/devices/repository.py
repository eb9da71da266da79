"""SQL of devices and of who may connect to them."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlmodel import case, col, delete, or_, select, update
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from api.auth.permissions import Caller
from api.device_groups.models import DeviceGroup
from api.devices.models import Device, DeviceGrant
from api.kit.search import contains
from api.operators.models import Operator
from api.policies.models import Policy
from api.sessions.models import Session
from api.sessions.repository import live


def readable(caller: Caller) -> SelectOfScalar[Device]:
    """The devices a caller may see: all of the organisation, or for an operator those they may connect to."""
    rows = select(Device).where(Device.organization_id == caller.organization_id)
    return rows if caller.sees_all else rows.where(_listed(caller))


def _listed(caller: Caller) -> Any:
    """Whether the grants that hold for a device (its own or its group's) name the caller."""
    target = case((col(Device.own_access), col(Device.id)), else_=col(Device.group_id))
    mine = select(DeviceGrant.target_id).where(
        DeviceGrant.target_id == target,
        or_(DeviceGrant.subject_id == caller.operator_id, col(DeviceGrant.subject_id).in_(policy_of(caller))),
    )
    return mine.exists()


def policy_of(caller: Caller) -> Any:
    """The id of the policy of the caller's own, as a query."""
    return select(Operator.policy_id).where(Operator.id == caller.operator_id)


async def subjects(db: AsyncSession, caller: Caller) -> frozenset[str]:
    """The names under which a caller may be listed."""
    policy = (await db.exec(policy_of(caller))).first()
    return frozenset({caller.operator_id} | ({policy} if policy else set()))


async def for_caller(db: AsyncSession, caller: Caller, device_id: str, *, lock: bool = False) -> Device | None:
    """A device the caller may see, locked against other writers if asked for."""
    rows = readable(caller).where(Device.id == device_id)
    return (await db.exec(rows.with_for_update() if lock else rows)).first()


async def page(
    db: AsyncSession,
    caller: Caller,
    after: str | None,
    limit: int,
    group_id: str | None,
    online: bool | None,
    text: str | None,
) -> Sequence[Device]:
    """Newest first; one more than `limit` when there are more."""
    rows = readable(caller)
    if group_id is not None:
        rows = rows.where(Device.group_id == group_id)
    if online is not None:
        rows = rows.where(col(Device.online).is_(online))
    if text:
        rows = rows.where(or_(contains(Device.name, text), Device.id == text))
    if after is not None:
        rows = rows.where(col(Device.id) < after)
    return (await db.exec(rows.order_by(col(Device.id).desc()).limit(limit + 1))).all()


async def get(db: AsyncSession, device_id: str, *, lock: bool = False) -> Device | None:
    """A device for itself or for the system."""
    rows = select(Device).where(Device.id == device_id)
    return (await db.exec(rows.with_for_update() if lock else rows)).first()


async def by_key(db: AsyncSession, public_key: str) -> Device | None:
    """The device with a key."""
    return (await db.exec(select(Device).where(Device.public_key == public_key))).first()


async def groups_of(db: AsyncSession, devices: Iterable[Device]) -> dict[str, DeviceGroup]:
    """The groups of several devices, by id."""
    ids = {device.group_id for device in devices if device.group_id}
    return {row.id: row for row in (await db.exec(select(DeviceGroup).where(col(DeviceGroup.id).in_(ids)))).all()}


async def grants(db: AsyncSession, targets: Iterable[str]) -> dict[str, set[str]]:
    """Who is listed, by device or group."""
    found: dict[str, set[str]] = {}
    for row in (await db.exec(select(DeviceGrant).where(col(DeviceGrant.target_id).in_(set(targets))))).all():
        found.setdefault(row.target_id, set()).add(row.subject_id)
    return found


async def grant(db: AsyncSession, organization_id: str, target_id: str, subject_ids: Iterable[str]) -> None:
    """Who may connect from now on, in place of who did."""
    await db.exec(delete(DeviceGrant).where(col(DeviceGrant.target_id) == target_id))
    for subject_id in set(subject_ids):
        db.add(DeviceGrant(target_id=target_id, subject_id=subject_id, organization_id=organization_id))


async def known_operators(db: AsyncSession, organization_id: str, ids: Iterable[str]) -> set[str]:
    """Those of `ids` that are operators of the organisation."""
    rows = select(Operator.id).where(Operator.organization_id == organization_id, col(Operator.id).in_(set(ids)))
    return set((await db.exec(rows)).all())


async def known_policies(db: AsyncSession, organization_id: str, ids: Iterable[str]) -> set[str]:
    """Those of `ids` that are policies of the organisation."""
    rows = select(Policy.id).where(Policy.organization_id == organization_id, col(Policy.id).in_(set(ids)))
    return set((await db.exec(rows)).all())


async def live_sessions(db: AsyncSession, device_ids: Iterable[str]) -> dict[str, Session]:
    """The session that each device is in or called to."""
    rows = select(Session).where(col(Session.device_id).in_(set(device_ids)), live())
    return {str(row.device_id): row for row in (await db.exec(rows)).all()}


async def session_of(db: AsyncSession, device_id: str) -> Session | None:
    """The device's session that is not over, locked."""
    rows = select(Session).where(Session.device_id == device_id, live())
    return (await db.exec(rows.with_for_update())).first()


async def use_challenge(db: AsyncSession, device_id: str, made_at: int) -> bool:
    """Use a challenge up, with all older ones; False when it was used."""
    fresh = update(Device).where(col(Device.id) == device_id, col(Device.challenge_at) < made_at)
    used = await db.exec(fresh.values(challenge_at=made_at).returning(col(Device.id)))
    return used.scalar_one_or_none() is not None


async def quiet(db: AsyncSession, before: datetime, limit: int) -> Sequence[Device]:
    """Devices that count as online but were not heard of since `before`."""
    rows = select(Device).where(col(Device.online).is_(True), col(Device.seen_at) < before)
    return (await db.exec(rows.limit(limit).with_for_update(skip_locked=True))).all()


async def remove(db: AsyncSession, device: Device) -> None:
    """Forget a device and its list."""
    await db.exec(delete(DeviceGrant).where(col(DeviceGrant.target_id) == device.id))
    await db.delete(device)
