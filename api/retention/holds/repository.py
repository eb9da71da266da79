"""SQL of legal holds."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement
from sqlmodel import col, func, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from api.auth.permissions import Caller
from api.retention.holds.models import LegalHold
from api.retention.holds.schemas import HoldScope
from api.sessions.models import Session


async def page(db: AsyncSession, caller: Caller, after: str | None, limit: int) -> Sequence[LegalHold]:
    """Of the caller's organisation, newest first; one more than `limit` when there are more."""
    rows = select(LegalHold).where(LegalHold.organization_id == caller.organization_id)
    if after is not None:
        rows = rows.where(col(LegalHold.id) < after)
    return (await db.exec(rows.order_by(col(LegalHold.id).desc()).limit(limit + 1))).all()


async def by_id(db: AsyncSession, caller: Caller, hold_id: str) -> LegalHold | None:
    """A hold of the caller's organisation."""
    rows = select(LegalHold).where(LegalHold.organization_id == caller.organization_id, LegalHold.id == hold_id)
    return (await db.exec(rows)).first()


async def covering(
    db: AsyncSession, organization_id: str, customer_id: str | None, session_id: str | None
) -> Sequence[LegalHold]:
    """Holds in the way of deleting a session, a customer or, when neither is named, the whole organisation; oldest first.

    A customer is held by a hold of any of their sessions too, and a session by one of its customer.
    """
    rows = select(LegalHold).where(LegalHold.organization_id == organization_id)
    if customer_id is not None or session_id is not None:
        rows = rows.where(_covers(customer_id, session_id))
    return (await db.exec(rows.order_by(col(LegalHold.id)))).all()


def _covers(customer_id: str | None, session_id: str | None) -> ColumnElement[bool]:
    named = [col(LegalHold.scope) == HoldScope.ORGANIZATION]
    if customer_id is not None:
        theirs = select(Session.id).where(Session.customer_id == customer_id)
        named += [col(LegalHold.customer_id) == customer_id, col(LegalHold.session_id).in_(theirs)]
    if session_id is not None:
        whose = select(Session.customer_id).where(Session.id == session_id)
        named += [col(LegalHold.session_id) == session_id, col(LegalHold.customer_id).in_(whose)]
    return or_(*named)


def of_session() -> ColumnElement[bool]:
    """Whether the session of the statement around it is held: by itself, by its customer or with the whole organisation."""
    holds = select(LegalHold.id).where(LegalHold.organization_id == Session.organization_id)
    mine = or_(
        col(LegalHold.scope) == HoldScope.ORGANIZATION,
        col(LegalHold.session_id) == col(Session.id),
        col(LegalHold.customer_id) == col(Session.customer_id),
    )
    return holds.where(mine).exists()


async def newest_sessions(db: AsyncSession, customer_ids: Sequence[str]) -> dict[str, Session]:
    """One session of each customer, the newest, by customer: what is known of them stands there."""
    newest = (
        select(func.max(Session.id)).where(col(Session.customer_id).in_(customer_ids)).group_by(Session.customer_id)
    )
    rows = await db.exec(select(Session).where(col(Session.id).in_(newest)))
    return {session.customer_id: session for session in rows.all()}
