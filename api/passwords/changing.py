"""Setting a password: what is kept of the one before, and what ends."""

from sqlmodel.ext.asyncio.session import AsyncSession

from api.auth import repository as sign_ins
from api.context import Context
from api.operator_invitations import repository as invitations
from api.operators.models import Operator
from api.organizations.models import Organization
from api.organizations.settings import settings_of
from api.passwords import locking, repository
from api.passwords.models import PastPassword


async def set_password(
    db: AsyncSession, context: Context, organization: Organization, operator: Operator, hashed: str
) -> None:
    """A password of the operator's own. All sign-ins end, and so does an invitation that was not used."""
    now, kept = context.clock.now(), max(settings_of(organization).password.reuse_last - 1, 0)
    if kept and not operator.must_change_password:
        db.add(PastPassword(operator_id=operator.id, password_hash=operator.password_hash, replaced_at=now))
    await repository.keep_last(db, operator.id, kept)
    operator.must_change_password, operator.password_changed_at = False, now
    await _replace(db, operator, hashed)


async def set_one_time(db: AsyncSession, operator: Operator, hashed: str) -> None:
    """A password made by an administrator or the server, good only to set another one. The operator is known nowhere."""
    operator.must_change_password = True
    await repository.forget_devices(db, operator.id)
    await _replace(db, operator, hashed)


async def forget(db: AsyncSession, operator: Operator) -> None:
    """All that is kept about an operator's passwords goes: the operator is deleted."""
    operator.password_hash, operator.must_change_password = "", True
    await repository.forget_devices(db, operator.id)
    await repository.forget_passwords(db, operator.id)
    await invitations.remove(db, operator.id)


async def _replace(db: AsyncSession, operator: Operator, hashed: str) -> None:
    operator.password_hash = hashed
    operator.token_version += 1
    locking.clear(operator)
    db.add(operator)
    await sign_ins.end_all(db, operator.id)
    await invitations.remove(db, operator.id)
