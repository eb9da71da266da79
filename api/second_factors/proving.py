"""Whether a second proof holds: a code or a passkey, once, within a budget of failures that is kept in the database."""

from datetime import datetime, timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from api import audit
from api.audit import Action
from api.auth.methods import SENT, Method
from api.context import Context
from api.kit.throttle import Standing
from api.mail import service as mail
from api.operators.models import Operator
from api.passkeys.proving import second_step as passkey_signed
from api.problems import Invalid, SecondStepFailed, TooManyRequests
from api.second_factors import codes, repository, setting_up, totp
from api.second_factors.models import SecondStepFailure
from api.second_factors.schemas import Shown

BUDGETS = ((5, timedelta(minutes=5)), (20, timedelta(days=1)))
"""Failures, and in which time. With three codes good at a moment, a guesser succeeds once in 16,000 days."""


async def prove(
    db: AsyncSession, context: Context, operator: Operator, shown: Shown, subject: str, language: str = "en"
) -> None:
    """Take a proof of the operator, whose row is locked; SecondStepFailed when it is none, which counts."""
    await refuse_too_many(db, context, operator)
    if shown.method not in operator.second_factors or not await _holds(db, context, operator, shown, subject):
        db.add(SecondStepFailure(operator_id=operator.id, failed_at=context.clock.now()))
        organization_id = operator.organization_id
        about = {"method": shown.method}
        audit.record(db, context, organization_id, Action.SECOND_STEP_FAILED, by=operator, target=operator, **about)
        raise SecondStepFailed("The code is wrong, too old or was used before; try the next one.", keep=True)
    if shown.method is Method.RECOVERY:
        await _tell_of_recovery(db, context, operator, language)


async def _holds(db: AsyncSession, context: Context, operator: Operator, shown: Shown, subject: str) -> bool:
    if shown.method is Method.PASSKEY:
        if shown.credential is None or shown.challenge_id is None:
            raise Invalid.at("#/credential", "Send challenge_id and credential.")
        return await passkey_signed(db, context, operator, shown.challenge_id, shown.credential, subject)
    if shown.code is None:
        raise Invalid.at("#/code", "Send the code.")
    if shown.method is Method.TOTP:
        return await _take_totp(db, context, operator, shown.code)
    if shown.method in SENT:
        return await codes.take_sent(db, context, subject, shown.method, shown.code)
    return shown.method is Method.RECOVERY and await codes.take_recovery(db, context, operator.id, shown.code)


async def _take_totp(db: AsyncSession, context: Context, operator: Operator, code: str) -> bool:
    row = await repository.factor(db, operator.id, Method.TOTP)
    if row is None:
        return False
    step = totp.matching_step(setting_up.opened(context, operator, row), code, context.clock.now().timestamp())
    return step is not None and await repository.use_step(db, operator.id, step)


async def refuse_too_many(db: AsyncSession, context: Context, operator: Operator) -> None:
    """TooManyRequests while a budget of failures is spent."""
    now = context.clock.now()
    failed = await repository.failures(db, operator.id, now - BUDGETS[-1][1])
    for limit, window in BUDGETS:
        recent = [moment for moment in failed if moment > now - window]
        if len(recent) >= limit:
            wait = _until(recent[limit - 1] + window, now)
            standing = Standing(limit, 0, wait, int(window.total_seconds()))
            raise TooManyRequests(
                f"Too many wrong codes; try again in {wait} seconds.",
                retry_after=wait,
                headers=standing.headers("second-step"),
            )


def _until(moment: datetime, now: datetime) -> int:
    return max(int((moment - now).total_seconds()) + 1, 1)


async def _tell_of_recovery(db: AsyncSession, context: Context, operator: Operator, language: str) -> None:
    """Somebody used what is kept for emergencies: the owner hears of it, and so does the log."""
    left = await repository.recovery_codes_left(db, operator.id)
    action = Action.SECOND_FACTOR_RECOVERY_CODE_USED
    audit.record(db, context, operator.organization_id, action, by=operator, target=operator, left=left)
    await setting_up.refresh(db, operator)
    if operator.email:
        mail.queue(db, context, operator.email, "recovery_code_used", language, name=operator.name, left=left)
