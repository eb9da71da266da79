"""Rules of signed-in devices. Ending one ends its access at once: every request looks whether its sign-in is still there."""

import json

from sqlmodel.ext.asyncio.session import AsyncSession

from api import audit
from api.audit import Action
from api.auth import repository
from api.auth.issuing import CLIENT_PURPOSE
from api.auth.methods import Method
from api.auth.models import SignIn
from api.auth.permissions import Caller, authorize_for, authorize_in_person
from api.context import Context
from api.operators import service as operators
from api.problems import NotFound
from api.sign_ins.schemas import SignInView


async def page(db: AsyncSession, caller: Caller, operator_id: str, after: str | None, limit: int) -> list[SignIn]:
    """Signed-in devices of an operator the caller may see; NotFound for others."""
    operator = await operators.get(db, caller, operator_id)
    return list(await repository.page(db, operator.id, after, limit))


async def end(db: AsyncSession, context: Context, caller: Caller, operator_id: str, sign_in_id: str) -> None:
    """Sign a device out, and consoles opened from it: by its owner, or by an administrator."""
    authorize_in_person(caller)
    operator = await operators.get(db, caller, operator_id)
    authorize_for(caller, operator.id)
    found = await repository.sign_in(db, operator.id, sign_in_id)
    if found is None:
        raise NotFound("There is no such sign-in.")
    await repository.end_with_children(db, found.id)
    audit.record(
        db, context, caller.organization_id, Action.SIGN_IN_ENDED, by=caller, target=operator, sign_in=found.id
    )


def view(context: Context, caller: Caller, row: SignIn) -> SignInView:
    """What callers see."""
    client = json.loads(
        context.keyring.organization(caller.organization_id).open(CLIENT_PURPOSE, row.id, row.client_sealed)
    )
    return SignInView(
        id=row.id,
        current=caller.proof is not None and caller.proof.sign_in_id == row.id,
        user_agent=client["user_agent"],
        address=client["address"],
        methods=[Method(method) for method in row.methods],
        machine_id=row.machine_id,
        created_at=row.created_at,
        last_used_at=row.last_used_at,
        authenticated_at=row.authenticated_at,
    )
