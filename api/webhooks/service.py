"""Rules of webhook endpoints."""

import base64
import secrets

from sqlmodel.ext.asyncio.session import AsyncSession

from api import audit
from api.audit import Action
from api.auth.permissions import Caller
from api.context import Context
from api.kit.ids import Kind, new_id
from api.problems import BadRequest, NotFound
from api.webhooks import guard, repository
from api.webhooks.models import WebhookEndpoint
from api.webhooks.schemas import WebhookEndpointCreate, WebhookEndpointCreated, WebhookEndpointView

SECRET_PURPOSE = "webhook secret"
SECRET_BYTES = 32


class UrlNotAllowed(BadRequest):
    """Webhooks may not be sent there."""

    slug = "url-not-allowed"
    title = "The URL is not allowed"


def new_secret() -> str:
    """A signing secret as Standard Webhooks writes it."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


async def refuse_bad_url(context: Context, url: str) -> None:
    """Look where a URL leads before it is stored; it is looked at again before every delivery."""
    try:
        await guard.check(url, context.settings.webhook_allow_networks)
    except guard.TargetRefused as error:
        raise UrlNotAllowed(str(error)) from error


async def create(
    db: AsyncSession, context: Context, caller: Caller, body: WebhookEndpointCreate
) -> WebhookEndpointCreated:
    """A new endpoint with its own secret."""
    secret, endpoint_id = new_secret(), new_id(Kind.WEBHOOK_ENDPOINT)
    endpoint = WebhookEndpoint(
        id=endpoint_id,
        organization_id=caller.organization_id,
        url=body.url,
        events=sorted(set(body.events)),
        secret_sealed=context.keyring.organization(caller.organization_id).seal(
            SECRET_PURPOSE, endpoint_id, secret.encode()
        ),
        created_by=caller.id,
        created_at=context.clock.now(),
    )
    db.add(endpoint)
    about = {"url": body.url, "events": endpoint.events}
    audit.record(
        db, context, caller.organization_id, Action.WEBHOOK_ENDPOINT_CREATED, by=caller, target=endpoint, **about
    )
    return WebhookEndpointCreated(**view(endpoint).model_dump(), secret=secret)


async def get(db: AsyncSession, caller: Caller, endpoint_id: str) -> WebhookEndpoint:
    """An endpoint of the caller's organisation."""
    endpoint = await repository.by_id(db, caller, endpoint_id)
    if endpoint is None:
        raise NotFound("There is no such webhook endpoint.")
    return endpoint


async def delete(db: AsyncSession, context: Context, caller: Caller, endpoint_id: str) -> None:
    """Nothing more is sent there."""
    endpoint = await get(db, caller, endpoint_id)
    audit.record(
        db,
        context,
        caller.organization_id,
        Action.WEBHOOK_ENDPOINT_DELETED,
        by=caller,
        target=endpoint,
        url=endpoint.url,
    )
    await repository.delete_endpoint(db, endpoint)


def view(endpoint: WebhookEndpoint) -> WebhookEndpointView:
    """What callers see."""
    return WebhookEndpointView.model_validate(endpoint)
