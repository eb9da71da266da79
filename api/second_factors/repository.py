"""SQL of second factors."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import col, delete, func, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from api.auth.methods import Method
from api.operators.models import Operator
from api.passkeys.models import Passkey
from api.second_factors.models import RecoveryCode, SecondFactor, SecondStepFailure, SentCode


async def locked(db: AsyncSession, operator_id: str) -> Operator | None:
    """The operator, locked until the transaction ends: tries of one account are judged one after the other."""
    rows = select(Operator).where(Operator.id == operator_id).with_for_update()
    return (await db.exec(rows.execution_options(populate_existing=True))).first()


async def factor(db: AsyncSession, operator_id: str, method: Method, *, pending: bool = False) -> SecondFactor | None:
    """A factor of an operator."""
    return await db.get(SecondFactor, (operator_id, str(method), pending))


async def confirmed(db: AsyncSession, operator_id: str) -> Sequence[SecondFactor]:
    """All factors that count."""
    mine = select(SecondFactor).where(SecondFactor.operator_id == operator_id)
    return (await db.exec(mine.where(col(SecondFactor.pending).is_(False)))).all()


async def remove_factor(db: AsyncSession, operator_id: str, method: Method, *, pending: bool) -> bool:
    """False when there was none."""
    gone = delete(SecondFactor).where(col(SecondFactor.operator_id) == operator_id)
    gone = gone.where(col(SecondFactor.method) == method, col(SecondFactor.pending).is_(pending))
    return (await db.exec(gone)).rowcount == 1


async def use_step(db: AsyncSession, operator_id: str, step: int) -> bool:
    """Take a code of the authenticator by its step, once: False when this or a later one was taken before (R08)."""
    row = update(SecondFactor).where(
        col(SecondFactor.operator_id) == operator_id,
        col(SecondFactor.method) == Method.TOTP,
        col(SecondFactor.pending).is_(False),
        col(SecondFactor.last_step) < step,
    )
    return (await db.exec(row.values(last_step=step))).rowcount == 1


async def passkeys(db: AsyncSession, operator_id: str) -> int:
    """How many passkeys an operator has."""
    return (await db.exec(select(func.count()).where(col(Passkey.operator_id) == operator_id))).one()


async def replace_code(db: AsyncSession, code: SentCode) -> None:
    """The newest code of a purpose is the only one."""
    old = delete(SentCode).where(col(SentCode.subject) == code.subject, col(SentCode.method) == code.method)
    await db.exec(old)
    db.add(code)
    await db.flush()


async def take_code(db: AsyncSession, subject: str, method: Method, lookup: str, now: datetime) -> bool:
    """Use up a code that was sent; False when it is not the one, too old, or used."""
    right = delete(SentCode).where(
        col(SentCode.subject) == subject,
        col(SentCode.method) == method,
        col(SentCode.lookup) == lookup,
        col(SentCode.expires_at) > now,
    )
    return (await db.exec(right)).rowcount == 1


async def take_recovery_code(db: AsyncSession, operator_id: str, lookup: str, now: datetime) -> bool:
    """Use up a recovery code; False when it is none of this operator's, or used."""
    unused = update(RecoveryCode).where(
        col(RecoveryCode.lookup) == lookup,
        col(RecoveryCode.operator_id) == operator_id,
        col(RecoveryCode.used_at).is_(None),
    )
    return (await db.exec(unused.values(used_at=now))).rowcount == 1


async def recovery_codes_left(db: AsyncSession, operator_id: str) -> int:
    """How many are unused."""
    unused = select(func.count()).where(
        col(RecoveryCode.operator_id) == operator_id, col(RecoveryCode.used_at).is_(None)
    )
    return (await db.exec(unused)).one()


async def remove_recovery_codes(db: AsyncSession, operator_id: str) -> None:
    """None of them is good any more."""
    await db.exec(delete(RecoveryCode).where(col(RecoveryCode.operator_id) == operator_id))


async def failures(db: AsyncSession, operator_id: str, since: datetime) -> Sequence[datetime]:
    """When second steps of an operator went wrong, newest first."""
    rows = select(SecondStepFailure.failed_at).where(
        SecondStepFailure.operator_id == operator_id, SecondStepFailure.failed_at > since
    )
    return (await db.exec(rows.order_by(col(SecondStepFailure.failed_at).desc()))).all()


async def remove_all(db: AsyncSession, operator_id: str) -> None:
    """Everything that was set up."""
    for table in (SecondFactor, SentCode, RecoveryCode, SecondStepFailure, Passkey):
        await db.exec(delete(table).where(col(table.operator_id) == operator_id))


async def purge(db: AsyncSession, now: datetime, failures_before: datetime) -> None:
    """Forget what has served its time."""
    await db.exec(delete(SentCode).where(col(SentCode.expires_at) < now))
    await db.exec(delete(SecondStepFailure).where(col(SecondStepFailure.failed_at) < failures_before))
