"""Rules of API keys: never more than their maker, never for ever, never readable again."""

from datetime import datetime, timedelta
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from api.api_keys import repository
from api.api_keys.models import ApiKey
from api.api_keys.schemas import ApiKeyCreate, ApiKeyCreated, ApiKeyRotate, ApiKeyView
from api.audit import service as audit
from api.audit.actions import Action
from api.auth import standing
from api.auth.permissions import Caller, authorize, effective
from api.context import Context
from api.kit.asking import asking
from api.kit.ids import Kind, new_id
from api.kit.networks import inside
from api.kit.secret import API_KEY_PREFIX, digest, new_credential
from api.operators.models import Role
from api.problems import Forbidden, NetworkNotAllowed, NotFound, TokenRefused

USE_NOTED_EVERY = timedelta(minutes=1)
PURPOSE = "api key address"


async def identify(db: AsyncSession, token: str, now: datetime) -> tuple[Caller, bool]:
    """Who a key acts for, and whether its last use should be noted again.

    What its maker may do today bounds it, not what the maker could when the key was made; so do the maker's networks.
    """
    sent = digest(token)
    found = await repository.with_maker(db, sent)
    if found is None:
        raise TokenRefused("This API key is not known; create a new one.")
    key, maker = found
    if key.expires_at <= now:
        raise TokenRefused("This API key has expired; rotate it or create a new one.")
    if sent != key.digest and (key.old_expires_at is None or key.old_expires_at <= now):
        raise TokenRefused("The secret of this API key was replaced; use the new one.")
    if not await standing.holds(db, maker):
        raise TokenRefused("The maker of this API key is suspended or gone.")
    address = asking().address
    if not inside(address, key.networks):
        raise NetworkNotAllowed(f"{address} is in none of the networks of this API key; use one of those.")
    role = Role(maker.role)
    name = f"{key.name} ({maker.name})"
    caller = Caller(maker.id, maker.organization_id, role, effective(role, key.scopes), key.id, name)
    return caller, key.last_used_at is None or now - key.last_used_at >= USE_NOTED_EVERY


async def touch(db: AsyncSession, context: Context, caller: Caller) -> None:
    """Note that a key was used, and from where."""
    address = asking().address
    sealer = context.keyring.organization(caller.organization_id)
    sealed = None if address is None else sealer.seal(PURPOSE, caller.id, address.encode())
    await repository.touch(db, caller.id, context.clock.now(), sealed)


async def create(db: AsyncSession, context: Context, caller: Caller, body: ApiKeyCreate) -> ApiKeyCreated:
    """A new key with scopes that its maker has."""
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
        networks=body.networks,
        created_at=now,
        expires_at=now + timedelta(days=body.expires_in_days),
    )
    db.add(key)
    _record(db, context, caller, Action.API_KEY_CREATED, key, scopes=key.scopes, networks=key.networks)
    return ApiKeyCreated(**view(context, key).model_dump(), key=secret)


async def rotate(db: AsyncSession, context: Context, caller: Caller, key_id: str, body: ApiKeyRotate) -> ApiKeyCreated:
    """A new secret with the same scopes. Only its maker may: whoever holds the secret acts for them."""
    key = await _get(db, caller, key_id)
    if key.operator_id != caller.operator_id:
        raise Forbidden("Only the maker of an API key can rotate it; delete it, or ask them.")
    secret, now = new_credential(API_KEY_PREFIX), context.clock.now()
    overlap = min(key.expires_at, now + timedelta(minutes=body.overlap_minutes))
    key.old_digest, key.old_expires_at = (key.digest, overlap) if overlap > now else (None, None)
    key.digest, key.ending, key.rotated_at = digest(secret), secret[-4:], now
    key.expires_at = now + timedelta(days=body.expires_in_days)
    db.add(key)
    _record(db, context, caller, Action.API_KEY_ROTATED, key, overlap_minutes=body.overlap_minutes)
    return ApiKeyCreated(**view(context, key).model_dump(), key=secret)


async def delete(db: AsyncSession, context: Context, caller: Caller, key_id: str) -> None:
    """The key stops working at once."""
    key = await _get(db, caller, key_id)
    _record(db, context, caller, Action.API_KEY_DELETED, key)
    await db.delete(key)


def view(context: Context, key: ApiKey) -> ApiKeyView:
    """What callers see."""
    members: dict[str, Any] = {name: getattr(key, name) for name in ApiKeyView.model_fields if hasattr(ApiKey, name)}
    now, sealed = context.clock.now(), key.last_used_sealed
    sealer = context.keyring.organization(key.organization_id)
    overlapping = key.old_expires_at is not None and key.old_expires_at > now
    return ApiKeyView(
        **members,
        expired=key.expires_at <= now,
        last_used_address=None if sealed is None else sealer.open(PURPOSE, key.id, sealed).decode(),
        old_secret_until=key.old_expires_at if overlapping else None,
    )


async def _get(db: AsyncSession, caller: Caller, key_id: str) -> ApiKey:
    key = await repository.by_id(db, caller, key_id)
    if key is None:
        raise NotFound("There is no such API key.")
    return key


def _record(db: AsyncSession, context: Context, caller: Caller, action: Action, key: ApiKey, **data: Any) -> None:
    audit.record(db, context, key.organization_id, action, by=caller, target=key, name=key.name, **data)
