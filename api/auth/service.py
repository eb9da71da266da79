"""Signing in, changing a password, and the rotation of refresh tokens."""

from sqlmodel.ext.asyncio.session import AsyncSession

from api import audit
from api.audit import Action
from api.auth import issuing, repository, standing, steps
from api.auth.methods import Method
from api.auth.schemas import PasswordChange, Tokens
from api.context import Context
from api.kit.secret import digest
from api.machines import proving as machines
from api.machines.schemas import MachineProof
from api.operators.models import Operator
from api.passwords import changing, rules
from api.passwords.bringing import NOTHING, Brought
from api.passwords.checking import Account, check_password
from api.problems import PasswordChangeRequired, RefreshRefused, SignInFailed


async def sign_in(
    context: Context,
    username: str,
    password: str,
    address: str | None,
    brought: Brought = NOTHING,
    proof: MachineProof | None = None,
) -> Tokens:
    """Tokens for a right password that need not be changed, when no second step is needed."""
    checked = await check_password(context, Account.of(username), password, address, brought)
    if checked.must_change is not None:
        raise PasswordChangeRequired(
            checked.must_change,
            one_time=checked.operator.must_change_password,
            rules=rules.said(checked.organization, checked.operator),
        )
    operator = checked.operator
    rehashed = await context.passwords.hash(password) if context.passwords.outdated(operator.password_hash) else None
    async with context.database.write() as db:
        current = await _unchanged(db, operator)
        if rehashed:
            current.password_hash = rehashed
        machine_id = await machines.proved(db, context, current, proof)
        steps.second_step(context, current, machine_id)
        steps.enrolment(context, checked.organization, current, machine_id)
        return await steps.complete(db, context, checked.organization, current, [Method.PASSWORD], brought, machine_id)


async def change_password(
    context: Context, body: PasswordChange, address: str | None, brought: Brought = NOTHING
) -> Tokens:
    """Set a new password, end all other sign-ins of the operator, and sign in with it.

    Where a second step is set up, nothing changes before it: whoever knows the password alone must not lock the owner out.
    """
    checked = await check_password(context, Account.of(body.username), body.password, address, brought)
    operator, organization = checked.operator, checked.organization
    await rules.refuse(context, organization, operator, body.new_password, "new_password")
    hashed = await context.passwords.hash(body.new_password)
    async with context.database.write() as db:
        current = await _unchanged(db, operator)
        machine_id = await machines.proved(db, context, current, body.machine)
        steps.second_step(context, current, machine_id, hashed)
        await changing.set_password(db, context, organization, current, hashed)
        audit.record(db, context, current.organization_id, Action.PASSWORD_CHANGED, by=current, target=current)
        steps.enrolment(context, organization, current, machine_id)
        return await steps.complete(db, context, organization, current, [Method.PASSWORD], brought, machine_id)


async def refresh(context: Context, db: AsyncSession, token: str) -> Tokens:
    """The next access and refresh token. A token used twice was copied: its whole family ends."""
    now = context.clock.now()
    row = await repository.refresh_token(db, digest(token))
    if row is None or row.expires_at <= now:
        raise RefreshRefused("Sign in again: the refresh token is unknown or has expired.")
    operator = await db.get(Operator, row.operator_id)
    if operator is None or not await standing.holds(db, operator):
        raise RefreshRefused("Sign in again: the access of this operator has changed.")
    if not await repository.use_once(db, row.digest, now):
        await repository.end_with_children(db, row.family)
        raise RefreshRefused("Sign in again: this refresh token was used before, so its sign-in was ended.", keep=True)
    found = await repository.sign_in(db, operator.id, row.family)
    if found is None:
        raise RefreshRefused("Sign in again: this sign-in was ended.")
    if not await standing.still_enough(db, operator, found):
        raise RefreshRefused("Sign in again: your organisation asks for more than this sign-in has shown.")
    found.last_used_at = now
    return issuing.issue(db, context, operator, found)


async def sign_out(db: AsyncSession, token: str) -> None:
    """End the sign-in a refresh token belongs to; nothing happens when there is none.

    Who signs the terminal out keeps the console that was opened from it; ending a sign-in from elsewhere ends both.
    """
    row = await repository.refresh_token(db, digest(token))
    if row is not None:
        await repository.end_family(db, row.family)


async def _unchanged(db: AsyncSession, checked: Operator) -> Operator:
    """The operator again, inside the writing transaction; refused when something changed while the hash was computed."""
    current = await db.get(Operator, checked.id, with_for_update=True)
    if current is None or current.suspended_at or current.deleted_at or current.password_hash != checked.password_hash:
        raise SignInFailed("The account has just changed; try again.")
    return current
