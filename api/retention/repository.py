"""SQL of retention."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Table
from sqlmodel import SQLModel, col, delete, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from api.audit.models import AuditEvent
from api.customers.models import Customer
from api.events.models import Event
from api.organizations.models import Organization
from api.retention.holds.models import LegalHold
from api.retention.holds.repository import of_session
from api.retention.holds.schemas import HoldScope
from api.retention.models import RetentionRun
from api.sessions.models import Session


@dataclass(frozen=True, slots=True)
class Gone:
    """What a batch took away."""

    sessions: int
    events: int
    customers: int
    """Whom no session is about any more; their keys are nobody's then, and swept away."""


def over(organization_id: str, before: datetime) -> list[ColumnElement[bool]]:
    """Sessions that ended before a time."""
    return [col(Session.organization_id) == organization_id, col(Session.ended_at) < before]


async def due_sessions(db: AsyncSession, organization_id: str, before: datetime, limit: int) -> Sequence[Session]:
    """What may go, oldest first, locked; what another process has locked is left to it."""
    rows = select(Session).where(*over(organization_id, before), ~of_session())
    rows = rows.order_by(col(Session.ended_at), col(Session.id)).limit(limit)
    return (await db.exec(rows.with_for_update(skip_locked=True))).all()


async def any_due(db: AsyncSession, organization_id: str, before: datetime, lines_before: datetime) -> bool:
    """Whether there is anything to purge."""
    rows = select(Session.id).where(*over(organization_id, before), ~of_session()).limit(1)
    if (await db.exec(rows)).first() is not None:
        return True
    lines = select(AuditEvent.id).where(AuditEvent.organization_id == organization_id, AuditEvent.time < lines_before)
    return (await db.exec(lines.limit(1))).first() is not None


async def count_sessions(db: AsyncSession, organization_id: str, before: datetime, *, held: bool) -> int:
    """How many are over their time and held, or not held."""
    which = of_session() if held else ~of_session()
    return (await db.exec(select(func.count()).select_from(Session).where(*over(organization_id, before), which))).one()


async def count_lines(db: AsyncSession, organization_id: str, before: datetime) -> int:
    """Lines of the administrative log that are over their time."""
    rows = select(func.count()).select_from(AuditEvent)
    return (await db.exec(rows.where(AuditEvent.organization_id == organization_id, AuditEvent.time < before))).one()


async def oldest(db: AsyncSession, organization_id: str) -> datetime | None:
    """When the session ended that ended first."""
    rows = select(Session.ended_at).where(
        Session.organization_id == organization_id, col(Session.ended_at).is_not(None)
    )
    return (await db.exec(rows.order_by(col(Session.ended_at)).limit(1))).first()


async def delete_sessions(db: AsyncSession, sessions: Sequence[Session]) -> Gone:
    """Sessions and everything that hangs on them."""
    ids = [session.id for session in sessions]
    events = 0
    for table, condition in hanging_on(_table(Session), ids):
        done = await db.exec(delete(table).where(condition))
        if table is _table(Event):
            events += done.rowcount
    await db.exec(delete(Session).where(col(Session.id).in_(ids)))
    return Gone(len(ids), events, await _release(db, sorted({session.customer_id for session in sessions})))


async def _release(db: AsyncSession, customer_ids: Sequence[str]) -> int:
    """Delete those of the customers whom nothing refers to; who was forgotten stays, with the proof of it.

    They are locked first: who makes a session with one of them either has made it, and is seen, or finds the customer gone.
    """
    locked = select(Customer.id).where(col(Customer.id).in_(customer_ids)).order_by(col(Customer.id)).with_for_update()
    await db.exec(locked)
    left = select(Session.id).where(Session.customer_id == Customer.id)
    nobodys = delete(Customer).where(
        col(Customer.id).in_(customer_ids), col(Customer.forgotten_at).is_(None), ~left.exists()
    )
    return (await db.exec(nobodys)).rowcount


def hanging_on(parent: Table, ids: Any) -> Iterator[tuple[Table, ColumnElement[bool]]]:
    """Tables whose rows refer to rows of `parent`, however far, each with which of its rows do: those furthest away first.

    A legal hold is not among them: a row that is held is not deleted, and if it were the database would refuse.
    """
    for table in SQLModel.metadata.sorted_tables:
        if table in (parent, _table(LegalHold)):
            continue
        for key in table.foreign_keys:
            if key.column.table is parent:
                condition = key.parent.in_(ids)
                yield from hanging_on(table, select(*table.primary_key.columns).where(condition))
                yield table, condition


def _table(model: type[SQLModel]) -> Table:
    found: Table = model.__table__  # type: ignore[attr-defined]
    return found


async def held_since(db: AsyncSession, organization_id: str) -> datetime | None:
    """When the oldest session was made that a hold covers; None when no session is covered."""
    holds = select(LegalHold.id).where(LegalHold.organization_id == organization_id)
    whole = holds.where(LegalHold.scope == HoldScope.ORGANIZATION)
    if (await db.exec(whole.limit(1))).first() is not None:
        return datetime.min.replace(tzinfo=UTC)
    sessions = select(LegalHold.session_id).where(LegalHold.organization_id == organization_id)
    customers = select(LegalHold.customer_id).where(LegalHold.organization_id == organization_id)
    found = [
        (await db.exec(select(func.min(Session.created_at)).where(which))).one()
        for which in (col(Session.id).in_(sessions), col(Session.customer_id).in_(customers))
    ]
    return min((time for time in found if time is not None), default=None)


async def run_of(db: AsyncSession, organization_id: str) -> RetentionRun | None:
    """The newest purge of an organisation."""
    return await db.get(RetentionRun, organization_id)


async def begun(db: AsyncSession) -> RetentionRun | None:
    """A purge that is not finished, which longest waits, locked; one that another process works on is left to it."""
    rows = select(RetentionRun).where(col(RetentionRun.finished_at).is_(None)).order_by(col(RetentionRun.started_at))
    return (await db.exec(rows.limit(1).with_for_update(skip_locked=True))).first()


async def unfinished(db: AsyncSession) -> bool:
    """Whether there is such a purge."""
    rows = select(RetentionRun.organization_id).where(col(RetentionRun.finished_at).is_(None)).limit(1)
    return (await db.exec(rows)).first() is not None


async def organizations_with_runs(db: AsyncSession) -> Sequence[tuple[Organization, RetentionRun | None]]:
    """All organisations, each with its newest purge."""
    joined = select(Organization, RetentionRun).outerjoin(
        RetentionRun, col(RetentionRun.organization_id) == col(Organization.id)
    )
    return (await db.exec(joined.order_by(col(Organization.id)))).all()
