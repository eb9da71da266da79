"""Rules of integrations: who may make one, and how a hook proves where it comes from."""

import json
from collections.abc import Mapping
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from api import audit
from api.audit import Action
from api.auth import standing
from api.auth.permissions import Caller, effective
from api.context import Context
from api.integrations import repository
from api.integrations.mapping import session_request
from api.integrations.models import Integration
from api.integrations.schemas import HookAnswer, IntegrationCreate, IntegrationCreated, IntegrationView
from api.kit.ids import Kind, new_id
from api.operators import repository as operators
from api.operators.models import Role
from api.problems import BadRequest, Invalid, NotFound, SignatureWrong
from api.sessions import codes, service
from api.sessions import repository as sessions
from api.webhooks.service import new_secret

SECRET_PURPOSE = "integration secret"
MAX_ID_CHARACTERS = 200


async def create(db: AsyncSession, context: Context, caller: Caller, body: IntegrationCreate) -> IntegrationCreated:
    """A new hook for an operator of the organisation."""
    if await operators.by_id(db, caller.organization_id, body.operator_id) is None:
        raise Invalid.at("#/operator_id", "operator_id names nobody in your organisation.")
    secret, integration_id = new_secret(), new_id(Kind.INTEGRATION)
    integration = Integration(
        id=integration_id,
        organization_id=caller.organization_id,
        operator_id=body.operator_id,
        kind=body.kind,
        name=body.name,
        mode=body.mode,
        mapping={str(name): path for name, path in body.mapping.items()},
        secret_sealed=context.keyring.organization(caller.organization_id).seal(
            SECRET_PURPOSE, integration_id, secret.encode()
        ),
        created_by=caller.id,
        created_at=context.clock.now(),
    )
    db.add(integration)
    about = {"name": body.name, "mode": body.mode, "operator_id": body.operator_id}
    audit.record(
        db, context, caller.organization_id, Action.INTEGRATION_CREATED, by=caller, target=integration, **about
    )
    return IntegrationCreated(**view(context, integration).model_dump(), secret=secret)


async def delete(db: AsyncSession, context: Context, caller: Caller, integration_id: str) -> None:
    """The hook answers no more."""
    integration = await repository.by_id(db, caller, integration_id)
    if integration is None:
        raise NotFound("There is no such integration.")
    audit.record(
        db, context, caller.organization_id, Action.INTEGRATION_DELETED, by=caller, target=integration,
        name=integration.name,
    )  # fmt: skip
    await db.delete(integration)


async def verified(
    db: AsyncSession, context: Context, integration_id: str, headers: Mapping[str, str], body: bytes
) -> tuple[Integration, str, Any]:
    """The integration, the message's id and its JSON. An unknown integration and a wrong signature answer alike."""
    integration = await repository.for_hook(db, integration_id)
    if integration is None:
        raise _wrong()
    sealer = context.keyring.organization(integration.organization_id)
    secret = sealer.open(SECRET_PURPOSE, integration.id, integration.secret_sealed).decode()
    message_id = headers.get("webhook-id", "")
    if not 0 < len(message_id) <= MAX_ID_CHARACTERS or not _is_signed(secret, headers, body):
        raise _wrong()
    try:
        return integration, message_id, json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Invalid.at("#", "The body is not JSON in UTF-8.") from error


async def open_session(db: AsyncSession, context: Context, integration: Integration, body: Any) -> HookAnswer:
    """The session that the hook asks for, within the policy of its operator."""
    caller = await _acting(db, integration)
    session = await service.create(db, context, caller, session_request(integration, body))
    await db.flush()
    code = codes.reveal(context, session, await sessions.code_of(db, session.id))
    assert code is not None
    public = context.settings.public_url
    return HookAnswer(
        session_id=session.id,
        code=code,
        code_expires_at=session.code_expires_at,
        join_url=f"{public}/join/{code}",
        console_url=f"{public}/console/sessions/{session.id}",
    )


def view(context: Context, integration: Integration) -> IntegrationView:
    """What callers see."""
    members = {name: getattr(integration, name) for name in IntegrationView.model_fields if name != "url"}
    return IntegrationView(**members, url=f"{context.settings.public_url}/v1/hooks/{integration.id}")


def _is_signed(secret: str, headers: Mapping[str, str], body: bytes) -> bool:
    """Standard Webhooks: signature over id, time and body, and the time is near ours."""
    from standardwebhooks import Webhook, WebhookVerificationError  # noqa: PLC0415 - only where hooks come in

    wanted = {name: headers.get(name, "") for name in ("webhook-id", "webhook-timestamp", "webhook-signature")}
    try:
        Webhook(secret).verify(body, wanted, json_parse=False)
    except (WebhookVerificationError, ValueError):
        return False
    return True


async def _acting(db: AsyncSession, integration: Integration) -> Caller:
    """A hook acts for its operator, and for nobody who is suspended; not for an organisation that is disabled."""
    operator = await operators.by_id(db, integration.organization_id, integration.operator_id)
    if operator is None or not await standing.is_active(db, operator):
        raise BadRequest("The operator of this integration cannot take sessions; change the integration.")
    role = Role.OPERATOR
    return Caller(operator.id, operator.organization_id, role, effective(role), integration.id, integration.name)


def _wrong() -> SignatureWrong:
    return SignatureWrong("Sign with the integration's secret, as Standard Webhooks says, and check the clock.")
