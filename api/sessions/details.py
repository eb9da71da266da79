"""What a session is about: sealed where it is about a person, and said to both sides in one signed statement."""

import json

from api.context import Context
from api.operators.models import Operator
from api.organizations.models import Organization
from api.sessions import statement
from api.sessions.models import Session
from api.sessions.schemas import Customer, Reference

CUSTOMER_PURPOSE = "customer"
PURPOSE = "purpose"


def describe(
    context: Context,
    session: Session,
    customer: Customer | None,
    reference: Reference | None,
    purpose: str | None = None,
) -> None:
    """Keep who is helped, what it belongs to, and why, under the customer's key."""
    sealer = context.keyring.customer(session)
    if customer is not None:
        plain = json.dumps(customer.model_dump(), ensure_ascii=False).encode()
        session.customer_sealed = sealer.seal(CUSTOMER_PURPOSE, session.id, plain)
    if purpose is not None:
        session.purpose_sealed = sealer.seal(PURPOSE, session.id, purpose.encode())
    refer(session, reference)


def purpose_of(context: Context, session: Session) -> str | None:
    """Why there is help, opened."""
    if session.purpose_sealed is None:
        return None
    return context.keyring.customer(session).open(PURPOSE, session.id, session.purpose_sealed).decode()


def refer(session: Session, reference: Reference | None) -> None:
    """Set, or take away, what it belongs to elsewhere."""
    session.reference_system = reference.system if reference else None
    session.reference_id = reference.id if reference else None
    session.reference_url = reference.url if reference else None


def sign_statement(context: Context, session: Session, organization: Organization, operator: Operator | None) -> None:
    """Make the statement of the session as it is now, and keep it."""
    signed = statement.make(
        context.signer, session, organization, operator, customer_of(context, session), reference_of(session)
    )
    statement.store(context, session, signed)
    session.stated_operator_id = operator.id if operator else None


def customer_of(context: Context, session: Session) -> Customer | None:
    """The customer's details, opened."""
    if session.customer_sealed is None:
        return None
    plain = context.keyring.customer(session).open(CUSTOMER_PURPOSE, session.id, session.customer_sealed)
    return Customer.model_validate_json(plain)


def reference_of(session: Session) -> Reference | None:
    """What the session belongs to elsewhere."""
    if session.reference_system is None or session.reference_id is None:
        return None
    return Reference(system=session.reference_system, id=session.reference_id, url=session.reference_url)
