"""SQL of sign-ins."""

from datetime import datetime

from sqlmodel import col, delete, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from api.auth.models import RefreshToken


async def refresh_token(db: AsyncSession, digest: str) -> RefreshToken | None:
    """A refresh token by its hash."""
    return (await db.exec(select(RefreshToken).where(RefreshToken.digest == digest))).first()


async def use_once(db: AsyncSession, digest: str, now: datetime) -> bool:
    """Mark a refresh token as used; False when somebody did before."""
    unused = update(RefreshToken).where(col(RefreshToken.digest) == digest, col(RefreshToken.used_at).is_(None))
    return (await db.exec(unused.values(used_at=now))).rowcount == 1


async def end_family(db: AsyncSession, family: str) -> None:
    """All refresh tokens that came from one sign-in are gone."""
    await db.exec(delete(RefreshToken).where(col(RefreshToken.family) == family))


async def end_all(db: AsyncSession, operator_id: str) -> None:
    """All sign-ins of an operator are over."""
    await db.exec(delete(RefreshToken).where(col(RefreshToken.operator_id) == operator_id))


async def purge(db: AsyncSession, now: datetime) -> None:
    """Forget what has expired."""
    await db.exec(delete(RefreshToken).where(col(RefreshToken.expires_at) < now))
