"""Routes of policies, and of what holds for an operator."""

import ipaddress
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse
from pydantic import AfterValidator, AwareDatetime, StringConstraints

from api.auth.caller import FreshPoliciesWriter, PoliciesReader, PoliciesWriter
from api.context import Ctx, Db
from api.examples import answers
from api.idempotency.service import Idempotent
from api.kit.pages import Cursor, Limit, Page, after_cursor, page_of
from api.operators import service as operators
from api.policies import asked, repository, service
from api.policies.schemas import EffectivePolicyView, PolicyCreate, PolicyPatch, PolicyView
from api.problems import AlreadyExists, BadCursor, Conflict, NotFound
from api.sessions import policy as sessions
from api.sessions.modes import Mode

router = APIRouter(prefix="/v1", tags=["policies"])


def _address(given: str) -> str:
    try:
        return str(ipaddress.ip_address(given))
    except ValueError:
        raise ValueError("an IP address such as 192.0.2.7 or 2001:db8::7") from None


Address = Annotated[str, StringConstraints(max_length=50), AfterValidator(_address)]


@router.get("/policies", operation_id="list_policies", summary="List policies", responses=answers(BadCursor))
async def list_policies(caller: PoliciesReader, db: Db, limit: Limit = 50, cursor: Cursor = None) -> Page[PolicyView]:
    """Newest first. Operators see those that hold for them, administrators all of the organisation."""
    rows = await repository.page(db, caller, after_cursor(cursor), limit)
    return page_of(await service.views(db, caller, rows), [row.id for row in rows], limit)


@router.post(
    "/policies",
    operation_id="create_policy",
    summary="Create a policy",
    status_code=201,
    response_model=PolicyView,
    responses=answers(AlreadyExists),
)
async def create_policy(
    caller: PoliciesWriter, body: PolicyCreate, context: Ctx, db: Db, remembered: Idempotent
) -> JSONResponse:
    """A named set of members. What a policy does not name it does not narrow; it holds for nobody until it is assigned."""
    return await remembered.once(db, caller.id, 201, lambda: service.create(db, context, caller, body))


@router.get("/policies/{policy_id}", operation_id="get_policy", summary="See a policy", responses=answers(NotFound))
async def get_policy(caller: PoliciesReader, policy_id: str, db: Db) -> PolicyView:
    """A policy and for how many it holds."""
    return (await service.views(db, caller, [await service.get(db, caller, policy_id)]))[0]


@router.patch(
    "/policies/{policy_id}",
    operation_id="change_policy",
    summary="Change a policy",
    responses=answers(NotFound, AlreadyExists),
)
async def change_policy(
    caller: FreshPoliciesWriter, policy_id: str, patch: PolicyPatch, context: Ctx, db: Db
) -> PolicyView:
    """Name and members. What gets narrower reaches running sessions within seconds; what gets wider holds for new ones.

    A session whose mode is taken away ends (`policy`).
    """
    return await service.change(db, context, caller, policy_id, patch)


@router.delete(
    "/policies/{policy_id}",
    operation_id="delete_policy",
    summary="Delete a policy",
    status_code=204,
    responses=answers(NotFound, Conflict),
)
async def delete_policy(caller: FreshPoliciesWriter, policy_id: str, context: Ctx, db: Db) -> None:
    """Only a policy that is assigned to nobody: else 409, since deleting it would widen what they may."""
    await service.delete(db, context, caller, policy_id)


@router.get(
    "/operators/{operator_id}/effective-policy",
    operation_id="get_effective_policy",
    summary="What may this operator do, and why",
    responses=answers(NotFound),
)
async def get_effective_policy(
    caller: PoliciesReader,
    operator_id: str,
    context: Ctx,
    db: Db,
    mode: Annotated[Mode | None, Query(description="The mode that is asked about; left out: any.")] = None,
    address: Annotated[Address | None, Query(description="From where.")] = None,
    at: Annotated[AwareDatetime | None, Query(description="When; now when left out.")] = None,
    reason: Annotated[bool, Query(description="Whether a reference or a purpose will be given.")] = True,
    second_factor: Annotated[bool | None, Query(description="Whether they signed in with a second factor.")] = None,
    machine: Annotated[bool | None, Query(description="Whether they work on a registered machine.")] = None,
    native: Annotated[bool | None, Query(description="Whether they use the installed viewer.")] = None,
) -> EffectivePolicyView:
    """The decision that sessions and tickets are made by, asked beforehand: what holds of each member, because of whom.

    Operators ask about themselves, administrators and auditors about anybody. What is left out is taken, about oneself, as
    it is now; about others it does not count, and `requires` says what will be demanded.
    """
    operator = await operators.get(db, caller, operator_id)
    question = asked.Asked(mode, address, at, reason, second_factor, machine, native)
    return await asked.answer(db, context, caller, operator, question, sessions.situation_of(context, caller, mode))
