"""Rules of policies: who may change them, to whom they are assigned, and what holds for an operator."""

from collections.abc import Sequence

from sqlalchemy.exc import IntegrityError
from sqlmodel.ext.asyncio.session import AsyncSession

from api.audit import service as audit
from api.audit.actions import Action
from api.auth.permissions import Caller
from api.context import Context
from api.kit.ids import Kind, new_id
from api.organizations import repository as organizations
from api.policies import repository
from api.policies.members import RULES, Members, said
from api.policies.models import Policy
from api.policies.schemas import Assigned, PolicyCreate, PolicyPatch, PolicyView
from api.problems import AlreadyExists, Conflict, NotFound
from api.sessions import policy as sessions


async def get(db: AsyncSession, caller: Caller, policy_id: str) -> Policy:
    """A policy the caller may see."""
    policy = await repository.for_caller(db, caller, policy_id)
    if policy is None:
        raise NotFound("There is no such policy in your organisation.")
    return policy


async def create(db: AsyncSession, context: Context, caller: Caller, body: PolicyCreate) -> PolicyView:
    """A policy that holds for nobody yet."""
    now = context.clock.now()
    policy = Policy(
        id=new_id(Kind.POLICY),
        organization_id=caller.organization_id,
        name=body.name,
        members=said(body.members),
        created_at=now,
        updated_at=now,
    )
    db.add(policy)
    await _flush(db, body.name)
    members = policy.members
    audit.record(
        db, context, caller.organization_id, Action.POLICY_CREATED, by=caller, target=policy, name=policy.name,
        members=members,
    )  # fmt: skip
    return _view(policy, Assigned(organization=False, operators=0))


async def change(db: AsyncSession, context: Context, caller: Caller, policy_id: str, patch: PolicyPatch) -> PolicyView:
    """Set what was given; a narrower policy reaches the sessions of those for whom it holds."""
    policy = await _locked(db, caller, policy_id)
    before = policy.members
    if patch.name is not None:
        policy.name = patch.name
    if patch.members is not None:
        kept = {name: value for name, value in before.items() if name not in patch.members.model_fields_set}
        policy.members = kept | said(patch.members)
    policy.updated_at = context.clock.now()
    db.add(policy)
    await _flush(db, policy.name)
    changed = sorted(name for name in {*before, *policy.members} if before.get(name) != policy.members.get(name))
    audit.record(
        db, context, caller.organization_id, Action.POLICY_CHANGED, by=caller, target=policy, name=policy.name,
        before={name: before.get(name) for name in changed}, after={name: policy.members.get(name) for name in changed},
    )  # fmt: skip
    if changed:
        await _reach_sessions(db, context, policy)
    return (await views(db, caller, [policy]))[0]


async def delete(db: AsyncSession, context: Context, caller: Caller, policy_id: str) -> None:
    """Only one that holds for nobody: taking it away silently would widen what they may."""
    policy = await _locked(db, caller, policy_id)
    assigned = (await views(db, caller, [policy]))[0].assigned
    if assigned.organization or assigned.operators:
        holders = [f"{assigned.operators} operators"] if assigned.operators else []
        whom = " and ".join([*(["the organisation"] if assigned.organization else []), *holders])
        raise Conflict(f"This policy is assigned to {whom}; assign another one there first.")
    audit.record(db, context, caller.organization_id, Action.POLICY_DELETED, by=caller, target=policy, name=policy.name)
    await db.delete(policy)


async def views(db: AsyncSession, caller: Caller, policies: Sequence[Policy]) -> list[PolicyView]:
    """Policies as callers see them, with one query for all."""
    organization = await organizations.by_id(db, caller.organization_id)
    counts = await repository.operators_with(db, [policy.id for policy in policies])
    for_all = organization.policy_id if organization else None
    return [
        _view(policy, Assigned(organization=policy.id == for_all, operators=counts.get(policy.id, 0)))
        for policy in policies
    ]


def _view(policy: Policy, assigned: Assigned) -> PolicyView:
    return PolicyView(
        id=policy.id,
        name=policy.name,
        members=Members.model_validate({name: value for name, value in policy.members.items() if name in RULES}),
        assigned=assigned,
        created_at=policy.created_at,
        updated_at=policy.updated_at,
    )


async def _locked(db: AsyncSession, caller: Caller, policy_id: str) -> Policy:
    policy = await repository.locked(db, caller.organization_id, policy_id)
    if policy is None:
        raise NotFound("There is no such policy in your organisation.")
    return policy


async def _flush(db: AsyncSession, name: str) -> None:
    try:
        await db.flush()
    except IntegrityError as error:
        raise AlreadyExists(f"There is a policy with the name {name}; choose another name.") from error


async def _reach_sessions(db: AsyncSession, context: Context, policy: Policy) -> None:
    organization = await organizations.by_id(db, policy.organization_id)
    if organization is not None and organization.policy_id == policy.id:
        await sessions.organization_changed(db, context, organization)
        return
    await sessions.operators_changed(db, context, policy.organization_id, await repository.holders(db, policy.id))
