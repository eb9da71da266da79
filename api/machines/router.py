"""Routes of registered machines."""

from typing import Annotated

from fastapi import APIRouter, Query, Request

from api.auth.caller import FreshMyselfWriter, FreshOperatorsWriter, Me
from api.auth.enrolling import RegistersMachine
from api.context import Ctx, Db, client_address
from api.examples import answers
from api.kit.pages import Cursor, Limit, Page, after_cursor, page_of
from api.machines import proving, repository, service
from api.machines.schemas import ChallengeRequest, ChallengeView, MachineCreate, MachinePatch, MachineView
from api.problems import BadCursor, Conflict, Forbidden, NotFound, TooManyRequests
from api.second_factors import service as factors

router = APIRouter(prefix="/v1", tags=["machines"])


@router.post(
    "/auth/machine-challenge",
    operation_id="start_machine_proof",
    summary="Ask for what a machine signs",
    responses=answers(TooManyRequests),
)
async def challenge(body: ChallengeRequest, request: Request, context: Ctx, db: Db) -> ChallengeView:
    """A nonce, good once for five minutes; the signature goes into `POST /v1/auth/token`."""
    await context.code_budgets.challenge(db, client_address(request))
    return await proving.challenge(db, context, body.machine_id)


@router.post(
    "/machines",
    operation_id="register_machine",
    summary="Register the machine you are at",
    status_code=201,
    responses=answers(Conflict, Forbidden),
)
async def register(who: RegistersMachine, body: MachineCreate, context: Ctx, db: Db) -> MachineView:
    """It counts once an administrator has approved it. The same key again is the same machine.

    With the `mfa_token` of `machine-required` as the bearer token, or signed in.
    """
    _, operator = await factors.enrolling_operator(db, who)
    return service.view(await service.register(db, context, operator, body))


@router.get("/machines", operation_id="list_machines", summary="List machines", responses=answers(BadCursor))
async def list_machines(
    caller: Me,
    db: Db,
    limit: Limit = 50,
    cursor: Cursor = None,
    operator_id: Annotated[str | None, Query(max_length=40, description="Only of this operator.")] = None,
) -> Page[MachineView]:
    """Your own, newest first; administrators and auditors see all of the organisation."""
    rows = await repository.page(db, caller, after_cursor(cursor), limit, operator_id)
    return page_of([service.view(row) for row in rows], [row.id for row in rows], limit)


@router.patch(
    "/machines/{machine_id}",
    operation_id="change_machine",
    summary="Approve or label a machine",
    responses=answers(NotFound, Forbidden),
)
async def change(
    caller: FreshOperatorsWriter, machine_id: str, patch: MachinePatch, context: Ctx, db: Db
) -> MachineView:
    """Compare the fingerprint with what the machine shows, then approve it. Taking the approval back ends its sign-ins."""
    return service.view(await service.change(db, context, caller, machine_id, patch))


@router.delete(
    "/machines/{machine_id}",
    operation_id="delete_machine",
    summary="Remove a machine",
    status_code=204,
    responses=answers(NotFound, Forbidden),
)
async def delete(caller: FreshMyselfWriter, machine_id: str, context: Ctx, db: Db) -> None:
    """Your own, or anybody's for an administrator. What is signed in from it is signed out."""
    await service.delete(db, context, caller, machine_id)
