"""SQL of customers."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import col, func, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from api.customers.models import Customer
from api.kit.insert import insert_new
from api.relays.models import RelayCommand
from api.rotations.models import RetiredKey
from api.sessions.models import FORGOTTEN, Session


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
    """A customer of the organisation. With `lock` as they are now, whatever this transaction has read of them before."""
    rows = select(Customer).where(Customer.organization_id == organization_id, col(Customer.id) == customer_id)
    if lock:
        rows = rows.with_for_update().execution_options(populate_existing=True)
    return (await db.exec(rows)).first()


async def page(
    db: AsyncSession, organization_id: str, lookup: str | None, after: str | None, limit: int
) -> Sequence[Customer]:
    """Customers of an organisation, newest first; one more than `limit` when there are more."""
    rows = select(Customer).where(Customer.organization_id == organization_id)
    if lookup is not None:
        rows = rows.where(Customer.lookup == lookup)
    if after is not None:
        rows = rows.where(col(Customer.id) < after)
    return (await db.exec(rows.order_by(col(Customer.id).desc()).limit(limit + 1))).all()


async def of_session(db: AsyncSession, organization_id: str, session_id: str) -> str | None:
    """Whom a session of the organisation is about."""
    rows = select(Session.customer_id).where(Session.organization_id == organization_id, Session.id == session_id)
    return (await db.exec(rows)).first()


async def counts(db: AsyncSession, customer_ids: Sequence[str]) -> dict[str, int]:
    """How many sessions are about each."""
    rows = select(Session.customer_id, func.count()).where(col(Session.customer_id).in_(customer_ids))
    return dict((await db.exec(rows.group_by(col(Session.customer_id)))).all())


async def newest_named(db: AsyncSession, customer_ids: Sequence[str]) -> dict[str, Session]:
    """Of each the newest session that says who it is."""
    newest = select(func.max(Session.id)).where(
        col(Session.customer_id).in_(customer_ids), col(Session.customer_sealed).is_not(None)
    )
    rows = select(Session).where(col(Session.id).in_(newest.group_by(col(Session.customer_id))))
    return {row.customer_id: row for row in (await db.exec(rows)).all()}


async def live_session(db: AsyncSession, customer_id: str) -> str | None:
    """A session with the customer that is not over."""
    rows = select(Session.id).where(Session.customer_id == customer_id, col(Session.ended_at).is_(None))
    return (await db.exec(rows.limit(1))).first()


async def forget_sessions(db: AsyncSession, customer_id: str) -> int:
    """Take away what is plain about a customer in their sessions or under the server's key, and the name of their own key; how
    many sessions there are."""
    mine = update(Session).where(col(Session.customer_id) == customer_id)
    theirs = select(Session.id).where(Session.customer_id == customer_id)
    await db.exec(update(RelayCommand).where(col(RelayCommand.session_id).in_(theirs)).values(reason_sealed=None))
    done = await db.exec(mine.values(key_id=FORGOTTEN, reference_system=None, reference_id=None, device_name=None))
    return int(done.rowcount)


async def half_forgotten(db: AsyncSession, before: datetime) -> Sequence[Customer]:
    """Customers whose forgetting was begun before a time and has no proof yet; each is given to one process."""
    rows = select(Customer).where(col(Customer.forgotten_at) < before, col(Customer.proof).is_(None))
    return (await db.exec(rows.limit(10).with_for_update(skip_locked=True))).all()


async def keys_in_use(db: AsyncSession, key_ids: Sequence[str]) -> set[str]:
    """Those of the keys that are a customer's, or were and something may be sealed under them."""
    rows = select(Customer.key_id).where(col(Customer.key_id).in_(key_ids))
    retired = select(RetiredKey.id).where(col(RetiredKey.id).in_(key_ids))
    return {*(await db.exec(rows)).all(), *(await db.exec(retired)).all()}
