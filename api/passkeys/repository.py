"""SQL of passkeys."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import col, or_, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from api.passkeys.models import Passkey


async def by_credential(db: AsyncSession, credential_id: str) -> Passkey | None:
    """A passkey by what its device calls it."""
    return (await db.exec(select(Passkey).where(Passkey.credential_id == credential_id))).first()


async def of_operator(db: AsyncSession, operator_id: str) -> Sequence[Passkey]:
    """All passkeys of an operator, newest first."""
    rows = select(Passkey).where(Passkey.operator_id == operator_id).order_by(col(Passkey.id).desc())
    return (await db.exec(rows)).all()


async def page(db: AsyncSession, operator_id: str, after: str | None, limit: int) -> Sequence[Passkey]:
    """Passkeys of an operator, newest first; one more than `limit` when there are more."""
    rows = select(Passkey).where(Passkey.operator_id == operator_id)
    if after is not None:
        rows = rows.where(col(Passkey.id) < after)
    return (await db.exec(rows.order_by(col(Passkey.id).desc()).limit(limit + 1))).all()


async def by_id(db: AsyncSession, operator_id: str, passkey_id: str) -> Passkey | None:
    """A passkey of an operator."""
    mine = select(Passkey).where(Passkey.operator_id == operator_id)
    return (await db.exec(mine.where(Passkey.id == passkey_id))).first()


async def count_up(db: AsyncSession, passkey_id: str, count: int, now: datetime) -> bool:
    """Note a use; False when the device's counter did not grow. Devices that do not count say 0 for ever."""
    row = update(Passkey).where(
        col(Passkey.id) == passkey_id,
        or_(col(Passkey.sign_count) < count, col(Passkey.sign_count) + count == 0),
    )
    return (await db.exec(row.values(sign_count=count, last_used_at=now))).rowcount == 1
