"""SQL of passwords that were used before and of known devices."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import col, delete, select
from sqlmodel.ext.asyncio.session import AsyncSession

from api.operators.models import Operator
from api.organizations.models import Organization
from api.passwords.models import KnownDevice, PastPassword


async def account(db: AsyncSession, company: str, login: str) -> tuple[Organization, Operator | None] | None:
    """What is typed at sign-in: the organisation, and the operator in it if there is one. Deleted ones are not."""
    mine = (col(Operator.organization_id) == col(Organization.id)) & (col(Operator.login) == login)
    joined = select(Organization, Operator).join(Operator, mine & col(Operator.deleted_at).is_(None), isouter=True)
    return (await db.exec(joined.where(Organization.code == company))).first()


async def last(db: AsyncSession, operator_id: str, count: int) -> list[str]:
    """Hashes of the passwords before the present one, newest first."""
    hashes = select(PastPassword.password_hash).where(PastPassword.operator_id == operator_id)
    return list((await db.exec(hashes.order_by(col(PastPassword.id).desc()).limit(count))).all())


async def keep_last(db: AsyncSession, operator_id: str, count: int) -> None:
    """Forget all but the newest `count` past passwords."""
    ids = select(PastPassword.id).where(PastPassword.operator_id == operator_id)
    kept = (await db.exec(ids.order_by(col(PastPassword.id).desc()).limit(count))).all() if count else []
    await db.exec(
        delete(PastPassword).where(col(PastPassword.operator_id) == operator_id, col(PastPassword.id).not_in(kept))
    )


async def device(db: AsyncSession, digest: str) -> KnownDevice | None:
    """A device by the hash of its secret."""
    return (await db.exec(select(KnownDevice).where(KnownDevice.digest == digest))).first()


async def devices(db: AsyncSession, operator_id: str) -> Sequence[KnownDevice]:
    """All devices an operator is known from, the one unseen longest first."""
    mine = select(KnownDevice).where(KnownDevice.operator_id == operator_id)
    return (await db.exec(mine.order_by(col(KnownDevice.seen_at)))).all()


async def forget_devices(db: AsyncSession, operator_id: str) -> None:
    """The operator is known from nowhere any more."""
    await db.exec(delete(KnownDevice).where(col(KnownDevice.operator_id) == operator_id))


async def forget_passwords(db: AsyncSession, operator_id: str) -> None:
    """All past passwords of an operator are gone."""
    await db.exec(delete(PastPassword).where(col(PastPassword.operator_id) == operator_id))


async def purge(db: AsyncSession, unseen_since: datetime) -> None:
    """Forget devices that were not seen for long."""
    await db.exec(delete(KnownDevice).where(col(KnownDevice.seen_at) < unseen_since))
