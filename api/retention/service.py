"""Rules of retention: once a day what is over its time goes, batch by batch, and a line in the log says how much it was.

A batch is one short transaction, and between two of them whoever waits gets their turn. It deletes sessions with everything
that hangs on them; when none are left, old lines of the administrative log. What a legal hold covers stays.
"""

import calendar
from datetime import datetime, timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from api import audit
from api.audit import SYSTEM, Action
from api.auth.permissions import Caller
from api.context import Context
from api.organizations import repository as organizations
from api.organizations import service as organization_rules
from api.organizations.models import Organization
from api.organizations.settings import settings_of
from api.retention import repository
from api.retention.models import RetentionRun
from api.retention.schemas import Due, LastPurge, RetentionView

EVERY = timedelta(days=1)
BATCH = 50
"""Sessions of one transaction: some thousand rows, some milliseconds."""


def months_before(now: datetime, months: int) -> datetime:
    """The same day and time so many calendar months earlier; the last day of a month that is shorter."""
    count = now.year * 12 + now.month - 1 - months
    year, month = count // 12, count % 12 + 1
    return now.replace(year=year, month=month, day=min(now.day, calendar.monthrange(year, month)[1]))


def kept_since(organization: Organization, now: datetime) -> datetime | None:
    """What ended before this goes; None where everything is kept."""
    months = settings_of(organization).retention.months
    return None if months is None else months_before(now, months)


async def begin(context: Context) -> None:
    """Begin the purge of every organisation whose day has come and that has something to purge."""
    async with context.database.read() as db:
        now, wanted = context.clock.now(), []
        for organization, run in await repository.organizations_with_runs(db):
            before = kept_since(organization, now)
            waits = run is not None and (run.finished_at is None or now - run.started_at < EVERY)
            if before is None or waits:
                continue
            lines_before = await _lines_before(db, organization.id, before)
            if await repository.any_due(db, organization.id, before, lines_before):
                wanted.append((organization.id, before))
    for organization_id, before in wanted:
        async with context.database.write() as db:
            await _begin(db, organization_id, before, context.clock.now())


async def _begin(db: AsyncSession, organization_id: str, before: datetime, now: datetime) -> None:
    """Under the organisation's lock: of two processes one begins."""
    await organizations.lock(db, organization_id)
    run = await repository.run_of(db, organization_id)
    if run is None:
        run = RetentionRun(organization_id=organization_id, before=before, started_at=now)
    elif now - run.started_at < EVERY:
        return
    run.before, run.started_at, run.finished_at = before, now, None
    run.sessions = run.events = run.audit_events = run.customers = 0
    db.add(run)


async def step(context: Context) -> bool:
    """One batch of a purge that was begun, in a transaction of its own; whether there was one."""
    async with context.database.read() as db:
        if not await repository.unfinished(db):
            return False
    async with context.database.write() as db:
        run = await repository.begun(db)
        if run is not None:
            await _batch(db, context, run)
    return True


async def _batch(db: AsyncSession, context: Context, run: RetentionRun) -> None:
    """The settings of now hold: who has decided to keep for longer since the purge began loses nothing more."""
    await organizations.lock(db, run.organization_id)  # who orders a hold waits, and what is ordered is seen
    organization = await organizations.by_id(db, run.organization_id)
    now = context.clock.now()
    before = None if organization is None else kept_since(organization, now)
    if before is not None:
        before = min(before, run.before)
        due = await repository.due_sessions(db, run.organization_id, before, BATCH)
        if due:
            gone = await repository.delete_sessions(db, due)
            run.sessions += gone.sessions
            run.events += gone.events
            run.customers += gone.customers
            db.add(run)
            return
        pruned = await audit.prune(
            db, context, run.organization_id, await _lines_before(db, run.organization_id, before)
        )
        if pruned:
            run.audit_events += pruned
            db.add(run)
            return
    run.finished_at = now
    db.add(run)
    if not any((run.sessions, run.audit_events)):
        return
    audit.record(
        db, context, run.organization_id, Action.RETENTION_PURGED, by=SYSTEM, target=run.organization_id,
        before=run.before.isoformat(), sessions=run.sessions, events=run.events, audit_events=run.audit_events,
        customers=run.customers,
    )  # fmt: skip


async def _lines_before(db: AsyncSession, organization_id: str, before: datetime) -> datetime:
    """Lines of the log go from the oldest on: while a session is held, those since it was made stay with it."""
    held = await repository.held_since(db, organization_id)
    return before if held is None else min(before, held)


async def view(db: AsyncSession, context: Context, caller: Caller) -> RetentionView:
    """What the next purge takes away, and what the last one took."""
    organization = await organization_rules.get(db, caller)
    now = context.clock.now()
    before = kept_since(organization, now)
    run = await repository.run_of(db, organization.id)
    due = Due(sessions=0, audit_events=0, held_sessions=0)
    if before is not None:
        due = Due(
            sessions=await repository.count_sessions(db, organization.id, before, held=False),
            held_sessions=await repository.count_sessions(db, organization.id, before, held=True),
            audit_events=await repository.count_lines(
                db, organization.id, await _lines_before(db, organization.id, before)
            ),
        )
    return RetentionView(
        months=settings_of(organization).retention.months,
        before=before,
        next_at=None if before is None else max(now, run.started_at + EVERY) if run else now,
        due=due,
        oldest_ended_at=await repository.oldest(db, organization.id),
        last=LastPurge.model_validate(run) if run else None,
    )
