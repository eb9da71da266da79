"""The outbox: what endpoints must be told is written in the transaction of what happened, and sent afterwards."""

from datetime import datetime, timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from api.context import Context
from api.db import wake_after
from api.kit.ids import Kind, new_id
from api.sessions.models import Session
from api.webhooks import repository
from api.webhooks.models import WebhookDelivery

BODY_PURPOSE = "webhook body"
TOPIC = "webhooks"
"""What the sender waits for."""


async def announce(
    db: AsyncSession, session: Session, type_: str, now: datetime, patience: timedelta | None = None
) -> None:
    """Queue `type_` for every endpoint that wants it; the first attempt may wait `patience` for what is still coming in."""
    wanted = [one for one in await repository.endpoints_of(db, session.organization_id) if type_ in one.events]
    for endpoint in wanted:
        db.add(
            WebhookDelivery(
                id=new_id(Kind.DELIVERY),
                endpoint_id=endpoint.id,
                session_id=session.id,
                type=type_,
                next_at=now + patience if patience else now,
                created_at=now,
            )
        )
    if wanted:  # the sender is not woken to find nothing
        wake_after(db, [TOPIC])


async def tell(db: AsyncSession, context: Context, organization_id: str, type_: str, body: str) -> None:
    """Queue what is about no session: `body` is what is sent, as it is now."""
    wanted = [one for one in await repository.endpoints_of(db, organization_id) if type_ in one.events]
    now, sealer = context.clock.now(), context.keyring.organization(organization_id)
    for endpoint in wanted:
        delivery_id = new_id(Kind.DELIVERY)
        sealed = sealer.seal(BODY_PURPOSE, delivery_id, body.encode())
        db.add(
            WebhookDelivery(
                id=delivery_id, endpoint_id=endpoint.id, type=type_, body_sealed=sealed, next_at=now, created_at=now
            )
        )
    if wanted:
        wake_after(db, [TOPIC])


async def hasten(db: AsyncSession, session_id: str, now: datetime) -> None:
    """What was waited for has come."""
    await repository.hasten(db, session_id, now)
    wake_after(db, [TOPIC])
