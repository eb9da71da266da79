"""SQL of removals."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Table
from sqlmodel import SQLModel, col, delete, select
from sqlmodel.ext.asyncio.session import AsyncSession

from api.idempotency.models import RememberedAnswer
from api.mail.models import OutboundMail
from api.organizations.models import Organization
from api.removals.models import RemovedOrganization
from api.retention.repository import hanging_on
from api.rotations.models import KeyRotation, RetiredKey

_BESIDE: tuple[tuple[type[SQLModel], Any], ...] = (
    (RememberedAnswer, RememberedAnswer.organization_id),
    (OutboundMail, OutboundMail.organization_id),
    (RetiredKey, RetiredKey.owner),
    (KeyRotation, KeyRotation.owner),
)
"""Tables that say whose a row is without referring to the organisation's."""


async def every(db: AsyncSession) -> Sequence[RemovedOrganization]:
    """All removed organisations, the last one first."""
    return (await db.exec(select(RemovedOrganization).order_by(col(RemovedOrganization.asked_at).desc()))).all()


async def by_code(db: AsyncSession, code: str) -> RemovedOrganization | None:
    """The one with a code whose removal is not finished."""
    rows = select(RemovedOrganization).where(
        RemovedOrganization.code == code, col(RemovedOrganization.removed_at).is_(None)
    )
    return (await db.exec(rows)).first()


async def lock_out(db: AsyncSession, organization_id: str) -> None:
    """Wait for those who are writing rows of the organisation; nobody writes more before this transaction ends."""
    await db.exec(select(Organization.id).where(Organization.id == organization_id).with_for_update())


async def delete_everything(db: AsyncSession, organization_id: str) -> int:
    """Every row of an organisation, in whatever table; how many it were."""
    count = 0
    for table, condition in hanging_on(_table(Organization), [organization_id]):
        count += (await db.exec(delete(table).where(condition))).rowcount
    for model, column in _BESIDE:
        count += (await db.exec(delete(model).where(col(column) == organization_id))).rowcount
    return count + (await db.exec(delete(Organization).where(col(Organization.id) == organization_id))).rowcount


def _table(model: type[SQLModel]) -> Table:
    found: Table = model.__table__  # type: ignore[attr-defined]
    return found
