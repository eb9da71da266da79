"""The customer's way in. A right code only lets the customer ask: the operator shows up, digits are compared, then consent."""

from sqlmodel.ext.asyncio.session import AsyncSession

from api.context import Context
from api.join.schemas import OperatorName, OrganizationName, PreviewView, SessionPreview
from api.kit.throttle import address_key
from api.organizations.models import Organization
from api.problems import CodeNotValid
from api.queue import places as queue
from api.sessions import admission, codes, life, policy, repository, seats, statement
from api.sessions.models import Session
from api.sessions.modes import Mode, Recording
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
    operator = await policy.operator_of(db, session)
    if organization is None or not await policy.allows(db, operator, session):
        raise not_valid()
    held = statement.told(await policy.members_now(db, session, organization, operator))
    return PreviewView(
        session=SessionPreview(
            organisation=OrganizationName(name=organization.name),
            operator=OperatorName(name=operator.name, verified=session.verified_as) if operator else None,
            mode=Mode(session.mode),
            features=held["features"],
            recording=Recording(session.recording),
            limits=Limits(**held["limits"]),
        ),
        server=context.settings.public_url,
        expires_at=session.code_expires_at,
    )


async def join(db: AsyncSession, context: Context, code: str, origin: str | None) -> Admission:
    """Use the code up and let the customer in. Of two that try at once, one gets it.

    `origin` is the web page that asks, if one does: a customer who looks on does so from there only.
    """
    found, now = codes.lookup(context.sealer, code), context.clock.now()
    session = await repository.waiting_by_code(db, found, now, lock=True)
    if session is None or not await repository.claim_code(db, found, now):
        raise not_valid()
    if not await policy.allows(db, await policy.operator_of(db, session), session):
        raise not_valid()
    return await let_in(db, context, session, origin)


async def let_in(db: AsyncSession, context: Context, session: Session, origin: str | None = None) -> Admission:
    """The customer's side claims a session that waits, by its code or as the device it is for."""
    now = context.clock.now()
    await policy.refresh(db, context, session)
    life.step(db, context, session, Happening.CLAIM, now)
    answer = await admission.admit(db, context, session, seats.for_customer(session, origin, now))
    if session.operator_id is None:
        answer.queue = await queue.place(db, session)
    return answer
