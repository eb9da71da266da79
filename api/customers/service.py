"""Rules of customers: whom a session is about."""

from sqlmodel.ext.asyncio.session import AsyncSession

from api.context import Context
from api.customers import repository
from api.customers.models import Customer
from api.kit.ids import Kind, new_id

LOOKUP = "customer e-mail"
NOBODY = "cus_"


async def for_session(db: AsyncSession, context: Context, organization_id: str, email: str | None) -> Customer:
    """The customer with this e-mail address, or a new one; without an address nobody can be recognised."""
    lookup = None if email is None else lookup_of(context, organization_id, email)
    while True:
        if lookup is not None:
            found = await repository.by_lookup(db, organization_id, lookup, lock=True)
            if found is not None:
                return found
        made = Customer(
            id=new_id(Kind.CUSTOMER),
            organization_id=organization_id,
            lookup=lookup,
            key_id=context.keyring.customer_key(organization_id),
            created_at=context.clock.now(),
        )
        if lookup is None:
            db.add(made)
            return made
        await repository.add(db, made)  # of two at once one is stored, which is found in the next round


async def id_of(db: AsyncSession, context: Context, organization_id: str, email: str) -> str:
    """Whose sessions to look for when an address is asked for; the id of nobody when it is not known."""
    found = await repository.by_lookup(db, organization_id, lookup_of(context, organization_id, email))
    return NOBODY if found is None else found.id


def lookup_of(context: Context, organization_id: str, email: str) -> str:
    """The keyed hash under which an organisation's customer is found by e-mail address, whatever its case."""
    return context.keyring.organization(organization_id).lookup(LOOKUP, email.strip().lower())
