"""Rules of operators: who may change whom, and what follows from it."""

from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlmodel.ext.asyncio.session import AsyncSession

from api import audit
from api.audit import Action
from api.auth import repository as sign_ins
from api.auth.permissions import Caller, authorize_fresh, authorize_in_person
from api.context import Context
from api.kit.ids import Kind, new_id
from api.kit.secret import one_time_password
from api.operators import leaving, repository
from api.operators.models import Operator, Role
from api.operators.schemas import OneTimePassword, OperatorCreate, OperatorCreated, OperatorPatch, OperatorView
from api.organizations.service import refuse_lockout
from api.passwords import changing, locking
from api.passwords import repository as passwords
from api.policies.assigning import assignable
from api.problems import AlreadyExists, Conflict, NotFound
from api.second_factors import repository as second_factors
from api.sessions import policy

_CLEARABLE = frozenset({"email", "max_session_seconds", "policy_id"})
_NARROWING = frozenset({"modes", "max_session_seconds", "policy_id"})
"""Members whose change reaches sessions that exist."""
_APART = frozenset({"force"})
_IN_PERSON = frozenset({"email", "networks"})
"""Members that decide where an invitation goes and where from somebody signs in."""
_TOLD_OR_WIDENING = frozenset({"name", "modes", "max_session_seconds"})
"""Members that customers are told, or that let the operator do more: set by people with a fresh proof."""
_DERIVED = frozenset({"suspended", "deleted"})


async def get(db: AsyncSession, caller: Caller, operator_id: str) -> Operator:
    """An operator the caller may see."""
    operator = await repository.by_id(db, caller.organization_id, operator_id)
    if operator is None or not (caller.sees_all or operator.id == caller.operator_id):
        raise NotFound("There is no such operator in your organisation.")
    return operator


async def create(
    db: AsyncSession, context: Context, caller: Caller, body: OperatorCreate, password: str, hashed: str
) -> OperatorCreated:
    """A new operator with a one-time password. Its hash comes ready made: hashing takes no place in a transaction."""
    authorize_in_person(caller)
    if body.role is Role.ADMINISTRATOR:
        authorize_fresh(caller)
    await _assign(db, caller, body.policy_id)
    operator = Operator(
        id=new_id(Kind.OPERATOR),
        organization_id=caller.organization_id,
        password_hash=hashed,
        created_at=context.clock.now(),
        **body.model_dump(),
    )
    db.add(operator)
    try:
        await db.flush()
    except IntegrityError as error:
        raise AlreadyExists(f"There is an operator with the login {body.login}; choose another login.") from error
    about = body.model_dump(mode="json", include={"login", "name", "role"})
    audit.record(db, context, operator.organization_id, Action.OPERATOR_CREATED, by=caller, target=operator, **about)
    return OperatorCreated(**view(operator).model_dump(), one_time_password=password)


async def change(
    db: AsyncSession, context: Context, caller: Caller, operator_id: str, patch: OperatorPatch
) -> Operator:
    """Set what was given. Suspending ends the operator's sign-ins and sessions at once; a narrower policy reaches them."""
    operator = await get(db, caller, operator_id)
    wanted: dict[str, Any] = {
        name: getattr(patch, name)
        for name in patch.model_fields_set - _APART
        if getattr(patch, name) is not None or name in _CLEARABLE
    }
    if _IN_PERSON & wanted.keys():
        authorize_in_person(caller)
    if _TOLD_OR_WIDENING & wanted.keys():
        authorize_fresh(caller)
    if "networks" in wanted and operator.id == caller.operator_id:
        refuse_lockout(wanted["networks"], force=patch.force)
    if {"role", "suspended"} & wanted.keys():
        await leaving.take_turn(db, operator)
    if "role" in wanted:
        await _set_role(db, context, caller, operator, wanted.pop("role"))
    if "suspended" in wanted:
        await _suspend(db, context, caller, operator, suspended=wanted.pop("suspended"))
    if "policy_id" in wanted:
        authorize_fresh(caller)
        await _assign(db, caller, wanted["policy_id"])
    for name, value in wanted.items():
        setattr(operator, name, value)
    db.add(operator)
    if wanted.keys() & _NARROWING:
        await policy.operator_changed(db, context, operator)
    if wanted:
        _note(db, context, caller, operator, Action.OPERATOR_CHANGED, changed=wanted)
    return operator


async def delete(db: AsyncSession, context: Context, caller: Caller, operator_id: str) -> None:
    """The operator is gone from all lists; history keeps the name, and the login is free again."""
    operator = await get(db, caller, operator_id)
    await leaving.take_turn(db, operator)
    await _refuse_loss(db, caller, operator)
    await leaving.delete(db, context, operator)
    _note(db, context, caller, operator, Action.OPERATOR_DELETED, login=operator.login)


async def reset_password(
    db: AsyncSession, context: Context, caller: Caller, operator_id: str, password: str, hashed: str
) -> OneTimePassword:
    """A one-time password takes the place of the operator's own, whose sign-ins end."""
    operator = await get(db, caller, operator_id)
    if operator.id == caller.operator_id:
        raise Conflict("Change your own password with POST /v1/auth/password.")
    await changing.set_one_time(db, operator, hashed)
    await leaving.end_sessions(db, context, operator)
    _note(db, context, caller, operator, Action.OPERATOR_PASSWORD_RESET)
    return OneTimePassword(one_time_password=password)


async def reset_second_factor(db: AsyncSession, context: Context, caller: Caller, operator_id: str) -> None:
    """Everything that was set up as a second step is gone, and whoever signed in with it must sign in again."""
    operator = await get(db, caller, operator_id)
    await second_factors.remove_all(db, operator.id)
    await leaving.end_sessions(db, context, operator)
    await sign_ins.end_all(db, operator.id)
    operator.second_factors = []
    operator.token_version += 1
    db.add(operator)
    _note(db, context, caller, operator, Action.OPERATOR_SECOND_FACTOR_RESET)


async def unlock(db: AsyncSession, context: Context, caller: Caller, operator_id: str) -> Operator:
    """Passwords are taken again, from everywhere; what was counted is forgotten. Not by a key."""
    authorize_in_person(caller)
    operator = await get(db, caller, operator_id)
    await unlock_all(db, operator)
    _note(db, context, caller, operator, Action.OPERATOR_UNLOCKED)
    return operator


async def unlock_all(db: AsyncSession, operator: Operator) -> None:
    """The counts of strangers and of each known device."""
    rows: list[locking.Counted] = [operator, *await passwords.devices(db, operator.id)]
    for row in rows:
        locking.clear(row)
    db.add(operator)


def new_password() -> str:
    """A one-time password."""
    return one_time_password()


def view(operator: Operator) -> OperatorView:
    """What callers see."""
    members = {name: getattr(operator, name) for name in OperatorView.model_fields if name not in _DERIVED}
    return OperatorView(**members, suspended=operator.suspended_at is not None, deleted=operator.deleted_at is not None)


async def _assign(db: AsyncSession, caller: Caller, policy_id: str | None) -> None:
    """Only a policy of the organisation, and it cannot be deleted meanwhile."""
    if policy_id is not None:
        await assignable(db, caller.organization_id, policy_id)


async def _set_role(db: AsyncSession, context: Context, caller: Caller, operator: Operator, role: Role) -> None:
    """Roles are given by people who are there. Who becomes an auditor leaves the sessions they are in."""
    authorize_fresh(caller)
    if role is not Role.ADMINISTRATOR and operator.role == Role.ADMINISTRATOR:
        await _refuse_loss(db, caller, operator)
    if role != operator.role:
        _note(db, context, caller, operator, Action.OPERATOR_CHANGED, changed={"role": role}, was=operator.role)
        if role is Role.AUDITOR:
            await leaving.end_sessions(db, context, operator)
    operator.role = role


async def _suspend(db: AsyncSession, context: Context, caller: Caller, operator: Operator, *, suspended: bool) -> None:
    authorize_in_person(caller)
    if not suspended:
        operator.suspended_at = None
        _note(db, context, caller, operator, Action.OPERATOR_RESUMED)
        return
    await _refuse_loss(db, caller, operator)
    await leaving.suspend(db, context, operator)
    _note(db, context, caller, operator, Action.OPERATOR_SUSPENDED)


async def _refuse_loss(db: AsyncSession, caller: Caller, operator: Operator) -> None:
    """Nobody takes their own administration away, and nobody the last administrator's, not even two at once."""
    if operator.id == caller.operator_id:
        raise Conflict("You cannot suspend or delete yourself or give up your own role; ask another administrator.")
    await leaving.refuse_last(db, operator)


def _note(
    db: AsyncSession, context: Context, caller: Caller, operator: Operator, action: Action, **data: object
) -> None:
    audit.record(db, context, operator.organization_id, action, by=caller, target=operator, **data)
