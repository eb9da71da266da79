"""SQL of outgoing webhooks."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import col, delete, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from api.auth.permissions import Caller
from api.webhooks.models import WebhookDelivery, WebhookEndpoint

PENDING = "pending"


async def by_id(db: AsyncSession, caller: Caller, endpoint_id: str) -> WebhookEndpoint | None:
    """An endpoint of the caller's organisation."""
    mine = select(WebhookEndpoint).where(WebhookEndpoint.organization_id == caller.organization_id)
    return (await db.exec(mine.where(WebhookEndpoint.id == endpoint_id))).first()


async def page(db: AsyncSession, caller: Caller, after: str | None, limit: int) -> Sequence[WebhookEndpoint]:
    """Newest first; one more than `limit` when there are more."""
    rows = select(WebhookEndpoint).where(WebhookEndpoint.organization_id == caller.organization_id)
    if after is not None:
        rows = rows.where(col(WebhookEndpoint.id) < after)
    return (await db.exec(rows.order_by(col(WebhookEndpoint.id).desc()).limit(limit + 1))).all()


async def endpoints_of(db: AsyncSession, organization_id: str) -> Sequence[WebhookEndpoint]:
    """Every endpoint of an organisation."""
    return (await db.exec(select(WebhookEndpoint).where(WebhookEndpoint.organization_id == organization_id))).all()


async def delete_endpoint(db: AsyncSession, endpoint: WebhookEndpoint) -> None:
    """An endpoint and what was still to be sent to it."""
    await db.exec(delete(WebhookDelivery).where(col(WebhookDelivery.endpoint_id) == endpoint.id))
    await db.delete(endpoint)


async def due(db: AsyncSession, now: datetime, limit: int) -> Sequence[WebhookDelivery]:
    """Deliveries whose time has come; on PostgreSQL each is given to one process only."""
    rows = select(WebhookDelivery).where(WebhookDelivery.state == PENDING, WebhookDelivery.next_at <= now)
    return (
        await db.exec(rows.order_by(col(WebhookDelivery.next_at)).limit(limit).with_for_update(skip_locked=True))
    ).all()


async def hasten(db: AsyncSession, session_id: str, now: datetime) -> None:
    """Do not wait any longer with the first attempt."""
    first = update(WebhookDelivery).where(
        col(WebhookDelivery.session_id) == session_id,
        col(WebhookDelivery.state) == PENDING,
        col(WebhookDelivery.attempts) == 0,
    )
    await db.exec(first.values(next_at=now))


async def deliveries(db: AsyncSession, endpoint_id: str, after: str | None, limit: int) -> Sequence[WebhookDelivery]:
    """Deliveries to an endpoint, newest first; one more than `limit` when there are more."""
    rows = select(WebhookDelivery).where(WebhookDelivery.endpoint_id == endpoint_id)
    if after is not None:
        rows = rows.where(col(WebhookDelivery.id) < after)
    return (await db.exec(rows.order_by(col(WebhookDelivery.id).desc()).limit(limit + 1))).all()


async def purge(db: AsyncSession, before: datetime) -> None:
    """Forget deliveries that are done with."""
    old = delete(WebhookDelivery).where(col(WebhookDelivery.created_at) < before)
    await db.exec(old.where(col(WebhookDelivery.state) != PENDING))
