"""SQL of sign-ins."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import bindparam
from sqlmodel import col, delete, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from api.auth.models import Challenge, RefreshToken, SignIn
from api.operators.models import Operator
from api.organizations.models import Organization

_SIGNED_IN = (
    select(Operator, SignIn, Organization)
    .join(SignIn, col(SignIn.operator_id) == col(Operator.id))
    .join(Organization, col(Organization.id) == col(Operator.organization_id))
    .where(col(Operator.organization_id) == bindparam("organization"), col(Operator.id) == bindparam("operator"))
    .where(col(SignIn.id) == bindparam("sign_in"))
)
"""Put together once: it runs for every request that an operator signs."""


async def refresh_token(db: AsyncSession, digest: str) -> RefreshToken | None:
    """A refresh token by its hash."""
    return (await db.exec(select(RefreshToken).where(RefreshToken.digest == digest))).first()


async def use_once(db: AsyncSession, digest: str, now: datetime) -> bool:
    """Mark a refresh token as used; False when somebody did before."""
    unused = update(RefreshToken).where(col(RefreshToken.digest) == digest, col(RefreshToken.used_at).is_(None))
    return (await db.exec(unused.values(used_at=now))).rowcount == 1


async def signed_in(
    db: AsyncSession, organization_id: str, operator_id: str, sign_in_id: str
) -> tuple[Operator, SignIn] | None:
    """An operator and one of their sign-ins, when it has not ended. The organisation is read along: it is asked for next."""
    asked = {"organization": organization_id, "operator": operator_id, "sign_in": sign_in_id}
    found = (await db.exec(_SIGNED_IN, params=asked)).first()
    return found and (found[0], found[1])


async def sign_in(db: AsyncSession, operator_id: str, sign_in_id: str) -> SignIn | None:
    """A sign-in of an operator."""
    mine = select(SignIn).where(SignIn.operator_id == operator_id)
    return (await db.exec(mine.where(SignIn.id == sign_in_id))).first()


async def page(db: AsyncSession, operator_id: str, after: str | None, limit: int) -> Sequence[SignIn]:
    """Sign-ins of an operator, newest first; one more than `limit` when there are more."""
    rows = select(SignIn).where(SignIn.operator_id == operator_id)
    if after is not None:
        rows = rows.where(col(SignIn.id) < after)
    return (await db.exec(rows.order_by(col(SignIn.id).desc()).limit(limit + 1))).all()


async def end_family(db: AsyncSession, family: str) -> None:
    """A sign-in is over, with all refresh tokens that came from it; access tokens of it are refused from now on."""
    await db.exec(delete(RefreshToken).where(col(RefreshToken.family) == family))
    await db.exec(delete(SignIn).where(col(SignIn.id) == family))


async def end_with_children(db: AsyncSession, sign_in_id: str) -> None:
    """A sign-in is over, and so are those of browsers that were signed in from it."""
    for child in (await db.exec(select(SignIn.id).where(SignIn.parent_id == sign_in_id))).all():
        await end_with_children(db, child)
    await end_family(db, sign_in_id)


async def end_all(db: AsyncSession, operator_id: str, but: str | None = None) -> None:
    """All sign-ins of an operator are over, except perhaps one."""
    ended_tokens = delete(RefreshToken).where(col(RefreshToken.operator_id) == operator_id)
    ended = delete(SignIn).where(col(SignIn.operator_id) == operator_id)
    if but is not None:
        ended_tokens, ended = ended_tokens.where(col(RefreshToken.family) != but), ended.where(col(SignIn.id) != but)
    await db.exec(ended_tokens)
    await db.exec(ended)


async def end_of_machine(db: AsyncSession, machine_id: str) -> None:
    """All sign-ins from a registered machine are over."""
    mine = select(SignIn.id).where(SignIn.machine_id == machine_id)
    await db.exec(delete(RefreshToken).where(col(RefreshToken.family).in_(mine)))
    await db.exec(delete(SignIn).where(col(SignIn.machine_id) == machine_id))


async def take_challenge(db: AsyncSession, challenge_id: str, purpose: str, now: datetime) -> Challenge | None:
    """A challenge that is still good, which nobody can take again."""
    row = (await db.exec(select(Challenge).where(Challenge.id == challenge_id, Challenge.purpose == purpose))).first()
    if row is None or row.expires_at <= now:
        return None
    taken = await db.exec(delete(Challenge).where(col(Challenge.id) == challenge_id))
    return row if taken.rowcount == 1 else None


async def purge(db: AsyncSession, now: datetime, longest_unused: timedelta) -> None:
    """Forget what has expired."""
    await db.exec(delete(RefreshToken).where(col(RefreshToken.expires_at) < now))
    await db.exec(delete(SignIn).where(col(SignIn.last_used_at) < now - longest_unused))
    await db.exec(delete(Challenge).where(col(Challenge.expires_at) < now))
