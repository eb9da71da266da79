"""SQL of operators' invitations."""

from datetime import datetime

from sqlmodel import col, delete, select
from sqlmodel.ext.asyncio.session import AsyncSession

from api.operator_invitations.models import OperatorInvitation
from api.operators.models import Operator
from api.organizations.models import Organization


async def by_digest(db: AsyncSession, digest: str) -> tuple[OperatorInvitation, Operator, Organization] | None:
    """An invitation by its token's hash, whom it is for and where; locked until the transaction ends."""
    joined = (
        select(OperatorInvitation, Operator, Organization)
        .join(Operator, col(Operator.id) == col(OperatorInvitation.operator_id))
        .join(Organization, col(Organization.id) == col(Operator.organization_id))
    )
    found = joined.where(OperatorInvitation.digest == digest, col(Operator.deleted_at).is_(None))
    return (await db.exec(found.with_for_update(of=OperatorInvitation))).first()


async def remove(db: AsyncSession, operator_id: str) -> None:
    """The operator's invitation, if there is one, is worth nothing any more."""
    await db.exec(delete(OperatorInvitation).where(col(OperatorInvitation.operator_id) == operator_id))


async def purge(db: AsyncSession, now: datetime) -> None:
    """Forget what has expired."""
    await db.exec(delete(OperatorInvitation).where(col(OperatorInvitation.expires_at) < now))
