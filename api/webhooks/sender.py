"""Sends what is in the outbox: signed, to a checked address, again and again with growing pauses, then given up."""

import asyncio
import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import structlog
from sqlmodel.ext.asyncio.session import AsyncSession

from api.context import Context
from api.kit.sealing import KeyDestroyed, Sealer, SealError
from api.sessions.models import Session
from api.webhooks import bodies, guard, repository
from api.webhooks.models import WebhookDelivery, WebhookEndpoint
from api.webhooks.outbox import BODY_PURPOSE, TOPIC
from api.webhooks.service import SECRET_PURPOSE

if TYPE_CHECKING:
    import httpx

PAUSES = tuple(timedelta(seconds=s) for s in (5, 30, 120, 300, 900, 3600, 4 * 3600, 12 * 3600, 24 * 3600, 24 * 3600))
"""After the first attempt, the second …; about three days in all."""
JITTER = 0.2
LEASE = timedelta(seconds=60)
"""An attempt that does not come back (a crash) is tried again after this."""
TIMEOUT_SECONDS = 5.0
MAX_ANSWER_BYTES = 64 * 1024
AT_ONCE = 8
UNREADABLE = "it cannot be read on the server; see its log"
ENDINGS = {"delivered": "delivered", "dead": "given_up"}
"""How a state is counted after an attempt; pending: it failed, and is tried again."""
LOOK_EVERY_SECONDS = 1.0

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Message:
    """One attempt: what goes where."""

    delivery_id: str
    url: str
    body: str
    secret: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt went."""

    status: int | None
    error: str | None

    @property
    def good(self) -> bool:
        """Taken by the endpoint."""
        return self.status is not None and 200 <= self.status < 300


async def run(context: Context) -> None:
    """For ever: at each wake-up and at least once a second, send what is due."""
    with context.waker.listen(TOPIC) as listener:
        while True:
            try:
                while await send_due(context) == AT_ONCE:
                    pass
            except Exception:  # logged, and tried again in a second
                log.exception("api.webhooks_failed")
                context.metrics.failures.labels("webhooks").inc()
            await listener.wait(LOOK_EVERY_SECONDS)


async def send_due(context: Context) -> int:
    """One round; how many attempts were made."""
    async with context.database.glance() as db:
        if not await repository.due(db, context.clock.now(), 1):
            return 0
    async with context.database.write() as db:
        rows = await repository.due(db, context.clock.now(), AT_ONCE)
        messages = [message for row in rows if (message := await _prepare(db, context, row))]
    await asyncio.gather(*(_attempt(context, message) for message in messages))
    return len(messages)


async def _prepare(db: AsyncSession, context: Context, row: WebhookDelivery) -> Message | None:
    """Fix the body at the first attempt, and lease the row for this one; None when its customer was forgotten meanwhile."""
    endpoint = await db.get_one(WebhookEndpoint, row.endpoint_id)
    sealer = context.keyring.organization(endpoint.organization_id)
    try:
        body = await _body(db, context, row, sealer)
        secret = sealer.open(SECRET_PURPOSE, endpoint.id, endpoint.secret_sealed).decode()
    except KeyDestroyed:
        row.state, row.last_error = "dead", "the customer was forgotten"
        db.add(row)
        return None
    except (SealError, ValueError):  # a row that was damaged must not hold up everybody's
        log.exception("api.webhook_unreadable", delivery=row.id)
        row.attempts += 1
        _note(row, Outcome(None, UNREADABLE), context.clock.now())
        db.add(row)
        return None
    row.attempts += 1
    row.next_at = context.clock.now() + LEASE
    db.add(row)
    return Message(row.id, endpoint.url, body, secret)


async def _body(db: AsyncSession, context: Context, row: WebhookDelivery, organization: Sealer) -> str:
    """Sealed under the key of the session's customer; the organisation's when it is about no session."""
    if row.session_id is None:
        return organization.open(BODY_PURPOSE, row.id, row.body_sealed or b"").decode()
    session = await db.get_one(Session, row.session_id)
    sealer = context.keyring.customer(session)
    if session.forgotten:
        raise KeyDestroyed("nothing is told about a forgotten customer")
    if row.body_sealed is not None:
        return sealer.open(BODY_PURPOSE, row.id, row.body_sealed).decode()
    body = (await bodies.session_ended(db, context, session)).model_dump_json()
    row.body_sealed = sealer.seal(BODY_PURPOSE, row.id, body.encode())
    return body


async def _attempt(context: Context, message: Message) -> None:
    outcome = await _send(context, message)
    async with context.database.write() as db:
        row = await db.get(WebhookDelivery, message.delivery_id)
        if row is not None:
            _note(row, outcome, context.clock.now())
            db.add(row)
            context.metrics.webhooks.labels(ENDINGS.get(row.state, "failed")).inc()
    log.info("api.webhook_sent", delivery=message.delivery_id, status=outcome.status, error=outcome.error)


def _note(row: WebhookDelivery, outcome: Outcome, now: datetime) -> None:
    row.last_status, row.last_error = outcome.status, outcome.error
    if outcome.good:
        row.state, row.delivered_at = "delivered", now
    elif row.attempts > len(PAUSES):
        row.state = "dead"
    else:
        pause = PAUSES[row.attempts - 1]
        row.next_at = now + pause * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 - spreading, not secrecy


async def _send(context: Context, message: Message) -> Outcome:
    """One attempt. The address is checked anew and pinned: a name that changed its address leads nowhere."""
    import httpx  # noqa: PLC0415 - most starts send nothing for a long while

    try:
        target = await guard.check(message.url, context.settings.webhook_allow_networks)
        async with httpx.AsyncClient(timeout=TIMEOUT_SECONDS, trust_env=False, follow_redirects=False) as client:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                return await _post(client, target, message, context.clock.now())
    except guard.TargetRefused as error:
        return Outcome(None, str(error))
    except TimeoutError:
        return Outcome(None, f"no answer within {TIMEOUT_SECONDS:.0f} seconds")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return Outcome(None, type(error).__name__)


async def _post(client: "httpx.AsyncClient", target: guard.Target, message: Message, now: datetime) -> Outcome:
    headers = {"Host": target.host_header, "Content-Type": "application/json", "User-Agent": "Tasuki-Webhooks/1"}
    headers |= _signature(message, now)
    request = client.build_request(
        "POST", target.url, content=message.body.encode(), headers=headers, extensions={"sni_hostname": target.host}
    )
    response = await client.send(request, stream=True)
    try:
        taken = 0
        async for piece in response.aiter_raw():
            taken += len(piece)
            if taken > MAX_ANSWER_BYTES:
                break
    finally:
        await response.aclose()
    error = "redirects are not followed" if response.is_redirect else None
    return Outcome(response.status_code, error)


def _signature(message: Message, now: datetime) -> dict[str, str]:
    """Headers of the Standard Webhooks specification."""
    from standardwebhooks import Webhook  # noqa: PLC0415 - with httpx

    return {
        "webhook-id": message.delivery_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(message.secret).sign(message.delivery_id, now, message.body),
    }
