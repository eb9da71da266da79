"""Rules of passkeys."""

from sqlalchemy.exc import IntegrityError
from sqlmodel.ext.asyncio.session import AsyncSession

from api import audit
from api.audit import Action
from api.auth import standing, steps
from api.auth.methods import Method
from api.auth.schemas import Tokens
from api.context import Context
from api.kit.ids import Kind, new_id
from api.operators.models import Operator
from api.organizations import entry
from api.organizations import repository as organizations
from api.organizations.models import Organization
from api.organizations.settings import settings_of
from api.passkeys import proving, repository
from api.passkeys.models import Passkey
from api.passkeys.schemas import PasskeyCreate, PasskeySignIn, PasskeyView
from api.passwords.bringing import Brought
from api.problems import AlreadyExists, Conflict, NotFound, SecondStepFailed, SignInFailed
from api.second_factors import repository as factors
from api.second_factors import setting_up

MOST_PER_OPERATOR = 20
NOT_GOOD = "This passkey did not prove who you are, or too late; try again."


async def create(
    db: AsyncSession, context: Context, operator: Operator, subject: str, body: PasskeyCreate
) -> list[str] | None:
    """A new passkey; recovery codes when it is the first second factor."""
    if await factors.passkeys(db, operator.id) >= MOST_PER_OPERATOR:
        raise Conflict(f"You have {MOST_PER_OPERATOR} passkeys already; remove one that you do not use any more.")
    made = await proving.registered(db, context, operator, subject, body.challenge_id, body.credential)
    if made is None:
        raise SecondStepFailed(NOT_GOOD, keep=True)
    transports = body.credential.get("response", {}).get("transports", [])
    passkey = Passkey(
        id=new_id(Kind.PASSKEY),
        operator_id=operator.id,
        credential_id=body.credential["id"],
        public_key=made.credential_public_key,
        sign_count=made.sign_count,
        name=body.name,
        transports=[name for name in transports if isinstance(name, str)][:8] if isinstance(transports, list) else [],
        backed_up=made.credential_backed_up,
        created_at=context.clock.now(),
    )
    db.add(passkey)
    try:
        await db.flush()
    except IntegrityError as error:
        raise AlreadyExists("This passkey is known already.") from error
    audit.record(
        db, context, operator.organization_id, Action.PASSKEY_ADDED, by=operator, target=passkey.id, name=passkey.name
    )
    return await setting_up.added(db, context, operator, Method.PASSKEY)


async def delete(
    db: AsyncSession, context: Context, organization: Organization, operator: Operator, passkey_id: str
) -> None:
    """Take a passkey away; not the last factor of somebody who must have one."""
    passkey = await repository.by_id(db, operator.id, passkey_id)
    if passkey is None:
        raise NotFound("You have no such passkey.")
    left = [each for each in operator.second_factors if each != Method.PASSKEY]
    if await factors.passkeys(db, operator.id) == 1:
        setting_up.refuse_last(organization, operator, left)
    await db.delete(passkey)
    audit.record(
        db, context, operator.organization_id, Action.PASSKEY_REMOVED, by=operator, target=passkey.id, name=passkey.name
    )
    await setting_up.removed(db, context, operator, Method.PASSKEY)


async def sign_in(
    db: AsyncSession, context: Context, body: PasskeySignIn, address: str | None, brought: Brought
) -> Tokens:
    """A passkey alone: it says whose it is, and unlocking it is a second factor."""
    operator_id = await proving.whole_sign_in(db, context, body.challenge_id, body.credential)
    operator = await factors.locked(db, operator_id) if operator_id else None
    organization = await organizations.by_id(db, operator.organization_id) if operator else None
    if operator is None or organization is None or not await standing.holds(db, operator):
        raise await _refused(db, context, address)
    if not entry.admits(context, organization, settings_of(organization), operator.role, brought.entry):
        raise await _refused(db, context, address)
    if operator.must_change_password:
        raise SignInFailed("Your password was reset: sign in with the one-time password and set a new one.", keep=True)
    return await steps.complete(db, context, organization, operator, [Method.PASSKEY], brought, None)


async def _refused(db: AsyncSession, context: Context, address: str | None) -> SignInFailed:
    await context.sign_in_budgets.failed_address(address, db)
    return SignInFailed(NOT_GOOD, keep=True)


def view(passkey: Passkey) -> PasskeyView:
    """What callers see."""
    return PasskeyView.model_validate(passkey)
