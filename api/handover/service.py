"""Rules of other operators in a session: handing it over, guests, and sending somebody out.

A guest never has more than the session, their own policy and the policy of the session's operator have in common; the
customer is asked before anything is shown to them. Who is sent out is closed by the relay and gets no ticket any more.
"""

from collections.abc import Sequence

from sqlmodel.ext.asyncio.session import AsyncSession

from api.audit import service as audit
from api.audit.actions import Action
from api.auth.permissions import Caller, authorize_for
from api.context import Context
from api.events.service import record
from api.handover import leaving, repository
from api.handover.models import SessionGuest
from api.handover.schemas import Colleague, GuestInvite, GuestView, TransferRequest
from api.notes import service as notes
from api.operators import repository as operators
from api.operators.models import Operator, Role
from api.problems import Conflict, Forbidden, Invalid, ModeNotAllowed, NotFound
from api.sessions import policy, service
from api.sessions.models import Session
from api.sessions.modes import Mode
from api.sessions.states import State

_LESS = {Mode.MANAGE: (Mode.CONTROL, Mode.VIEW), Mode.CONTROL: (Mode.VIEW,)}
"""What is left of a mode for who may not use it, from more to less."""


async def transfer(
    db: AsyncSession, context: Context, caller: Caller, session_id: str, body: TransferRequest
) -> Session:
    """Another operator helps from now on; the one before is sent out. Before the customer comes nobody notices."""
    session = await _mine(db, context, caller, session_id)
    operator = await _operator(db, session, body.operator_id)
    if not await policy.allows(db, operator, session):
        raise _not_allowed(operator, Mode(session.mode))
    if session.operator_id == operator.id:
        raise Conflict("This operator has the session already.")
    if Mode(session.mode).shows_operator and session.state != State.WAITING:
        raise Conflict("The session shows its operator's own screen; end it, and let the other operator make one.")
    before, now = session.operator_id, context.clock.now()
    if body.note is not None:
        notes.add(db, context, caller, session, body.note, now)
    await repository.remove_guest(db, session.id, operator.id, now)
    await leaving.clear_seat(db, context, session, operator.id, "transferred")
    if before is not None:
        await leaving.clear_seat(db, context, session, before, "transferred")
    session.operator_id = operator.id
    db.add(session)
    if session.state == State.WAITING:
        await service.restate(db, context, caller, session, operator)
    await policy.refresh(db, context, session)
    record(db, context, session, "session.transferred", now, operator_id=operator.id, before=before, by=caller.id)
    audit.record(
        db, context, session.organization_id, Action.SESSION_TRANSFERRED, by=caller, target=session,
        operator_id=operator.id, before=before,
    )  # fmt: skip
    return session


async def invite(db: AsyncSession, context: Context, caller: Caller, session_id: str, body: GuestInvite) -> GuestView:
    """Ask an operator to join. Asked again, what they may do is set anew."""
    session = await _mine(db, context, caller, session_id)
    guest = await _operator(db, session, body.operator_id)
    if session.operator_id is None:
        raise Conflict("Nobody has picked the session up yet; pick it up first.")
    if session.operator_id == guest.id:
        raise Conflict("This operator has the session already.")
    helper = await policy.operator_of(db, session)
    everybody = [operator for operator in (guest, helper) if operator]
    mode = await _mode(db, session, everybody, body.mode)
    allowed = set(session.features)
    for operator in everybody:
        allowed &= set(await policy.may_have(db, operator, mode))
    features = sorted(allowed if body.features is None else allowed & set(body.features))
    now = context.clock.now()
    row = await db.get(SessionGuest, (session.id, guest.id)) or SessionGuest(
        session_id=session.id, operator_id=guest.id, invited_by=caller.id, mode=mode, features=[], created_at=now
    )
    row.mode, row.features, row.invited_by, row.removed_at = mode, features, caller.id, None
    db.add(row)
    record(db, context, session, "guest.invited", now, operator_id=guest.id, mode=str(mode), by=caller.id)
    audit.record(
        db, context, session.organization_id, Action.SESSION_GUEST_INVITED, by=caller, target=session,
        operator_id=guest.id, mode=str(mode), features=features,
    )  # fmt: skip
    return _view(row, guest.name)


async def remove(db: AsyncSession, context: Context, caller: Caller, session_id: str, operator_id: str) -> None:
    """A guest is sent out, or goes by themselves."""
    session = await service.get(db, caller, session_id, lock=True)
    if caller.operator_id not in {session.operator_id, operator_id}:
        authorize_for(caller, operator_id)
    if await repository.guest(db, session.id, operator_id) is None:
        raise NotFound("This operator is no guest of the session.")
    await leaving.send_out(db, context, session, operator_id)
    audit.record(
        db, context, session.organization_id, Action.SESSION_GUEST_REMOVED, by=caller, target=session,
        operator_id=operator_id,
    )  # fmt: skip


async def guests(db: AsyncSession, caller: Caller, session_id: str) -> list[GuestView]:
    """All who were asked to join."""
    session = await service.get(db, caller, session_id)
    rows: Sequence[SessionGuest] = await repository.guests(db, session.id)
    names = await operators.names(db, caller.organization_id, {row.operator_id for row in rows})
    return [_view(row, names.get(row.operator_id, "")) for row in rows]


async def colleagues(
    db: AsyncSession, caller: Caller, session_id: str, after: str | None, limit: int
) -> list[Colleague]:
    """Who could take the session over or join it: everybody else of the organisation who helps people."""
    session = await service.get(db, caller, session_id)
    everybody = await repository.helpers(db, session, after, limit)
    return [
        Colleague(operator_id=row.id, name=row.name, may_take_over=await policy.allows(db, row, session))
        for row in everybody
    ]


async def _mine(db: AsyncSession, context: Context, caller: Caller, session_id: str) -> Session:
    """A session that is not over, and the caller's to decide about: its operator's, or any for an administrator."""
    session = await service.get(db, caller, session_id, lock=True)
    if session.operator_id != caller.operator_id and not caller.administers:
        raise Forbidden("Only the operator of the session or an administrator can do this.")
    service.refuse_over(context, session)
    return session


async def _operator(db: AsyncSession, session: Session, operator_id: str) -> Operator:
    operator = await operators.by_id(db, session.organization_id, operator_id)
    if operator is None:
        raise Invalid.at("#/operator_id", "operator_id names nobody in your organisation.")
    if operator.suspended_at is not None:
        raise Conflict("This operator is suspended.")
    if operator.role == Role.AUDITOR:
        raise Invalid.at("#/operator_id", "An auditor helps nobody; name an operator or an administrator.")
    return operator


async def _mode(db: AsyncSession, session: Session, everybody: Sequence[Operator], wanted: Mode | None) -> Mode:
    """The most that the session's mode leaves for a guest: what everybody concerned may use, and no more than was asked for."""
    whole = Mode(session.mode)
    modes = (whole, *_LESS.get(whole, ()))
    if wanted is not None and wanted not in modes:
        raise Invalid.at("#/mode", f"The session is in the mode {whole}; a guest cannot have {wanted}.")
    for mode in modes[modes.index(wanted or whole) :]:
        if all([await policy.allows(db, operator, session, mode) for operator in everybody]):
            return mode
    raise _not_allowed(everybody[0], wanted or whole)


def _not_allowed(operator: Operator, mode: Mode) -> ModeNotAllowed:
    return ModeNotAllowed(f"{operator.name} may not use the mode {mode}; ask an administrator.", mode=str(mode))


def _view(row: SessionGuest, name: str) -> GuestView:
    members = {field: getattr(row, field) for field in GuestView.model_fields if field != "name"}
    return GuestView(**members, name=name)
