"""The customer's way in. A right code only lets the customer ask: the operator shows up, digits are compared, then consent."""

from sqlmodel.ext.asyncio.session import AsyncSession

from api.context import Context
from api.join.schemas import OperatorName, OrganizationName, PreviewView, SessionPreview
from api.kit.ids import Kind, new_id
from api.kit.throttle import address_key
from api.operators.models import Operator
from api.organizations.models import Organization
from api.problems import CodeNotValid
from api.sessions import admission, codes, life, policy, repository, statement
from api.sessions.models import Participant, Session
from api.sessions.modes import HOST_SENDER, Mode, Recording, Side, Verified, WireRole
from api.sessions.schemas import Admission, Limits
from api.sessions.states import Happening
from api.sessions.tickets import RESUME_LIFE

ANSWER_KEPT = RESUME_LIFE
"""How long a lost answer to joining can be fetched again: as long as the resume ticket in it lives."""
_ASKER = "join asker"


def asker(context: Context, code: str, address: str | None) -> str:
    """To whom the remembered answer to a join belongs: whoever knows the code, at the address that used it.

    The answer has the customer's tickets, and nobody is signed in here. Only a keyed hash of both is stored, and a code
    that does not fit counts as a wrong one, so a key that can be guessed (`join-1`) opens nothing.
    """
    return f"join {context.sealer.lookup(_ASKER, f'{code} {address_key(address)}')}"


def not_valid() -> CodeNotValid:
    """The one answer to a code that is unknown, expired or used."""
    return CodeNotValid("Check the digits, or ask the operator for a new code.")


async def preview(db: AsyncSession, context: Context, code: str) -> PreviewView:
    """Who asks and for what, without using the code up."""
    session = await repository.waiting_by_code(db, codes.lookup(context.sealer, code), context.clock.now())
    if session is None:
        raise not_valid()
    organization = await db.get(Organization, session.organization_id)
    operator = await db.get(Operator, session.operator_id)
    if organization is None or operator is None or not policy.allows(operator, session):
        raise not_valid()
    limit = policy.smallest(session.max_seconds, organization.max_session_seconds, operator.max_session_seconds)
    return PreviewView(
        session=SessionPreview(
            organisation=OrganizationName(name=organization.name),
            operator=OperatorName(name=operator.name, verified=Verified.by(session.created_by)),
            mode=Mode(session.mode),
            features=session.features,
            recording=Recording(session.recording),
            limits=Limits(**statement.limits(limit)),
        ),
        server=context.settings.public_url,
        expires_at=session.code_expires_at,
    )


async def join(db: AsyncSession, context: Context, code: str) -> Admission:
    """Use the code up and let the customer in as the host. Of two that try at once, one gets it."""
    session_id = await repository.claim_code(db, codes.lookup(context.sealer, code), context.clock.now())
    session = await repository.locked(db, session_id) if session_id else None
    operator = await db.get(Operator, session.operator_id) if session else None
    if session is None or operator is None or not policy.allows(operator, session):
        raise not_valid()
    return await let_in(db, context, session)


async def let_in(db: AsyncSession, context: Context, session: Session) -> Admission:
    """The customer's side claims a session that waits, by its code or as the device it is for, and becomes its host."""
    now = context.clock.now()
    await policy.refresh(db, context, session)
    life.step(db, session, Happening.CLAIM, now)
    host = Participant(
        id=new_id(Kind.PARTICIPANT),
        session_id=session.id,
        sender=HOST_SENDER,
        role=WireRole.HOST,
        side=Side.CUSTOMER,
        first_jti="",
        created_at=now,
    )
    return await admission.admit(db, context, session, host)
