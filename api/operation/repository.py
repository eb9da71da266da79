"""SQL of what is watched. Each statement reads an index of the few rows that are not done with."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import col, exists, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from api.audit.models import AuditEntry, AuditEvent
from api.mail.models import OutboundMail
from api.relays.models import Relay
from api.sessions.models import Session
from api.webhooks.models import WebhookDelivery

PENDING = "pending"


@dataclass(frozen=True, slots=True)
class Outbox:
    """What is still to be sent, and since when the one that waits longest should have been."""

    waiting: int
    due_since: datetime | None


async def live_sessions(db: AsyncSession) -> dict[str, int]:
    """Sessions that have not ended, by state."""
    rows = select(Session.state, func.count()).where(col(Session.ended_at).is_(None)).group_by(Session.state)
    return {str(state): int(number) for state, number in (await db.exec(rows)).all()}


async def webhooks(db: AsyncSession) -> Outbox:
    """Deliveries that were not taken yet."""
    rows = select(func.count(), func.min(WebhookDelivery.next_at)).where(WebhookDelivery.state == PENDING)
    return Outbox(*(await db.exec(rows)).one())


async def mails(db: AsyncSession) -> Outbox:
    """Mail that was not sent yet."""
    rows = select(func.count(), func.min(OutboundMail.next_at)).where(OutboundMail.state == PENDING)
    return Outbox(*(await db.exec(rows)).one())


async def relays(db: AsyncSession, since: datetime) -> int:
    """Relays heard of since then that take sessions."""
    rows = (
        select(func.count()).select_from(Relay).where(col(Relay.heartbeat_at) >= since, col(Relay.draining).is_(False))
    )
    return int((await db.exec(rows)).one())


async def unplaced_since(db: AsyncSession, after: str) -> datetime | None:
    """The time of the oldest line of a log, of those with a greater id, that has no place in its tree yet."""
    placed = exists().where(col(AuditEntry.event_id) == AuditEvent.id)
    rows = select(AuditEvent.time).where(AuditEvent.id > after, ~placed).order_by(AuditEvent.id).limit(1)
    return (await db.exec(rows)).first()


async def clock(db: AsyncSession) -> datetime | None:
    """The database server's time; None for SQLite, whose clock is this machine's."""
    if db.get_bind().dialect.name == "sqlite":
        return None
    now: datetime = (await db.exec(select(func.clock_timestamp()))).one()
    return now
