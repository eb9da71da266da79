"""SQL of enrolment tokens."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import col, delete, select, update
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from api.auth.permissions import Caller
from api.device_enrolments.models import DeviceEnrolment
from api.operators.models import Operator, Role
from api.organizations.models import Organization


def readable(caller: Caller) -> SelectOfScalar[DeviceEnrolment]:
    """The tokens of the caller's organisation: for administrators and auditors."""
    rows = select(DeviceEnrolment).where(DeviceEnrolment.organization_id == caller.organization_id)
    return rows if caller.sees_all else rows.where(DeviceEnrolment.created_by == caller.operator_id)


async def by_id(db: AsyncSession, caller: Caller, enrolment_id: str) -> DeviceEnrolment | None:
    """A token the caller may see."""
    return (await db.exec(readable(caller).where(DeviceEnrolment.id == enrolment_id))).first()


async def page(db: AsyncSession, caller: Caller, after: str | None, limit: int) -> Sequence[DeviceEnrolment]:
    """Newest first; one more than `limit` when there are more."""
    rows = readable(caller)
    if after is not None:
        rows = rows.where(col(DeviceEnrolment.id) < after)
    return (await db.exec(rows.order_by(col(DeviceEnrolment.id).desc()).limit(limit + 1))).all()


async def use(db: AsyncSession, digest: str, now: datetime) -> DeviceEnrolment | None:
    """Count one more use of a token that is good; None when it is not. Of two that want the last use, one gets it.

    It is as good as its maker: still an administrator, neither suspended nor deleted, in an organisation that is not disabled.
    """
    makers = select(Operator.id).join(Organization, col(Organization.id) == col(Operator.organization_id))
    makers = makers.where(
        Operator.role == Role.ADMINISTRATOR,
        col(Operator.suspended_at).is_(None),
        col(Operator.deleted_at).is_(None),
        col(Organization.disabled_at).is_(None),
    )
    good = update(DeviceEnrolment).where(
        col(DeviceEnrolment.digest) == digest,
        col(DeviceEnrolment.expires_at) > now,
        col(DeviceEnrolment.used) < col(DeviceEnrolment.uses),
        col(DeviceEnrolment.created_by).in_(makers),
    )
    used = await db.exec(good.values(used=col(DeviceEnrolment.used) + 1).returning(col(DeviceEnrolment.id)))
    found = used.scalar_one_or_none()
    return None if found is None else await db.get(DeviceEnrolment, found, populate_existing=True)


async def purge(db: AsyncSession, before: datetime) -> None:
    """Forget tokens that ended long ago."""
    await db.exec(delete(DeviceEnrolment).where(col(DeviceEnrolment.expires_at) < before))
