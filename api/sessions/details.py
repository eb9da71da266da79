"""What a session is about: sealed where it is about a person, and said to both sides in one signed statement."""

import json

from api.context import Context
from api.operators.models import Operator
from api.organizations.models import Organization
from api.sessions import statement
from api.sessions.models import Session
from api.sessions.schemas import Customer, Reference

CUSTOMER_PURPOSE = "customer"


def describe(context: Context, session: Session, customer: Customer | None, reference: Reference | None) -> None:
    """Keep who is helped and what it belongs to."""
    if customer is not None:
        plain = json.dumps(customer.model_dump(), ensure_ascii=False).encode()
        session.customer_sealed = context.sealer.seal(CUSTOMER_PURPOSE, session.id, plain)
    if reference is not None:
        session.reference_system, session.reference_id, session.reference_url = (
            reference.system,
            reference.id,
            reference.url,
        )


def sign_statement(context: Context, session: Session, organization: Organization, operator: Operator) -> None:
    """Make the statement of the session as it is now, and keep it."""
    signed = statement.make(
        context.keyring, session, organization, operator, customer_of(context, session), reference_of(session)
    )
    statement.store(context, session, signed)


def customer_of(context: Context, session: Session) -> Customer | None:
    """The customer's details, opened."""
    if session.customer_sealed is None:
        return None
    return Customer.model_validate_json(context.sealer.open(CUSTOMER_PURPOSE, session.id, session.customer_sealed))


def reference_of(session: Session) -> Reference | None:
    """What the session belongs to elsewhere."""
    if session.reference_system is None or session.reference_id is None:
        return None
    return Reference(system=session.reference_system, id=session.reference_id, url=session.reference_url)
