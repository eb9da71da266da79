"""Telling people that somebody seems to be guessing: once, for as long as it lasts."""

from datetime import datetime, timedelta

import structlog
from sqlmodel.ext.asyncio.session import AsyncSession

from api.audit import service as audit
from api.audit.actions import Action
from api.context import Context
from api.join import repository
from api.join.budgets import GLOBAL_WINDOW_SECONDS, Attempt
from api.mail import service as mail
from api.mail.message import AddressUnusable
from api.operators import repository as operators
from api.organizations import repository as organizations
from api.sessions.codes import SHIELDED_DIGITS

ALARM = "join shield"
LOOK_AGAIN = timedelta(minutes=1)
"""How often the alarm is said to go on."""
LASTS = timedelta(seconds=GLOBAL_WINDOW_SECONDS)
"""The shield is down again when there was no new failure for so long; the next one is news then."""

log = structlog.get_logger()


async def notice(context: Context, attempt: Attempt) -> None:
    """Called for each try, outside of any transaction; nearly always there is nothing to do."""
    now = context.clock.now()
    if not attempt.shielded or now < context.shield_noted_until:
        return
    context.shield_noted_until = now + LOOK_AGAIN
    async with context.database.write() as db:
        if await repository.raise_alarm(db, ALARM, now, now + LASTS):
            await _tell(db, context, attempt, now)


async def _tell(db: AsyncSession, context: Context, attempt: Attempt, now: datetime) -> None:
    """The log, and every organisation: its administrative log, and its administrators by mail where that is set up."""
    log.warning("join.shield_raised", failures=attempt.failures, digits=SHIELDED_DIGITS)
    for organization in await organizations.every(db):
        audit.record(
            db, context, organization.id, Action.JOIN_SHIELD_RAISED, by=audit.SYSTEM, target=organization,
            failures=attempt.failures, digits=SHIELDED_DIGITS, time=now.isoformat(),
        )  # fmt: skip
        for administrator in await operators.administrators(db, organization.id):
            _mail(db, context, administrator.name, administrator.email, attempt.failures)


def _mail(db: AsyncSession, context: Context, name: str, email: str | None, failures: int) -> None:
    if email is None:
        return
    server, digits = context.settings.public_url, SHIELDED_DIGITS
    try:
        mail.queue(db, context, email, "join_shield", "en", name=name, failures=failures, server=server, digits=digits)
    except AddressUnusable:
        log.warning("join.shield_mail_unusable", operator=name)
