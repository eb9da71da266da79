"""Rules of legal holds: ordered by administrators, lifted by them in person with a fresh proof."""

from sqlmodel.ext.asyncio.session import AsyncSession

from api import audit
from api.audit import Action
from api.auth.permissions import Caller
from api.context import Context
from api.customers import repository as customers
from api.customers import service as customer_rules
from api.kit.ids import Kind, new_id
from api.organizations import repository as organizations
from api.problems import LegallyHeld, NotFound
from api.retention.holds import repository
from api.retention.holds.models import LegalHold
from api.retention.holds.schemas import HoldScope, LegalHoldCreate, LegalHoldView
from api.sessions import details
from api.sessions import repository as sessions
from api.sessions.models import Session

REASON = "legal hold"


async def refuse_if_held(
    db: AsyncSession, organization_id: str, customer_id: str | None = None, session_id: str | None = None
) -> None:
    """LegallyHeld when something that is about to be destroyed must be kept.

    With neither a customer nor a session it is the whole organisation that is about to go. Until the transaction ends nobody
    can order a hold of this organisation: what was looked up here stays true.
    """
    await organizations.lock(db, organization_id)
    holds = await repository.covering(db, organization_id, customer_id, session_id)
    if holds:
        raise LegallyHeld(
            "A legal hold says that this must be kept; lift it first, with DELETE /v1/legal-holds/{hold_id}.",
            holds=[hold.id for hold in holds],
        )


async def order(db: AsyncSession, context: Context, caller: Caller, body: LegalHoldCreate) -> LegalHoldView:
    """From now on nothing that it covers goes. What it names must be there."""
    await organizations.lock(db, caller.organization_id)
    hold_id = new_id(Kind.LEGAL_HOLD)
    hold = LegalHold(
        id=hold_id,
        organization_id=caller.organization_id,
        scope=body.scope,
        customer_id=await _customer(db, context, caller, body),
        session_id=await _session(db, caller, body),
        reason_sealed=context.keyring.organization(caller.organization_id).seal(REASON, hold_id, body.reason.encode()),
        created_by=caller.id,
        created_at=context.clock.now(),
    )
    db.add(hold)
    _note(db, context, caller, Action.LEGAL_HOLD_ORDERED, hold)
    return (await views(db, context, [hold]))[0]


async def lift(db: AsyncSession, context: Context, caller: Caller, hold_id: str) -> None:
    """What only it kept goes with the next purge, if its time is over."""
    hold = await repository.by_id(db, caller, hold_id)
    if hold is None:
        raise NotFound("There is no such legal hold.")
    _note(db, context, caller, Action.LEGAL_HOLD_LIFTED, hold)
    await db.delete(hold)


async def views(db: AsyncSession, context: Context, holds: list[LegalHold]) -> list[LegalHoldView]:
    """As administrators and auditors see them."""
    await db.flush()
    ids = [hold.customer_id for hold in holds if hold.customer_id is not None]
    known = await repository.newest_sessions(db, ids) if ids else {}
    return [_view(context, hold, known.get(hold.customer_id or "")) for hold in holds]


def _view(context: Context, hold: LegalHold, session: Session | None) -> LegalHoldView:
    sealer = context.keyring.organization(hold.organization_id)
    customer = details.customer_of(context, session) if session else None
    return LegalHoldView(
        id=hold.id,
        scope=HoldScope(hold.scope),
        customer_id=hold.customer_id,
        customer_email=customer.email if customer else None,
        session_id=hold.session_id,
        reason=sealer.open(REASON, hold.id, hold.reason_sealed).decode(),
        created_by=hold.created_by,
        created_at=hold.created_at,
    )


def _note(db: AsyncSession, context: Context, caller: Caller, action: Action, hold: LegalHold) -> None:
    """Without the reason: it may name the customer, who may be forgotten when the hold is lifted."""
    covers = {"scope": hold.scope, "customer_id": hold.customer_id, "session_id": hold.session_id}
    audit.record(db, context, hold.organization_id, action, by=caller, target=hold, **covers)


async def _customer(db: AsyncSession, context: Context, caller: Caller, body: LegalHoldCreate) -> str | None:
    whose = caller.organization_id
    if body.customer_email is not None:
        lookup = customer_rules.lookup_of(context, whose, body.customer_email)
        found = await customers.by_lookup(db, whose, lookup)
    elif body.customer_id is not None:
        found = await customers.by_id(db, whose, body.customer_id)
    else:
        return None
    if found is None:
        raise NotFound("There is no such customer: no session has this e-mail address or id.")
    return found.id


async def _session(db: AsyncSession, caller: Caller, body: LegalHoldCreate) -> str | None:
    if body.session_id is None:
        return None
    session = await sessions.for_caller(db, caller, body.session_id)
    if session is None:
        raise NotFound("There is no such session.")
    return session.id
