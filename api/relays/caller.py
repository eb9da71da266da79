"""Which relay is asking, by its token."""

from typing import Annotated

from fastapi import Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from api.context import Ctx, Db
from api.kit.secret import RELAY_PREFIX, digest
from api.problems import TokenRefused, Unauthenticated
from api.relays import repository
from api.relays.models import Relay

bearer = HTTPBearer(
    scheme_name="relay", description="A relay's token (`rly_…`) from `tasuki admin relay add`.", auto_error=False
)

Credentials = Annotated[HTTPAuthorizationCredentials | None, Security(bearer)]


async def asking_relay(request: Request, db: Db, given: Credentials) -> Relay:
    """The relay whose token was sent, in the request's transaction."""
    return _found(request, await repository.by_token(db, _digest(given)))


async def asking_relay_id(request: Request, context: Ctx, given: Credentials) -> str:
    """Its id alone, read in a transaction of its own: a long poll holds no connection."""
    async with context.database.read() as db:
        return _found(request, await repository.by_token(db, _digest(given))).id


def _digest(given: HTTPAuthorizationCredentials | None) -> str:
    if given is None or not given.credentials.startswith(RELAY_PREFIX):
        raise Unauthenticated("Send the relay's token as 'Authorization: Bearer rly_…'.")
    return digest(given.credentials)


def _found(request: Request, relay: Relay | None) -> Relay:
    if relay is None:
        raise TokenRefused("This relay token is not known; make a new one with: tasuki admin relay add")
    request.state.caller = relay.id
    return relay


AskingRelay = Annotated[Relay, Security(asking_relay)]
AskingRelayId = Annotated[str, Security(asking_relay_id)]
