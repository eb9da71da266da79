"""Sending a text by SMS: a signed HTTP call (Standard Webhooks) to the gateway of the settings, which a few lines of code are.

It is asked at once and not queued: who waits for a code sees when it cannot be sent, and takes another way. The call goes
where webhooks may go (`api/webhooks/guard.py`): to a public address over https, or into TASUKI_WEBHOOK_ALLOW_NETWORKS.
"""

import asyncio
import json
from datetime import datetime

import structlog

from api.context import Context
from api.kit.ids import Kind, new_id
from api.problems import Unavailable
from api.settings import Settings
from api.webhooks import guard

TIMEOUT_SECONDS = 5.0
TRIES = 2
"""With the same `webhook-id`: a gateway that knows it sends once."""

log = structlog.get_logger()


def enabled(context: Context) -> bool:
    """Whether this server can send texts."""
    return bool(context.settings.sms_gateway_url)


async def send(context: Context, to: str, text: str) -> None:
    """Ask the gateway to send `text`; Unavailable when it does not take it."""
    if not enabled(context):
        raise Unavailable("This server has no SMS gateway; use another way.")
    now, message_id = context.clock.now(), new_id(Kind.SMS)
    secret = await asyncio.to_thread(_secret, context.settings)
    body = json.dumps({"type": "sms.send", "timestamp": now.isoformat(), "data": {"to": to, "text": text}})
    for _ in range(TRIES):
        error = await _post(context.settings, secret, message_id, body, now)
        log.info("api.sms_sent", sms=message_id, error=error)
        if error is None:
            return
    raise Unavailable("The text message could not be sent; try again in a minute, or use another way.", retry_after=60)


async def _post(settings: Settings, secret: str, message_id: str, body: str, now: datetime) -> str | None:
    """One attempt; what went wrong, in a few words."""
    import httpx  # noqa: PLC0415 - most starts send nothing
    from standardwebhooks import Webhook  # noqa: PLC0415

    try:
        target = await guard.check(settings.sms_gateway_url, settings.webhook_allow_networks)
        headers = {
            "Host": target.host_header,
            "Content-Type": "application/json",
            "User-Agent": "Tasuki-SMS/1",
            "webhook-id": message_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(secret).sign(message_id, now, body),
        }
        async with (
            asyncio.timeout(TIMEOUT_SECONDS),
            httpx.AsyncClient(timeout=TIMEOUT_SECONDS, trust_env=False, follow_redirects=False) as client,
            client.stream(
                "POST", target.url, content=body, headers=headers, extensions={"sni_hostname": target.host}
            ) as answer,
        ):
            return None if answer.is_success else f"status {answer.status_code}"
    except guard.TargetRefused as error:
        return str(error)
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
        return type(error).__name__


def _secret(settings: Settings) -> str:
    assert settings.sms_gateway_secret_file is not None
    return settings.sms_gateway_secret_file.read_text().strip()
