"""What happens by itself: codes run out, time limits end sessions, lost ones end, relays go silent, old rows go."""

import asyncio
import time
from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from sqlmodel.ext.asyncio.session import AsyncSession

from api.auth import repository as sign_ins
from api.budgets import repository as budgets
from api.budgets.counts import BUCKET_SECONDS, LONGEST_WINDOW_SECONDS
from api.context import Context
from api.customers import forgetting, sweeping
from api.db import take_turn
from api.device_enrolments import repository as enrolments
from api.device_enrolments.service import KEPT as ENROLMENTS_KEPT
from api.device_self import service as device_side
from api.devices import repository as devices
from api.idempotency import service as idempotency
from api.mail import repository as mail
from api.mail.sender import KEPT as MAIL_KEPT
from api.operator_invitations import repository as operator_invitations
from api.organizations import repository as organizations
from api.passwords import known_devices
from api.passwords import repository as passwords
from api.relays import reports
from api.relays import repository as relays
from api.relays import service as relay_rules
from api.relays.models import Relay
from api.retention import service as retention
from api.rotations import service as rotations
from api.second_factors import repository as second_factors
from api.second_factors.proving import BUDGETS as SECOND_STEP_BUDGETS
from api.sessions import codes, ending
from api.sessions import repository as sessions
from api.sessions.models import Session
from api.sessions.modes import Party
from api.sessions.tickets import RESUME_LIFE
from api.webhooks import repository as webhooks

EVERY_SECONDS = 1.0
PURGE_EVERY = timedelta(minutes=10)
BATCH = 100
TURN = "upkeep"
"""Of several api processes one at a time does it; the others look again a second later."""
LOST_AFTER = RESUME_LIFE
"""Nobody can come back after the last resume ticket has expired."""
BUDGETS_REACH = timedelta(seconds=LONGEST_WINDOW_SECONDS + BUCKET_SECONDS)
DELIVERIES_KEPT = timedelta(days=30)
SECOND_STEPS_KEPT = SECOND_STEP_BUDGETS[-1][1]

log = structlog.get_logger()


async def run(context: Context) -> None:
    """For ever, once a second. A failure is logged and tried again: this must not stop."""
    started = context.clock.now()
    purged: datetime | None = None
    while True:
        try:
            now = context.clock.now()
            await tick(context, started)
            await forgetting.finish_begun(context)
            await rotations.tend(context)
            await retention.step(context)
            if purged is None or now - purged >= PURGE_EVERY:
                purged = now
                await purge(context)
                await sweeping.sweep(context)
                await retention.begin(context)
        except Exception:  # logged, and tried again in a second
            log.exception("api.upkeep_failed")
            context.metrics.failures.labels("upkeep").inc()
        else:
            context.upkeep_at = time.monotonic()
        await asyncio.sleep(EVERY_SECONDS)


async def tick(context: Context, started: datetime) -> None:
    """One round. Looks first and takes the write lock only when there is something to do."""
    async with context.database.glance() as db:
        if not context.database.is_sqlite:
            context.relay_origins |= relay_rules.origins(await relays.all_relays(db))
        if not await _anything(db, context, started):
            return
    async with context.database.write() as db:
        if not await take_turn(db, TURN):
            return
        now = context.clock.now()
        for session in await sessions.expired(db, now, BATCH):
            await ending.expire(db, context, session)
        for session in await sessions.over_limit(db, now, BATCH):
            await ending.end(db, context, session, Party.SYSTEM, "time_limit")
        for session in await _lost(db, context, started, BATCH):
            await ending.end(db, context, session, Party.SYSTEM, "lost")
        for device in await devices.quiet(db, device_side.silent_since(now), BATCH):
            await device_side.fall_silent(db, context, device)
        for organization_id in await organizations.disabled_with_sessions(db):
            await ending.end_all_of_organization(db, context, organization_id)
        for relay in await _silent(db, context, started):
            await reports.relay_lost(db, context, relay)


async def purge(context: Context) -> None:
    """Delete what has served its time."""
    async with context.database.write() as db:
        if not await take_turn(db, TURN):
            return
        now = context.clock.now()
        await sign_ins.purge(db, now, context.settings.refresh_token_life)
        await operator_invitations.purge(db, now)
        await passwords.purge(db, now - known_devices.FORGOTTEN_AFTER)
        await idempotency.purge(db, context)
        await budgets.purge(db, int((now - BUDGETS_REACH).timestamp() * 1000))
        await enrolments.purge(db, now - ENROLMENTS_KEPT)
        await sessions.purge_codes(db, now - codes.KEPT_AFTER_END)
        await relays.purge(db, now - relay_rules.KEPT)
        await webhooks.purge(db, now - DELIVERIES_KEPT)
        await second_factors.purge(db, now, now - SECOND_STEPS_KEPT)
        await mail.purge(db, now - MAIL_KEPT)


async def _anything(db: AsyncSession, context: Context, started: datetime) -> bool:
    now = context.clock.now()
    return bool(
        await sessions.expired(db, now, 1)
        or await sessions.over_limit(db, now, 1)
        or await _lost(db, context, started, 1)
        or await organizations.disabled_with_sessions(db)
        or await devices.quiet(db, device_side.silent_since(now), 1)
        or await _silent(db, context, started)
    )


async def _lost(db: AsyncSession, context: Context, started: datetime, limit: int) -> Sequence[Session]:
    """Time counts only while this process is up: it could not hear who came back before it started."""
    before = context.clock.now() - LOST_AFTER
    return await sessions.lost(db, before, limit) if started <= before else []


async def _silent(db: AsyncSession, context: Context, started: datetime) -> list[Relay]:
    """Relays with somebody on them that were not heard of; not before this process had time to hear them."""
    since = relay_rules.healthy_since(context)
    if started > since:
        return []
    quiet = await relays.silent(db, since)
    return [relay for relay in quiet if await sessions.participants_on(db, relay.id)]
