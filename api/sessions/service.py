"""Rules of sessions: who may start what, tickets for operators, ending."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from api.auth.permissions import Caller, authorize_for
from api.context import Context
from api.events.service import record
from api.kit.ids import Kind, new_id
from api.operators import repository as operators
from api.operators.models import Operator
from api.organizations import repository as organizations
from api.problems import Forbidden, Invalid, ModeNotAllowed, NotFound, OriginNotAllowed, SessionEnded
from api.relays import service as relays
from api.sessions import admission, codes, details, ending, policy, repository
from api.sessions.models import Participant, Session
from api.sessions.modes import FEATURES, FIRST_VIEWER_SENDER, Mode, Party, Recording, Side, WireRole
from api.sessions.schemas import Admission, EndRequest, SessionCreate
from api.sessions.states import OVER, State

FARTHEST_START = timedelta(days=90)


async def create(db: AsyncSession, context: Context, caller: Caller, body: SessionCreate) -> Session:
    """A waiting session with a code, for the caller or another operator of the organisation."""
    operator = await _helper(db, caller, body.operator_id or caller.operator_id)
    organization = await organizations.by_id(db, caller.organization_id)
    assert organization is not None
    _refuse_by_policy(operator, body)
    now = context.clock.now()
    starts_at, expires_at = _times(body, now)
    session = Session(
        id=new_id(Kind.SESSION),
        organization_id=organization.id,
        operator_id=operator.id,
        created_by=caller.id,
        state=State.WAITING,
        mode=body.mode,
        features=sorted(set(body.features)),
        recording=Recording.OFF,
        meta=body.metadata,
        max_seconds=policy.smallest(
            organization.max_session_seconds, operator.max_session_seconds, body.max_session_seconds
        ),
        statement_sealed=b"",
        relay_ids=await relays.preassign(db, context),
        created_at=now,
        starts_at=starts_at,
        code_expires_at=expires_at,
    )
    details.describe(context, session, body.customer, body.reference)
    details.sign_statement(context, session, organization, operator)
    db.add(session)
    await db.flush()
    digits = codes.digits_for(
        expires_at - now,
        scheduled=starts_at is not None,
        wanted=organization.code_digits,
        shielded=context.join_budgets.shielded,
    )
    await codes.draw(db, context.sealer, session.id, digits, expires_at)
    record(db, session, "session.created", now, state=str(State.WAITING), mode=str(session.mode))
    return session


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
        await ending.end(db, context, session, _party(caller, session), body.reason or "ended", body.note)
    return session


def refuse_foreign_page(context: Context, origin: str | None) -> None:
    """OriginNotAllowed when a web page that is not the console asks."""
    if origin is not None and origin != context.settings.public_url:
        raise OriginNotAllowed(f"Use the console at {context.settings.public_url}.")


async def issue_ticket(
    db: AsyncSession, context: Context, caller: Caller, session_id: str, origin: str | None
) -> Admission:
    """Statement and tickets for the session's operator, with one participant per operator and session."""
    session = await get(db, caller, session_id, lock=True)
    if session.operator_id != caller.operator_id:
        raise Forbidden("Only the operator of the session can join it.")
    if session.state in OVER:
        raise SessionEnded("Start a new session.", ended_by=session.ended_by, reason=session.reason)
    operator = await operators.by_id(db, caller.organization_id, caller.operator_id)
    if operator is None or not policy.allows(operator, session):
        raise _mode_not_allowed(Mode(session.mode))
    await policy.refresh(db, context, session)
    participant = await _viewer(db, session, caller.operator_id, origin, context.clock.now())
    return await admission.admit(db, context, session, participant)


async def _helper(db: AsyncSession, caller: Caller, operator_id: str) -> Operator:
    authorize_for(caller, operator_id)
    operator = await operators.by_id(db, caller.organization_id, operator_id)
    if operator is None:
        raise Invalid.at("#/operator_id", "operator_id names nobody in your organisation.")
    if operator.suspended_at:
        raise Forbidden("This operator is suspended.")
    return operator


def _refuse_by_policy(operator: Operator, body: SessionCreate) -> None:
    if body.mode not in operator.modes:
        raise _mode_not_allowed(body.mode)
    unknown = sorted(set(body.features) - FEATURES[body.mode])
    if unknown:
        raise Invalid.at("#/features", f"The mode {body.mode} has no feature {', '.join(unknown)}.")


def _mode_not_allowed(mode: Mode) -> ModeNotAllowed:
    return ModeNotAllowed(f"This operator may not use the mode {mode}; ask an administrator.", mode=str(mode))


def _times(body: SessionCreate, now: datetime) -> tuple[datetime | None, datetime]:
    """When it is to start, if that lies ahead, and when the code ends."""
    starts_at = body.starts_at if body.starts_at and body.starts_at > now else None
    if starts_at and starts_at > now + FARTHEST_START:
        raise Invalid.at("#/starts_at", f"starts_at may be at most {FARTHEST_START.days} days ahead.")
    return starts_at, (starts_at or now) + timedelta(seconds=body.expires_in)


async def _viewer(
    db: AsyncSession, session: Session, operator_id: str, origin: str | None, now: datetime
) -> Participant:
    """The operator's participant: the same one at every call, with the origin of the latest."""
    everybody = await repository.participants(db, session.id)
    for participant in everybody:
        if participant.operator_id == operator_id:
            participant.origin = origin
            return participant
    return Participant(
        id=new_id(Kind.PARTICIPANT),
        session_id=session.id,
        sender=_sender(session, operator_id, everybody),
        role=WireRole.VIEWER,
        side=Side.OPERATOR,
        operator_id=operator_id,
        origin=origin,
        first_jti="",
        created_at=now,
    )


def _sender(session: Session, operator_id: str, everybody: Sequence[Participant]) -> int:
    """The first viewer's id is kept for the operator whom the statement names: all others need an introduction (wire)."""
    taken = [row.sender for row in everybody]
    if operator_id == session.operator_id and FIRST_VIEWER_SENDER not in taken:
        return FIRST_VIEWER_SENDER
    return max([FIRST_VIEWER_SENDER, *taken]) + 1


def _party(caller: Caller, session: Session) -> Party:
    if not caller.is_person:
        return Party.SYSTEM
    return Party.OPERATOR if caller.operator_id == session.operator_id else Party.ADMINISTRATOR
