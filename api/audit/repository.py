"""SQL of the administrative log. Rows are inserted and read, never changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from api.audit.models import AuditEvent
from api.auth.permissions import Caller
from api.kit.search import contains
from api.operators.models import Operator


@dataclass(frozen=True, slots=True)
class Filters:
    """What a reader looks for; all that are given must hold."""

    action: str | None = None
    """An action, or the part before its dot for all actions of a resource."""
    actor_id: str | None = None
    target_id: str | None = None
    address_lookup: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    text: str | None = None
    """In the action or an id, or in the name or login of the operator who did it or to whom it was done."""


async def page(
    db: AsyncSession, caller: Caller, filters: Filters, after: str | None, limit: int
) -> Sequence[AuditEvent]:
    """Newest first; one more than `limit` when there are more."""
    rows = select(AuditEvent).where(AuditEvent.organization_id == caller.organization_id)
    if filters.action is not None:
        whole = "." in filters.action
        start = filters.action if whole else f"{filters.action}."
        action = col(AuditEvent.action)
        rows = rows.where(action == start if whole else action.startswith(start, autoescape=True))
    if filters.actor_id is not None:
        rows = rows.where(AuditEvent.actor_id == filters.actor_id)
    if filters.target_id is not None:
        rows = rows.where(AuditEvent.target_id == filters.target_id)
    if filters.address_lookup is not None:
        rows = rows.where(AuditEvent.address_lookup == filters.address_lookup)
    if filters.since is not None:
        rows = rows.where(AuditEvent.time >= filters.since)
    if filters.until is not None:
        rows = rows.where(AuditEvent.time < filters.until)
    if filters.text:
        rows = rows.where(_mentions(caller, filters.text))
    if after is not None:
        rows = rows.where(col(AuditEvent.id) < after)
    return (await db.exec(rows.order_by(col(AuditEvent.id).desc()).limit(limit + 1))).all()


def _mentions(caller: Caller, text: str):  # type: ignore[no-untyped-def] # SQLAlchemy's own, which has no short name
    people = select(Operator.id).where(
        Operator.organization_id == caller.organization_id,
        or_(contains(Operator.name, text), contains(Operator.login, text)),
    )
    return or_(
        contains(AuditEvent.action, text),
        AuditEvent.actor_id == text,
        AuditEvent.target_id == text,
        col(AuditEvent.actor_id).in_(people),
        col(AuditEvent.target_id).in_(people),
    )
