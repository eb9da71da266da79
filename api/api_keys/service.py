"""Rules of API keys: never more than their maker, never for ever, never readable again."""

from datetime import datetime, timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from api.api_keys import repository
from api.api_keys.models import ApiKey
from api.api_keys.schemas import ApiKeyCreate, ApiKeyCreated, ApiKeyView
from api.auth import standing
from api.auth.permissions import Caller, authorize, authorize_in_person, effective
from api.context import Context
from api.kit.ids import Kind, new_id
from api.kit.secret import API_KEY_PREFIX, digest, new_credential
from api.operators.models import Role
from api.problems import NotFound, TokenRefused

USE_NOTED_EVERY = timedelta(minutes=1)


async def identify(db: AsyncSession, token: str, now: datetime) -> tuple[Caller, bool]:
    """Who a key acts for, and whether its last use should be noted again.

    What its maker may do today bounds it, not what the maker could when the key was made.
    """
    found = await repository.with_maker(db, digest(token))
    if found is None:
        raise TokenRefused("This API key is not known; create a new one.")
    key, maker = found
    if key.expires_at <= now:
        raise TokenRefused("This API key has expired; create a new one.")
    if not await standing.holds(db, maker):
        raise TokenRefused("The maker of this API key is suspended or gone.")
    role = Role(maker.role)
    caller = Caller(maker.id, maker.organization_id, role, effective(role, key.scopes), key.id, f"{key.name} ({maker.name})")
    return caller, key.last_used_at is None or now - key.last_used_at >= USE_NOTED_EVERY


async def touch(db: AsyncSession, caller: Caller, now: datetime) -> None:
    """Note that a key was used."""
    await repository.touch(db, caller.id, now)


async def create(db: AsyncSession, context: Context, caller: Caller, body: ApiKeyCreate) -> ApiKeyCreated:
    """A new key with scopes that its maker has."""
    authorize_in_person(caller)
    for scope in body.scopes:
        authorize(caller, scope)
    secret, now = new_credential(API_KEY_PREFIX), context.clock.now()
    key = ApiKey(
        id=new_id(Kind.API_KEY),
        organization_id=caller.organization_id,
        operator_id=caller.operator_id,
        name=body.name,
        digest=digest(secret),
        ending=secret[-4:],
        scopes=sorted(set(body.scopes)),
        created_at=now,
        expires_at=now + timedelta(days=body.expires_in_days),
    )
    db.add(key)
    return ApiKeyCreated(**view(key).model_dump(), key=secret)


async def delete(db: AsyncSession, caller: Caller, key_id: str) -> None:
    """The key stops working at once."""
    key = await repository.by_id(db, caller, key_id)
    if key is None:
        raise NotFound("There is no such API key.")
    await db.delete(key)


def view(key: ApiKey) -> ApiKeyView:
    """What callers see."""
    return ApiKeyView.model_validate(key)
