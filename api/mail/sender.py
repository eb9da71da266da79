"""Sends queued mail: again and again with growing pauses, then given up. Done with, its content is blanked.

A mail that is being sent is leased to one process, so that several never send the same. Only a process that dies between
the server's yes and the note of it makes a second copy, with the same Message-ID.
"""

import asyncio
import random
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from api.context import Context
from api.kit.sealing import KeyDestroyed, SealError
from api.mail import repository, smtp
from api.mail.models import OutboundMail
from api.mail.service import SEAL_PURPOSE, TOPIC, enabled

PAUSES = tuple(timedelta(seconds=s) for s in (5, 30, 120, 300, 900, 3600, 4 * 3600, 12 * 3600))
"""After the first attempt, the second …; about 17 hours in all."""
JITTER = 0.2
LEASE = timedelta(seconds=4 * smtp.TIMEOUT_SECONDS)
"""An attempt that does not come back (a crash) is tried again after this."""
AT_ONCE = 4
ENDINGS = {"sent": "delivered", "dead": "given_up"}
"""How a state is counted after an attempt; pending: it failed, and is tried again."""
LOOK_EVERY_SECONDS = 1.0
KEPT = timedelta(days=30)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Letter:
    """One attempt: which row, and what is sent."""

    mail_id: str
    message: bytes


async def run(context: Context) -> None:
    """For ever: at each wake-up and at least once a second, send what is due. Nothing to do without SMTP."""
    if not enabled(context):
        return
    with context.waker.listen(TOPIC) as listener:
        while True:
            try:
                while await send_due(context) == AT_ONCE:
                    pass
            except Exception:  # logged, and tried again in a second
                log.exception("api.mail_failed")
                context.metrics.failures.labels("mail").inc()
            await listener.wait(LOOK_EVERY_SECONDS)


async def send_due(context: Context) -> int:
    """One round; how many rows were taken."""
    now = context.clock.now()
    async with context.database.glance() as db:
        if not await repository.due(db, now, 1):
            return 0
    async with context.database.write() as db:
        rows = await repository.due(db, now, AT_ONCE)
        letters = [letter for row in rows if (letter := _lease(context, row, now))]
        db.add_all(rows)
    await asyncio.gather(*(_attempt(context, letter) for letter in letters))
    return len(rows)


def _lease(context: Context, row: OutboundMail, now: datetime) -> Letter | None:
    """Take a row for one attempt; None when its time is over."""
    if row.sealed is None or (row.useless_at is not None and row.useless_at <= now):
        _finish(row, "dead", now)
        return None
    row.attempts += 1
    row.next_at = now + LEASE
    sealer = context.keyring.organization(row.organization_id) if row.organization_id else context.sealer
    try:
        return Letter(row.id, sealer.open(SEAL_PURPOSE, row.id, row.sealed))
    except KeyDestroyed:  # it was for a customer who was forgotten since
        _finish(row, "dead", now)
        return None
    except SealError:  # a row that was damaged must not hold up everybody's
        log.exception("api.mail_unreadable", mail=row.id)
        _note(row, smtp.Outcome("it cannot be read"), now)
        return None


async def _attempt(context: Context, letter: Letter) -> None:
    outcome = await smtp.send(context.settings, letter.message)
    async with context.database.write() as db:
        row = await db.get(OutboundMail, letter.mail_id)
        if row is not None:
            _note(row, outcome, context.clock.now())
            db.add(row)
            context.metrics.mails.labels(ENDINGS.get(row.state, "failed")).inc()
    log.info("api.mail_sent", mail=letter.mail_id, error=outcome.error, final=outcome.final)


def _note(row: OutboundMail, outcome: smtp.Outcome, now: datetime) -> None:
    row.last_error = outcome.error
    if outcome.error is None:
        _finish(row, "sent", now)
    elif outcome.final or row.attempts > len(PAUSES):
        _finish(row, "dead", now)
    else:
        pause = PAUSES[row.attempts - 1]
        row.next_at = now + pause * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 - spreading, not secrecy


def _finish(row: OutboundMail, state: str, now: datetime) -> None:
    row.state, row.done_at, row.sealed = state, now, None
