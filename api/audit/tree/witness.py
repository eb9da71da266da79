"""Checkpoints for somebody outside: by mail and by webhook, as often as the organisation's settings say, if lines have come.

A log that only its server keeps is a promise: whoever has the server and its keys could write it anew. A checkpoint that somebody
else has shows it, with `tasuki audit verify --witness`.
"""

from datetime import datetime, timedelta

import structlog
from sqlmodel.ext.asyncio.session import AsyncSession

from api.audit.models import AuditCheckpoint
from api.audit.tree import repository
from api.audit.tree.schemas import CheckpointView
from api.context import Context
from api.mail import service as outbox
from api.mail.message import AddressUnusable
from api.organizations import repository as organizations
from api.organizations.models import Organization
from api.organizations.settings import settings_of
from api.webhooks import outbox as webhooks
from api.webhooks.schemas import AuditCheckpoint as Told
from api.webhooks.schemas import AuditCheckpointData, EventType
from wire import tokens
from wire.trail.signed import Checkpoint

EVERY_SECONDS = 60.0
"""How often it is looked whose hour has come."""
TEMPLATE = "audit_checkpoint"

log = structlog.get_logger()


def view(row: AuditCheckpoint) -> CheckpointView:
    """A checkpoint as callers see it."""
    checkpoint = Checkpoint.unverified(row.signed)
    return CheckpointView(
        organization_id=row.organization_id,
        size=row.size,
        root=checkpoint.root.hex(),
        time=row.time,
        fingerprint=tokens.unverified_key(row.signed) or "",
        checkpoint=row.signed,
        witnessed_at=row.witnessed_at,
    )


async def send_due(context: Context) -> int:
    """Send the newest checkpoint of every log whose hour has come; of how many."""
    async with context.database.read() as db:
        wanted = {
            one.organization_id for one in await repository.endpoints(db) if EventType.AUDIT_CHECKPOINT in one.events
        }
        due = [
            organization.id
            for organization in await repository.enabled_organizations(db)
            if organization.id in wanted or settings_of(organization).audit.witness_emails
            if await _due(db, organization, context.clock.now()) is not None
        ]
    for organization_id in due:
        async with context.database.write() as db:
            await organizations.lock(db, organization_id)  # of two processes one sends
            organization = await organizations.by_id(db, organization_id)
            checkpoint = organization and await _due(db, organization, context.clock.now())
            if organization and checkpoint:
                await _send(db, context, organization, checkpoint)
    return len(due)


async def _due(db: AsyncSession, organization: Organization, now: datetime) -> AuditCheckpoint | None:
    """What there is to send; None when nothing was written since, or it is too soon."""
    newest = await repository.newest_checkpoint(db, organization.id)
    if newest is None or newest.witnessed_at is not None:
        return None
    last = await repository.last_witnessed(db, organization.id)
    pause = timedelta(hours=settings_of(organization).audit.witness_every_hours)
    too_soon = last is not None and last.witnessed_at is not None and now - last.witnessed_at < pause
    return None if too_soon else newest


async def _send(db: AsyncSession, context: Context, organization: Organization, row: AuditCheckpoint) -> None:
    now, settings, shown = context.clock.now(), settings_of(organization).audit, view(row)
    await repository.mark_witnessed(db, row, now)
    values = {
        "organization": organization.name,
        "server": context.settings.public_url,
        "size": shown.size,
        "time": shown.time.strftime("%Y-%m-%d %H:%M:%S UTC"),
        "fingerprint": shown.fingerprint,
        "checkpoint": shown.checkpoint,
    }
    for email in settings.witness_emails:
        try:
            outbox.queue(db, context, email, TEMPLATE, settings.witness_language, **values)
        except AddressUnusable:
            log.warning("api.audit_witness_unusable", organization=organization.id)
    data = AuditCheckpointData.model_validate(shown, from_attributes=True)
    body = Told(timestamp=now, data=data).model_dump_json()
    await webhooks.tell(db, context, organization.id, EventType.AUDIT_CHECKPOINT, body)
