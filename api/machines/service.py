"""Rules of registered machines: who registers them, and that an administrator approves each."""

import hashlib

from sqlmodel.ext.asyncio.session import AsyncSession

from api import audit
from api.audit import Action
from api.auth import repository as sign_ins
from api.auth.permissions import Caller, authorize_for
from api.context import Context
from api.kit.ids import Kind, new_id
from api.machines import repository
from api.machines.models import Machine
from api.machines.proving import decoded
from api.machines.schemas import MachineCreate, MachinePatch, MachineView
from api.operators.models import Operator
from api.organizations import repository as organizations
from api.organizations.settings import settings_of
from api.policies import identifiers
from api.problems import Conflict, Forbidden, Invalid, NotFound

MOST_PER_OPERATOR = 10


async def register(db: AsyncSession, context: Context, operator: Operator, body: MachineCreate) -> Machine:
    """A machine that waits for approval; the same key again is the same machine."""
    present = await repository.by_key(db, operator.id, body.public_key)
    if present is not None:
        return present
    organization = await organizations.by_id(db, operator.organization_id)
    assert organization is not None
    may_be_stored = await identifiers.stored(db, organization, operator)
    if may_be_stored and body.mac is None and settings_of(organization).mac_required:
        raise Invalid.at("#/mac", "Your organisation wants the machine's MAC address.")
    if await repository.count(db, operator.id) >= MOST_PER_OPERATOR:
        raise Conflict(f"You have {MOST_PER_OPERATOR} machines already; remove one that you do not use any more.")
    machine = Machine(
        id=new_id(Kind.MACHINE),
        organization_id=operator.organization_id,
        operator_id=operator.id,
        created_at=context.clock.now(),
        **body.model_dump(),
    )
    if not may_be_stored:
        machine.name, machine.mac = identifiers.label("Machine", fingerprint(machine.public_key)), None
    db.add(machine)
    about = {"name": machine.name, "fingerprint": fingerprint(machine.public_key), "mac": machine.mac}
    audit.record(
        db, context, operator.organization_id, Action.MACHINE_REGISTERED, by=operator, target=machine.id, **about
    )
    return machine


async def get(db: AsyncSession, caller: Caller, machine_id: str) -> Machine:
    """A machine the caller may see."""
    machine = await repository.by_id(db, caller, machine_id)
    if machine is None:
        raise NotFound("There is no such machine in your organisation.")
    return machine


async def change(db: AsyncSession, context: Context, caller: Caller, machine_id: str, patch: MachinePatch) -> Machine:
    """Approve a machine, take the approval back (which ends its sign-ins), or label it."""
    if not caller.administers:
        raise Forbidden("Only an administrator can change machines.")
    machine = await get(db, caller, machine_id)
    changed = patch.model_dump(exclude_unset=True, exclude_none=True)
    approved = changed.pop("approved", None)
    for name, value in changed.items():
        setattr(machine, name, value)
    if approved is True and machine.approved_at is None:
        machine.approved_at, machine.approved_by = context.clock.now(), caller.id
    elif approved is False and machine.approved_at is not None:
        machine.approved_at = machine.approved_by = None
        await sign_ins.end_of_machine(db, machine.id)
    action = Action.MACHINE_APPROVED if approved else Action.MACHINE_CHANGED
    about = patch.model_dump(exclude_unset=True)
    audit.record(db, context, caller.organization_id, action, by=caller, target=machine.id, **about)
    db.add(machine)
    return machine


async def delete(db: AsyncSession, context: Context, caller: Caller, machine_id: str) -> None:
    """Forget a machine; what is signed in from it is signed out."""
    machine = await get(db, caller, machine_id)
    authorize_for(caller, machine.operator_id)
    await sign_ins.end_of_machine(db, machine.id)
    await db.delete(machine)
    about = {"name": machine.name, "operator_id": machine.operator_id}
    audit.record(db, context, caller.organization_id, Action.MACHINE_DELETED, by=caller, target=machine.id, **about)


def fingerprint(public_key: str) -> str:
    """What people compare before approving: 8 bytes of the key's SHA-256."""
    return hashlib.sha256(decoded(public_key)).digest()[:8].hex(":")


def view(machine: Machine) -> MachineView:
    """What callers see."""
    members = {name: getattr(machine, name) for name in MachineView.model_fields if name not in _COMPUTED}
    return MachineView(**members, approved=machine.approved_at is not None, fingerprint=fingerprint(machine.public_key))


_COMPUTED = frozenset({"approved", "fingerprint"})
