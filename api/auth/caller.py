"""Finding out who asks: an access token or an API key becomes a Caller; annotated types name the scope a route needs."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Request, Security
from fastapi.security import OAuth2PasswordBearer, SecurityScopes
from sqlmodel.ext.asyncio.session import AsyncSession

from api.api_keys import service as api_keys
from api.auth import repository as sign_ins
from api.auth import standing
from api.auth.methods import AGAIN
from api.auth.models import SignIn
from api.auth.permissions import DESCRIPTIONS, FRESH, Caller, Proof, Scope, authorize, authorize_fresh, effective
from api.context import Context, Ctx
from api.kit.secret import API_KEY_PREFIX
from api.operators.models import Operator, Role
from api.problems import TokenRefused, Unauthenticated
from api.signing.signer import API_AUDIENCE
from wire import tokens
from wire.tokens import TokenError

bearer = OAuth2PasswordBearer(
    tokenUrl="/v1/auth/token",
    scheme_name="operator",
    description="An operator's access token from `POST /v1/auth/token`, or an API key (`tsk_…`).",
    scopes={str(scope): text for scope, text in DESCRIPTIONS.items()}
    | {FRESH: "In person, and proved a few minutes ago: `POST /v1/auth/step-up`. No role or key has it."},
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
        if scope == FRESH:
            authorize_fresh(caller)
        else:
            authorize(caller, Scope(scope))
    request.state.caller = caller.id
    return caller


async def _identify(context: Context, token: str) -> Caller:
    async with context.database.glance() as db:
        if not token.startswith(API_KEY_PREFIX):
            return await _by_access_token(db, context, token)
        caller, stale = await api_keys.identify(db, token, context.clock.now())
    if stale:
        async with context.database.write() as db:
            await api_keys.touch(db, context, caller)
    return caller


async def _by_access_token(db: AsyncSession, context: Context, token: str) -> Caller:
    """A signed token is only half of it: operator and sign-in must still be there, and the access not changed since."""
    try:
        claims = context.signer.verify(token, tokens.ACCESS, API_AUDIENCE)
    except TokenError as error:
        raise TokenRefused(f"Sign in again: {error}.") from error
    found = await sign_ins.signed_in(db, str(claims.get("org")), claims["sub"], str(claims.get("fam")))
    if found is None:
        raise TokenRefused("Sign in again: this sign-in was ended.")
    operator, sign_in = found
    if not await standing.holds(db, operator) or operator.token_version != claims.get("ver"):
        raise TokenRefused("Sign in again: the access of this operator has changed.")
    role = Role(operator.role)
    proof = _proof(context, operator, sign_in, claims)
    return Caller(operator.id, operator.organization_id, role, effective(role), name=operator.name, proof=proof)


def _proof(context: Context, operator: Operator, sign_in: SignIn, claims: tokens.Claims) -> Proof:
    """The token says when: a step-up elsewhere makes no older token fresh."""
    at = datetime.fromtimestamp(int(claims.get("auth_time", 0)), UTC)
    again = tuple(method for method in operator.second_factors if method in AGAIN)
    return Proof(
        sign_in_id=sign_in.id,
        methods=tuple(sign_in.methods),
        at=at,
        fresh=context.clock.now() - at <= context.settings.step_up_after,
        again=again or ("password",),
        machine_id=sign_in.machine_id,
    )


def needs(scope: Scope, *, fresh: bool = False) -> Any:
    """The marker of a route's scope; `fresh` for acts that could hurt, which also need a proof of a moment ago."""
    return Security(authenticated, scopes=[str(scope), FRESH] if fresh else [str(scope)])


Me = Annotated[Caller, needs(Scope.ME)]
MyselfWriter = Annotated[Caller, needs(Scope.ME_WRITE)]
FreshMyselfWriter = Annotated[Caller, needs(Scope.ME_WRITE, fresh=True)]
OrganizationReader = Annotated[Caller, needs(Scope.ORGANIZATION_READ)]
OrganizationWriter = Annotated[Caller, needs(Scope.ORGANIZATION_WRITE)]
FreshOrganizationWriter = Annotated[Caller, needs(Scope.ORGANIZATION_WRITE, fresh=True)]
OperatorsReader = Annotated[Caller, needs(Scope.OPERATORS_READ)]
OperatorsWriter = Annotated[Caller, needs(Scope.OPERATORS_WRITE)]
FreshOperatorsWriter = Annotated[Caller, needs(Scope.OPERATORS_WRITE, fresh=True)]
PoliciesReader = Annotated[Caller, needs(Scope.POLICIES_READ)]
PoliciesWriter = Annotated[Caller, needs(Scope.POLICIES_WRITE)]
SessionsReader = Annotated[Caller, needs(Scope.SESSIONS_READ)]
SessionsWriter = Annotated[Caller, needs(Scope.SESSIONS_WRITE)]
DevicesReader = Annotated[Caller, needs(Scope.DEVICES_READ)]
DevicesWriter = Annotated[Caller, needs(Scope.DEVICES_WRITE)]
FreshDevicesWriter = Annotated[Caller, needs(Scope.DEVICES_WRITE, fresh=True)]
DevicesConnector = Annotated[Caller, needs(Scope.DEVICES_CONNECT)]
ApiKeysReader = Annotated[Caller, needs(Scope.API_KEYS_READ)]
ApiKeysWriter = Annotated[Caller, needs(Scope.API_KEYS_WRITE)]
FreshApiKeysWriter = Annotated[Caller, needs(Scope.API_KEYS_WRITE, fresh=True)]
IntegrationsReader = Annotated[Caller, needs(Scope.INTEGRATIONS_READ)]
IntegrationsWriter = Annotated[Caller, needs(Scope.INTEGRATIONS_WRITE)]
WebhooksReader = Annotated[Caller, needs(Scope.WEBHOOKS_READ)]
WebhooksWriter = Annotated[Caller, needs(Scope.WEBHOOKS_WRITE)]
RelaysReader = Annotated[Caller, needs(Scope.RELAYS_READ)]
AuditReader = Annotated[Caller, needs(Scope.AUDIT_READ)]
ReportsReader = Annotated[Caller, needs(Scope.REPORTS_READ)]
CustomersReader = Annotated[Caller, needs(Scope.CUSTOMERS_READ)]
FreshCustomersForgetter = Annotated[Caller, needs(Scope.CUSTOMERS_FORGET, fresh=True)]
HoldsReader = Annotated[Caller, needs(Scope.HOLDS_READ)]
HoldsWriter = Annotated[Caller, needs(Scope.HOLDS_WRITE)]
FreshHoldsWriter = Annotated[Caller, needs(Scope.HOLDS_WRITE, fresh=True)]
FreshPoliciesWriter = Annotated[Caller, needs(Scope.POLICIES_WRITE, fresh=True)]
