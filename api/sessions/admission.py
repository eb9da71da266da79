"""What an endpoint is given to get in, the first time and again."""

from sqlmodel.ext.asyncio.session import AsyncSession

from api.auth import standing
from api.context import Context
from api.handover import leaving
from api.handover import repository as handover
from api.operators.models import Operator
from api.organizations.models import Organization
from api.problems import NotFound, SessionGone, TokenRefused
from api.relays import service as relays
from api.relays.models import Relay
from api.sessions import clients, details, policy, repository, statement, tickets, views
from api.sessions.models import Participant, Session
from api.sessions.modes import Mode
from api.sessions.schemas import (
    Admission,
    Limits,
    OrganizationShown,
    ParticipantShown,
    RelayShown,
    ResumeView,
)
from api.sessions.states import OVER, State
from wire import tokens
from wire.tokens import Claims, TokenError

COUNTERS_BACK = 1
"""The ticket before the newest is taken too: the answer that carried the newest may have been lost."""


async def admit(db: AsyncSession, context: Context, session: Session, participant: Participant) -> Admission:
    """Tickets for a participant that exists or is new."""
    given = await relays.assign(db, context, session)
    jti = tickets.new_jti()
    participant.first_jti = participant.first_jti or jti
    participant.resume_counter += 1
    clients.note(context, session, participant)
    db.add(participant)
    await db.flush()
    ticket = tickets.ticket(context.signer, session, participant, given, jti)
    resume = tickets.resume_ticket(context.signer, session, participant, given)
    shown_to_both = statement.stored(context, session)
    operator = await policy.operator_of(db, session)
    return Admission(
        session_id=session.id,
        state=State(session.state),
        participant=ParticipantShown.model_validate(participant),
        statement=shown_to_both,
        statement_sha256=statement.sha256(shown_to_both),
        ticket=ticket.token,
        ticket_expires_at=ticket.expires_at,
        resume_ticket=resume.token,
        resume_expires_at=resume.expires_at,
        relays=shown(given),
        mode=Mode(session.mode),
        features=tickets.features_of(session, participant),
        limits=Limits(**statement.limits_of(session)),
        policy=policy.token_of(context, session),
        organisation=await _organization(db, session),
        operator=views.operator_shown(operator, session) if operator else None,
    )


async def resume(db: AsyncSession, context: Context, token: str) -> ResumeView:
    """The next resume ticket for the newest one, even when that has expired, until the session ends."""
    session, participant, claims = await bearer(db, context, token)
    if session.state in OVER:
        raise SessionGone("Start a new session.", ended_by=session.ended_by, reason=details.reason_of(context, session))
    counter = claims.get("cnt")
    if not isinstance(counter, int) or counter < participant.resume_counter - COUNTERS_BACK:
        raise TokenRefused("A newer resume ticket was given out; use that one.")
    if not await policy.allows(db, await policy.operator_of(db, session), session):
        await policy.end_forbidden(db, context, session)
        raise SessionGone(
            "Start a new session.", keep=True, ended_by=session.ended_by, reason=details.reason_of(context, session)
        )
    await _refuse_operator(db, context, session, participant)
    await policy.refresh(db, context, session)
    given = await relays.assign(db, context, session)
    participant.resume_counter += 1
    clients.note(context, session, participant)
    db.add(participant)
    fresh = tickets.resume_ticket(context.signer, session, participant, given)
    return ResumeView(
        session_id=session.id,
        state=State(session.state),
        resume_ticket=fresh.token,
        resume_expires_at=fresh.expires_at,
        policy=policy.token_of(context, session),
        relays=shown(given),
    )


def shown(given: list[Relay]) -> list[RelayShown]:
    """Relays as endpoints need them."""
    return [RelayShown(id=relay.id, url=relay.public_url) for relay in given]


async def bearer(
    db: AsyncSession, context: Context, token: str, *, lock: bool = True
) -> tuple[Session, Participant, Claims]:
    """Whose ticket this is. What it says of itself only finds the session it is then verified against."""
    try:
        read = repository.locked if lock else repository.unlocked
        session = await read(db, str(tokens.unverified_claims(token).get("sid")))
        if session is None:
            raise TokenRefused("This resume ticket is for no session of this server.")
        audience = frozenset(session.relay_ids)
        claims = context.signer.verify(token, tokens.RESUME, audience, allow_expired=True)
    except TokenError as error:
        raise TokenRefused(f"The resume ticket is not valid: {error}.") from error
    participant = await repository.participant_by_id(db, claims["sub"])
    if participant is None or participant.session_id != session.id:
        raise TokenRefused("This resume ticket is for no participant of the session.")
    if participant.removed_at is not None:
        raise TokenRefused("This participant was taken out of the session.")
    return session, participant, claims


async def _refuse_operator(db: AsyncSession, context: Context, session: Session, participant: Participant) -> None:
    """TokenRefused when the one who comes back may not be in the session any more; NetworkNotAllowed when not from there."""
    if participant.operator_id is None:
        return
    operator = await db.get_one(Operator, participant.operator_id)
    if not await standing.holds(db, operator):
        raise TokenRefused("This operator has no access any more.")
    if operator.id == session.operator_id:
        return
    guest = await handover.guest(db, session.id, operator.id)
    if guest is None:
        raise TokenRefused("This operator is no guest of the session any more.")
    if not await policy.allows(db, operator, session, guest.mode):
        await leaving.send_out(db, context, session, operator.id)
        raise TokenRefused("This operator may not be in the session any more.", keep=True)


async def _organization(db: AsyncSession, session: Session) -> OrganizationShown:
    organization = await db.get(Organization, session.organization_id)
    if organization is None:
        raise NotFound("There is no such organisation.")
    return OrganizationShown(id=organization.id, name=organization.name)
