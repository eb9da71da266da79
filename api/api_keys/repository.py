"""SQL of API keys."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import col, delete, or_, select, update
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from api.api_keys.models import ApiKey
from api.auth.permissions import Caller
from api.operators.models import Operator


def readable(caller: Caller) -> SelectOfScalar[ApiKey]:
    """The keys a caller may see: one's own, or all of the organisation for an administrator."""
    rows = select(ApiKey).where(ApiKey.organization_id == caller.organization_id)
    return rows if caller.sees_all else rows.where(ApiKey.operator_id == caller.operator_id)


async def by_id(db: AsyncSession, caller: Caller, key_id: str) -> ApiKey | None:
    """A key the caller may see."""
    return (await db.exec(readable(caller).where(ApiKey.id == key_id))).first()


async def page(db: AsyncSession, caller: Caller, after: str | None, limit: int) -> Sequence[ApiKey]:
    """Newest first; one more than `limit` when there are more."""
    rows = readable(caller)
    if after is not None:
        rows = rows.where(col(ApiKey.id) < after)
    return (await db.exec(rows.order_by(col(ApiKey.id).desc()).limit(limit + 1))).all()


async def with_maker(db: AsyncSession, digest: str) -> tuple[ApiKey, Operator] | None:
    """A key by its hash, and the operator it acts for."""
    joined = select(ApiKey, Operator).join(Operator, col(Operator.id) == col(ApiKey.operator_id))
    return (await db.exec(joined.where(or_(ApiKey.digest == digest, ApiKey.old_digest == digest)))).first()


async def touch(db: AsyncSession, key_id: str, now: datetime, sealed: bytes | None) -> None:
    """Note that a key was used, and from where."""
    await db.exec(update(ApiKey).where(col(ApiKey.id) == key_id).values(last_used_at=now, last_used_sealed=sealed))


async def delete_all_of(db: AsyncSession, operator_id: str) -> None:
    """The keys of an operator who is gone."""
    await db.exec(delete(ApiKey).where(col(ApiKey.operator_id) == operator_id))
