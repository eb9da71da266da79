"""Rules of the queue: who may pick up, and what a customer who is not helped is told."""

import hashlib

from sqlmodel.ext.asyncio.session import AsyncSession

from api.audit import service as audit
from api.audit.actions import Action
from api.auth.permissions import Caller, authorize_for
from api.context import Context
from api.events.service import record
from api.operators import repository as operators
from api.problems import AlreadyPickedUp, Forbidden, NotFound
from api.queue import places, repository
from api.queue.schemas import PlaceView, QueueView, RefuseRequest, Waiting
from api.sessions import admission, details, ending, policy, service, views
from api.sessions import repository as sessions
from api.sessions.models import Session
from api.sessions.modes import Mode, Party, WireRole
from api.sessions.states import State

MAX_SHOWN = 200


async def show(db: AsyncSession, context: Context, caller: Caller) -> QueueView:
    """Who waits in the caller's organisation."""
    rows = await repository.waiting(db, caller.organization_id, MAX_SHOWN)
    operator = await operators.by_id(db, caller.organization_id, caller.operator_id)
    modes = await policy.modes_of(db, operator) if operator else []
    present = await sessions.participants_of(db, [row.id for row in rows])
    items = []
    for position, row in enumerate(rows, 1):
        assert row.claimed_at is not None
        items.append(
            Waiting(
                session_id=row.id,
                position=position,
                mode=Mode(row.mode),
                features=row.features,
                customer=details.customer_of(context, row),
                reference=details.reference_of(row),
                connected=any(one.relay_id for one in present.get(row.id, []) if one.role == WireRole.HOST),
                waiting_since=row.claimed_at,
                may_pick_up=row.mode in modes,
            )
        )
    return QueueView(items=items, version=_version(items))


async def pick_up(db: AsyncSession, context: Context, caller: Caller, session_id: str) -> Session:
    """Become the operator of a session that has none. Of two who want it at once, one gets it."""
    session = await _queued(db, caller, session_id)
    if session.operator_id == caller.operator_id:
        return session
    if session.operator_id is not None:
        raise AlreadyPickedUp("Somebody else was faster; take the next one.")
    service.refuse_over(context, session)
    operator = await operators.by_id(db, caller.organization_id, caller.operator_id)
    if operator is None:
        raise Forbidden("Only an operator of the organisation can pick a session up.")
    await policy.enter(db, context, caller, operator, session, Mode(session.mode))
    session.operator_id = operator.id
    db.add(session)
    if session.state == State.WAITING:
        await service.restate(db, context, caller, session, operator)
    await policy.refresh(db, context, session)
    now = context.clock.now()
    record(db, context, session, "session.picked_up", now, operator_id=operator.id)
    audit.record(db, context, session.organization_id, Action.SESSION_PICKED_UP, by=caller, target=session)
    return session


async def refuse(db: AsyncSession, context: Context, caller: Caller, session_id: str, body: RefuseRequest) -> Session:
    """End a session that nobody has picked up; the customer reads why."""
    session = await _queued(db, caller, session_id)
    if session.operator_id is not None:
        authorize_for(caller, session.operator_id)
        raise AlreadyPickedUp("The session has an operator; end it instead.")
    service.refuse_over(context, session)
    told = body.message or f"queue_{body.reason}"
    await ending.end(db, context, session, Party.OPERATOR, told)
    now = context.clock.now()
    record(db, context, session, "session.refused", now, operator_id=caller.operator_id, reason=str(body.reason))
    audit.record(
        db, context, session.organization_id, Action.SESSION_REFUSED, by=caller, target=session, reason=str(body.reason)
    )
    return session


async def place_of(db: AsyncSession, context: Context, token: str) -> tuple[str, PlaceView]:
    """How it is with the customer who holds a resume ticket, and whose queue they wait in."""
    session, _, _ = await admission.bearer(db, context, token, lock=False)
    waits = session.operator_id is None and session.ended_at is None
    operator = await policy.operator_of(db, session)
    return session.organization_id, PlaceView(
        session_id=session.id,
        state=State(session.state),
        queue=await places.place(db, session) if waits else None,
        operator=views.operator_shown(operator, session) if operator else None,
    )


async def _queued(db: AsyncSession, caller: Caller, session_id: str) -> Session:
    session = await repository.for_pick_up(db, caller, session_id)
    if session is None:
        raise NotFound("There is no such session in the queue of your organisation.")
    return session


def _version(items: list[Waiting]) -> str:
    whole = " ".join(f"{item.session_id} {item.connected}" for item in items)
    return hashlib.sha256(whole.encode()).hexdigest()[:12]
