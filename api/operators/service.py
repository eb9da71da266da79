"""Rules of operators: who may change whom, and what follows from it."""

from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlmodel.ext.asyncio.session import AsyncSession

from api.auth import repository as sign_ins
from api.auth.permissions import Caller, authorize_in_person
from api.context import Context
from api.kit.ids import Kind, new_id
from api.kit.secret import one_time_password
from api.operators import repository
from api.operators.models import Operator, Role
from api.operators.schemas import OperatorCreate, OperatorCreated, OperatorPatch, OperatorView
from api.problems import AlreadyExists, Conflict, NotFound
from api.sessions import ending, policy

_CLEARABLE = frozenset({"email", "max_session_seconds"})


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
    return OperatorCreated(**view(operator).model_dump(), one_time_password=password)


async def change(
    db: AsyncSession, context: Context, caller: Caller, operator_id: str, patch: OperatorPatch
) -> Operator:
    """Set what was given. Suspending ends the operator's sign-ins and sessions at once; a narrower policy reaches them."""
    operator = await get(db, caller, operator_id)
    wanted: dict[str, Any] = {
        name: getattr(patch, name)
        for name in patch.model_fields_set
        if getattr(patch, name) is not None or name in _CLEARABLE
    }
    if {"role", "suspended"} & wanted.keys():
        _refuse_lockout(caller, operator, wanted)
    if "suspended" in wanted:
        await _suspend(db, context, operator, suspended=wanted.pop("suspended"))
    for name, value in wanted.items():
        setattr(operator, name, value)
    db.add(operator)
    if {"modes", "max_session_seconds"} & wanted.keys():
        await policy.operator_changed(db, context, operator)
    return operator


def new_password() -> str:
    """A one-time password."""
    return one_time_password()


def view(operator: Operator) -> OperatorView:
    """What callers see."""
    members = {name: getattr(operator, name) for name in OperatorView.model_fields if name != "suspended"}
    return OperatorView(**members, suspended=operator.suspended_at is not None)


def _refuse_lockout(caller: Caller, operator: Operator, wanted: dict[str, Any]) -> None:
    """Roles and suspension are set by people, and nobody takes their own administration away."""
    authorize_in_person(caller)
    demoted = wanted.get("role", operator.role) != Role.ADMINISTRATOR and operator.role == Role.ADMINISTRATOR
    if operator.id == caller.operator_id and (demoted or wanted.get("suspended")):
        raise Conflict("You cannot suspend yourself or give up your own role; ask another administrator.")


async def _suspend(db: AsyncSession, context: Context, operator: Operator, *, suspended: bool) -> None:
    if not suspended:
        operator.suspended_at = None
        return
    operator.suspended_at = operator.suspended_at or context.clock.now()
    operator.token_version += 1
    await sign_ins.end_all(db, operator.id)
    await ending.end_all_of(db, context, operator.id)
