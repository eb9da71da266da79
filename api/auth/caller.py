"""Finding out who asks: an access token or an API key becomes a Caller; annotated types name the scope a route needs."""

from typing import Annotated, Any

from fastapi import Request, Security
from fastapi.security import OAuth2PasswordBearer, SecurityScopes
from sqlmodel.ext.asyncio.session import AsyncSession

from api.api_keys import service as api_keys
from api.auth.permissions import DESCRIPTIONS, Caller, Scope, authorize, effective
from api.context import Context, Ctx
from api.kit.secret import API_KEY_PREFIX
from api.operators import repository as operators
from api.operators.models import Role
from api.problems import TokenRefused, Unauthenticated
from api.signing.keyring import API_AUDIENCE
from wire import tokens
from wire.tokens import TokenError

bearer = OAuth2PasswordBearer(
    tokenUrl="/v1/auth/token",
    scheme_name="operator",
    description="An operator's access token from `POST /v1/auth/token`, or an API key (`tsk_…`).",
    scopes={str(scope): text for scope, text in DESCRIPTIONS.items()},
    auto_error=False,
)


async def authenticated(
    request: Request, needed: SecurityScopes, context: Ctx, token: Annotated[str | None, Security(bearer)]
) -> Caller:
    """The caller, allowed to do what the route needs. Reads in a transaction of its own, which is over before the route's."""
    if token is None:
        raise Unauthenticated("Send an access token or an API key as 'Authorization: Bearer …'.")
    caller = await _identify(context, token)
    for scope in needed.scopes:
        authorize(caller, Scope(scope))
    request.state.caller = caller.id
    return caller


async def _identify(context: Context, token: str) -> Caller:
    async with context.database.read() as db:
        if not token.startswith(API_KEY_PREFIX):
            return await _by_access_token(db, context, token)
        caller, stale = await api_keys.identify(db, token, context.clock.now())
    if stale:
        async with context.database.write() as db:
            await api_keys.touch(db, caller, context.clock.now())
    return caller


async def _by_access_token(db: AsyncSession, context: Context, token: str) -> Caller:
    """A signed token is only half of it: the operator must still be there, and not suspended or signed out since."""
    try:
        claims = context.keyring.verify(token, tokens.ACCESS, API_AUDIENCE)
    except TokenError as error:
        raise TokenRefused(f"Sign in again: {error}.") from error
    operator = await operators.by_id(db, str(claims.get("org")), claims["sub"])
    if operator is None or operator.suspended_at or operator.token_version != claims.get("ver"):
        raise TokenRefused("Sign in again: the access of this operator has changed.")
    role = Role(operator.role)
    return Caller(operator.id, operator.organization_id, role, effective(role), name=operator.name)


def needs(scope: Scope) -> Any:
    """The marker of a route's scope."""
    return Security(authenticated, scopes=[str(scope)])


Me = Annotated[Caller, needs(Scope.ME)]
OrganizationReader = Annotated[Caller, needs(Scope.ORGANIZATION_READ)]
OrganizationWriter = Annotated[Caller, needs(Scope.ORGANIZATION_WRITE)]
OperatorsReader = Annotated[Caller, needs(Scope.OPERATORS_READ)]
OperatorsWriter = Annotated[Caller, needs(Scope.OPERATORS_WRITE)]
SessionsReader = Annotated[Caller, needs(Scope.SESSIONS_READ)]
SessionsWriter = Annotated[Caller, needs(Scope.SESSIONS_WRITE)]
DevicesReader = Annotated[Caller, needs(Scope.DEVICES_READ)]
DevicesWriter = Annotated[Caller, needs(Scope.DEVICES_WRITE)]
DevicesConnector = Annotated[Caller, needs(Scope.DEVICES_CONNECT)]
ApiKeysReader = Annotated[Caller, needs(Scope.API_KEYS_READ)]
ApiKeysWriter = Annotated[Caller, needs(Scope.API_KEYS_WRITE)]
IntegrationsReader = Annotated[Caller, needs(Scope.INTEGRATIONS_READ)]
IntegrationsWriter = Annotated[Caller, needs(Scope.INTEGRATIONS_WRITE)]
WebhooksReader = Annotated[Caller, needs(Scope.WEBHOOKS_READ)]
WebhooksWriter = Annotated[Caller, needs(Scope.WEBHOOKS_WRITE)]
RelaysReader = Annotated[Caller, needs(Scope.RELAYS_READ)]
AuditReader = Annotated[Caller, needs(Scope.AUDIT_READ)]
