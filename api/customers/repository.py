"""SQL of customers."""

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from api.customers.models import Customer
from api.kit.insert import insert_new


async def by_lookup(db: AsyncSession, organization_id: str, lookup: str, *, lock: bool = False) -> Customer | None:
    """The customer with an e-mail address. With `lock` nobody forgets it before this transaction ends."""
    rows = select(Customer).where(Customer.organization_id == organization_id, Customer.lookup == lookup)
    if lock:
        rows = rows.with_for_update(read=True).execution_options(populate_existing=True)
    return (await db.exec(rows)).first()


async def add(db: AsyncSession, customer: Customer) -> bool:
    """Store a new one; False when somebody else stored one with the same e-mail address first."""
    return await insert_new(db, customer)


async def by_id(db: AsyncSession, organization_id: str, customer_id: str, *, lock: bool = False) -> Customer | None:
    """A customer of the organisation."""
    rows = select(Customer).where(Customer.organization_id == organization_id, col(Customer.id) == customer_id)
    return (await db.exec(rows.with_for_update() if lock else rows)).first()
