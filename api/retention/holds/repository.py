"""SQL of legal holds."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement
from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from api.retention.holds.models import LegalHold


async def covering(
    db: AsyncSession, organization_id: str, customer_id: str | None, session_id: str | None
) -> Sequence[LegalHold]:
    """Holds in the way of deleting a session, a customer or, when neither is named, the whole organisation; oldest first."""
    rows = select(LegalHold).where(LegalHold.organization_id == organization_id)
    if customer_id is not None or session_id is not None:
        rows = rows.where(_covers(customer_id, session_id))
    return (await db.exec(rows.order_by(col(LegalHold.id)))).all()


def _covers(customer_id: str | None, session_id: str | None) -> ColumnElement[bool]:
    named = [col(LegalHold.scope) == "organization"]
    if customer_id is not None:
        named.append(col(LegalHold.customer_id) == customer_id)
    if session_id is not None:
        named.append(col(LegalHold.session_id) == session_id)
    return or_(*named)
