"""Rules of sessions: who may start what, tickets for operators, ending."""

from datetime import datetime, timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from api.audit import service as audit
from api.audit.actions import Action
from api.auth.methods import verified_as
from api.auth.permissions import Caller, authorize_for
from api.context import Context
from api.customers import service as customers
from api.devices import access as device_access
from api.events.service import record
from api.handover import repository as handover
from api.handover.models import SessionGuest
from api.kit.ids import Kind, new_id
from api.notes import service as notes
from api.operators import repository as operators
from api.operators.models import Operator, Role
from api.organizations import repository as organizations
from api.problems import Forbidden, Invalid, NotFound, OriginNotAllowed, SessionEnded
from api.relays import service as relays
from api.sessions import admission, codes, details, ending, policy, repository, seats, tickets
from api.sessions.models import Session
from api.sessions.modes import FEATURES, Mode, Party, Verified
from api.sessions.schemas import Admission, EndRequest, SessionCreate, SessionPatch
from api.sessions.states import OVER, State
from api.sessions.views import Made
from wire.introduction import Purpose

FARTHEST_START = timedelta(days=90)


async def create(db: AsyncSession, context: Context, caller: Caller, body: SessionCreate) -> Session:
    """A waiting session with a code; see `make`."""
    return (await make(db, context, caller, body)).session


async def make(db: AsyncSession, context: Context, caller: Caller, body: SessionCreate) -> Made:
    """A waiting session with a code, for the caller, another operator of the organisation, or whoever is free."""
    operator = None if body.queue else await _helper(db, caller, body.operator_id or caller.operator_id)
    organization = await organizations.by_id(db, caller.organization_id)
    assert organization is not None
    _refuse_unknown_features(body)
    members = await policy.begin(db, context, caller, organization, operator, body)
    now = context.clock.now()
    starts_at, expires_at = _times(body, now)
    customer = await customers.for_session(db, context, organization.id, body.customer.email if body.customer else None)
    session = Session(
        id=new_id(Kind.SESSION),
        organization_id=organization.id,
        customer_id=customer.id,
        key_id=customer.key_id,
        operator_id=operator.id if operator else None,
        queued=body.queue,
        created_by=caller.id,
        verified=verified_as(caller),
        state=State.WAITING,
        mode=body.mode,
        features=[],
        language=body.language,
        statement_sealed=b"",
        relay_ids=await relays.preassign(db, context),
        created_at=now,
        starts_at=starts_at,
        code_expires_at=expires_at,
    )
    policy.settle(session, members)
    details.describe(context, session, body.customer, body.reference, body.purpose, body.metadata)
    details.sign_statement(context, session, organization, operator)
    db.add(session)
    await db.flush()
    digits = codes.digits_for(
        expires_at - now,
        scheduled=starts_at is not None,
        wanted=body.code_digits or organization.code_digits,
        shielded=await context.join_budgets.shielded(db),
    )
    code = await codes.draw(db, context, session, digits, expires_at, starts_at)
    record(db, context, session, "session.created", now, state=str(State.WAITING), mode=str(session.mode))
    return Made(session, organization, operator, code)


async def get(db: AsyncSession, caller: Caller, session_id: str, *, lock: bool = False) -> Session:
    """A session the caller may see; another organisation's is not found."""
    session = await repository.for_caller(db, caller, session_id, lock=lock)
    if session is None:
        raise NotFound("There is no such session.")
    return session


async def end(db: AsyncSession, context: Context, caller: Caller, session_id: str, body: EndRequest) -> Session:
    """End a session at once. Ending one that is over changes nothing, so that both sides may press stop."""
    session = await get(db, caller, session_id, lock=True)
    if session.state not in OVER:
        if body.note is not None:
            notes.add(db, context, caller, session, body.note, context.clock.now())
        by = _party(caller, session)
        await ending.end(db, context, session, by, body.reason or "ended")
        if by is Party.ADMINISTRATOR:
            audit.record(
                db, context, session.organization_id, Action.SESSION_ENDED_BY_FORCE, by=caller, target=session,
                reason=details.reason_of(context, session),
            )  # fmt: skip
    return session


def refuse_foreign_page(context: Context, origin: str | None) -> None:
    """OriginNotAllowed when a web page that is not the console asks."""
    if origin is not None and origin != context.settings.public_url:
        raise OriginNotAllowed(f"Use the console at {context.settings.public_url}.")


async def issue_ticket(
    db: AsyncSession, context: Context, caller: Caller, session_id: str, origin: str | None
) -> Admission:
    """Statement and tickets for the session's operator or a guest, with one participant per operator and session."""
    session = await get(db, caller, session_id, lock=True)
    guest = None
    if session.operator_id != caller.operator_id:
        guest = await handover.guest(db, session.id, caller.operator_id)
        if guest is None:
            raise Forbidden("Only the operator of the session and its guests can join it.")
    refuse_over(context, session)
    operator = await operators.by_id(db, caller.organization_id, caller.operator_id)
    if operator is None:
        raise Forbidden("Only an operator of the organisation can join a session.")
    mode = Mode(guest.mode if guest else session.mode)
    if session.device_id is not None:
        await device_access.refuse_unlisted(db, caller, session.device_id)
    await policy.enter(db, context, caller, operator, session, mode, native=origin is None)
    await policy.refresh(db, context, session)
    participant = await seats.for_operator(db, session, operator.id, guest, origin, context.clock.now())
    if guest is not None:
        participant.mode, participant.features = guest.mode, guest.features
    answer = await admission.admit(db, context, session, participant)
    if seats.is_introduced(participant):
        answer.introduction = tickets.introduction(
            context.signer, session, participant, operator, _purpose(session, guest), verified_as(caller)
        )
    return answer


async def restate(db: AsyncSession, context: Context, caller: Caller, session: Session, operator: Operator) -> None:
    """Name another operator in the statement of a session whose customer has not come: nobody has seen the old one.

    Of somebody who is named by another no more is said than everybody has to show.
    """
    session.verified = verified_as(caller) if operator.id == caller.operator_id else Verified.PASSWORD
    organization = await organizations.by_id(db, session.organization_id)
    assert organization is not None
    details.sign_statement(context, session, organization, operator)


def refuse_over(context: Context, session: Session) -> None:
    """SessionEnded for a session in which nothing can happen any more."""
    if session.state in OVER:
        raise SessionEnded(
            "Start a new session.", ended_by=session.ended_by, reason=details.reason_of(context, session)
        )


async def change(db: AsyncSession, context: Context, caller: Caller, session_id: str, patch: SessionPatch) -> Session:
    """Notes, how it went, what it belongs to: during the session and afterwards."""
    session = await get(db, caller, session_id, lock=True)
    now, given = context.clock.now(), patch.model_fields_set
    details.refuse_forgotten(session)
    if "reference" in given:
        details.refer(context, session, patch.reference)
    if "closing_reason" in given:
        details.conclude(context, session, patch.closing_reason)
    changed = sorted(given & {"reference", "closing_reason"})
    if changed:
        db.add(session)
        record(db, context, session, "session.changed", now, members=changed, by=caller.id)
    if patch.note is not None:
        notes.add(db, context, caller, session, patch.note, now)
    return session


def _purpose(session: Session, guest: SessionGuest | None) -> Purpose:
    if guest is not None:
        return "guest"
    return "pick-up" if session.stated_operator_id is None else "transfer"


async def _helper(db: AsyncSession, caller: Caller, operator_id: str) -> Operator:
    authorize_for(caller, operator_id)
    found = await operators.with_organization(db, caller.organization_id, operator_id)
    if found is None:
        raise Invalid.at("#/operator_id", "operator_id names nobody in your organisation.")
    operator, _ = found
    if operator.suspended_at:
        raise Forbidden("This operator is suspended.")
    if operator.role == Role.AUDITOR:
        raise Forbidden("An auditor helps nobody; name an operator or an administrator.")
    return operator


def _refuse_unknown_features(body: SessionCreate) -> None:
    unknown = sorted(set(body.features or []) - FEATURES[body.mode])
    if unknown:
        raise Invalid.at("#/features", f"The mode {body.mode} has no feature {', '.join(unknown)}.")


def _times(body: SessionCreate, now: datetime) -> tuple[datetime | None, datetime]:
    """When it is to start, if that lies ahead, and when the code ends."""
    starts_at = body.starts_at if body.starts_at and body.starts_at > now else None
    if starts_at and starts_at > now + FARTHEST_START:
        raise Invalid.at("#/starts_at", f"starts_at may be at most {FARTHEST_START.days} days ahead.")
    return starts_at, (starts_at or now) + timedelta(seconds=body.expires_in)


def _party(caller: Caller, session: Session) -> Party:
    if not caller.is_person:
        return Party.SYSTEM
    return Party.OPERATOR if caller.operator_id == session.operator_id else Party.ADMINISTRATOR
