"""SQL of the log's tree. Everything is by organisation: the caller's, or the one that is being worked on."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, insert
from sqlmodel import col, delete, func, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from api.audit.models import AuditCheckpoint, AuditEntry, AuditEvent, AuditNode, AuditPruning
from api.organizations.models import Organization
from api.webhooks.models import WebhookEndpoint

_LOCK = 0x7461737564
"""PostgreSQL's advisory lock: one process gives positions."""
_COLUMNS = (
    AuditEvent.id, AuditEvent.organization_id, AuditEvent.time, AuditEvent.action, AuditEvent.actor_type,
    AuditEvent.actor_id, AuditEvent.target_type, AuditEvent.target_id, AuditEvent.digest,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Placed:
    """A line and its place; `event` is None when the line is not there any more."""

    entry: AuditEntry
    event: AuditEvent | None


async def take_turn(db: AsyncSession) -> bool:
    """Whether nobody else is giving positions; until the transaction ends nobody does. SQLite has one writer anyway."""
    if db.get_bind().dialect.name != "postgresql":
        return True
    got = await (await db.connection()).exec_driver_sql(f"SELECT pg_try_advisory_xact_lock({_LOCK})")
    return bool(got.scalar_one())


def _without_place() -> ColumnElement[bool]:
    return ~select(AuditEntry.event_id).where(AuditEntry.event_id == AuditEvent.id).exists()


async def any_without_place(db: AsyncSession, after_id: str, left_out: Collection[str]) -> bool:
    """Whether there is a line without a position, of those with a greater id."""
    rows = select(AuditEvent.id).where(AuditEvent.id > after_id, _without_place())
    if left_out:
        rows = rows.where(col(AuditEvent.organization_id).not_in(left_out))
    return (await db.exec(rows.limit(1))).first() is not None


async def without_place(db: AsyncSession, after_id: str, left_out: Collection[str], limit: int) -> Sequence[Row[Any]]:
    """Lines without a position, in the order of their ids: the columns that a leaf is made of."""
    rows = select(*_COLUMNS).where(AuditEvent.id > after_id, _without_place())  # type: ignore[call-overload] # up to four
    if left_out:
        rows = rows.where(col(AuditEvent.organization_id).not_in(left_out))
    return list((await db.exec(rows.order_by(AuditEvent.id).limit(limit))).all())


async def add_places(db: AsyncSession, places: list[dict[str, Any]], nodes: list[dict[str, Any]]) -> None:
    """Rows of `AuditEntry` and `AuditNode`, each kind in one statement and without objects: this is paid for every line."""
    connection = await db.connection()
    for model, rows in ((AuditEntry, places), (AuditNode, nodes)):
        if rows:
            await connection.execute(insert(model), rows)


async def size(db: AsyncSession, organization_id: str) -> int:
    """How many positions were given."""
    rows = select(func.max(AuditEntry.position)).where(AuditEntry.organization_id == organization_id)
    newest = (await db.exec(rows)).one()
    if newest is not None:
        return newest + 1
    pruning = await newest_pruning(db, organization_id)
    return pruning.size if pruning else 0


async def unsigned(db: AsyncSession) -> list[str]:
    """Organisations whose newest place no checkpoint covers."""
    found = []
    for organization_id in (await db.exec(select(Organization.id))).all():
        newest = await newest_checkpoint(db, organization_id)
        if await size(db, organization_id) > (newest.size if newest else 0):
            found.append(organization_id)
    return found


async def newest_checkpoint(db: AsyncSession, organization_id: str) -> AuditCheckpoint | None:
    """Where the log is."""
    rows = select(AuditCheckpoint).where(AuditCheckpoint.organization_id == organization_id)
    return (await db.exec(rows.order_by(col(AuditCheckpoint.size).desc()).limit(1))).first()


async def newest_pruning(db: AsyncSession, organization_id: str) -> AuditPruning | None:
    """Where the log begins."""
    rows = select(AuditPruning).where(AuditPruning.organization_id == organization_id)
    return (await db.exec(rows.order_by(col(AuditPruning.size).desc()).limit(1))).first()


async def entries(db: AsyncSession, organization_id: str, start: int, end: int) -> Sequence[AuditEntry]:
    """Places from `start` up to, not including, `end`."""
    rows = select(AuditEntry).where(
        AuditEntry.organization_id == organization_id, AuditEntry.position >= start, AuditEntry.position < end
    )
    return (await db.exec(rows.order_by(col(AuditEntry.position)))).all()


async def loose(db: AsyncSession, organization_id: str, start: int, limit: int) -> Sequence[tuple[int, bytes]]:
    """Position and leaf of places after the newest checkpoint."""
    rows = select(AuditEntry.position, AuditEntry.leaf).where(
        AuditEntry.organization_id == organization_id, AuditEntry.position >= start
    )
    return (await db.exec(rows.order_by(col(AuditEntry.position)).limit(limit))).all()


async def placed(db: AsyncSession, organization_id: str, start: int, end: int) -> list[Placed]:
    """Places with their lines."""
    rows = (
        select(AuditEntry, AuditEvent)
        .join(AuditEvent, col(AuditEvent.id) == AuditEntry.event_id, isouter=True)
        .where(AuditEntry.organization_id == organization_id, AuditEntry.position >= start, AuditEntry.position < end)
        .order_by(col(AuditEntry.position))
    )
    return [Placed(entry, event) for entry, event in (await db.exec(rows)).all()]


async def place_of(db: AsyncSession, organization_id: str, event_id: str) -> Placed | None:
    """One line with its place."""
    rows = (
        select(AuditEntry, AuditEvent)
        .join(AuditEvent, col(AuditEvent.id) == AuditEntry.event_id)
        .where(AuditEntry.organization_id == organization_id, AuditEntry.event_id == event_id)
    )
    found = (await db.exec(rows)).first()
    return None if found is None else Placed(*found)


async def checkpoints(db: AsyncSession, organization_id: str, after: int, upto: int) -> Sequence[AuditCheckpoint]:
    """Checkpoints whose size is more than `after` and at most `upto`."""
    rows = select(AuditCheckpoint).where(
        AuditCheckpoint.organization_id == organization_id,
        AuditCheckpoint.size > after,
        AuditCheckpoint.size <= upto,
    )
    return (await db.exec(rows.order_by(col(AuditCheckpoint.size)))).all()


async def prunings(db: AsyncSession, organization_id: str) -> Sequence[AuditPruning]:
    """Every deletion, the oldest first."""
    rows = select(AuditPruning).where(AuditPruning.organization_id == organization_id)
    return (await db.exec(rows.order_by(col(AuditPruning.size)))).all()


async def node_hashes(db: AsyncSession, organization_id: str, level: int, start: int, end: int) -> Sequence[bytes]:
    """Roots of whole subtrees of a level, by number."""
    rows = select(AuditNode.hash).where(
        AuditNode.organization_id == organization_id,
        AuditNode.level == level,
        AuditNode.number >= start,
        AuditNode.number < end,
    )
    return (await db.exec(rows.order_by(col(AuditNode.number)))).all()


async def oldest_with_times(
    db: AsyncSession, organization_id: str, start: int, end: int, limit: int
) -> Sequence[tuple[int, str, bytes, datetime | None]]:
    """Position, id, leaf and time of places from `start` on; the time is None of a line that is not there."""
    rows = (
        select(AuditEntry.position, AuditEntry.event_id, AuditEntry.leaf, AuditEvent.time)
        .join(AuditEvent, col(AuditEvent.id) == AuditEntry.event_id, isouter=True)
        .where(AuditEntry.organization_id == organization_id, AuditEntry.position >= start, AuditEntry.position < end)
        .order_by(col(AuditEntry.position))
        .limit(limit)
    )
    return (await db.exec(rows)).all()


async def delete_beginning(db: AsyncSession, organization_id: str, size: int, event_ids: Sequence[str]) -> None:
    """Lines, places, inner hashes and checkpoints that nobody outside has, of the first `size` positions."""
    for start in range(0, len(event_ids), 1000):
        await db.exec(
            delete(AuditEvent).where(
                col(AuditEvent.organization_id) == organization_id,
                col(AuditEvent.id).in_(event_ids[start : start + 1000]),
            )
        )
    mine = col(AuditEntry.organization_id) == organization_id
    await db.exec(delete(AuditEntry).where(mine, col(AuditEntry.position) < size))
    old = delete(AuditCheckpoint).where(col(AuditCheckpoint.organization_id) == organization_id)
    await db.exec(old.where(col(AuditCheckpoint.size) < size, col(AuditCheckpoint.witnessed_at).is_(None)))
    for level in range(8, 56, 8):
        nodes = delete(AuditNode).where(
            col(AuditNode.organization_id) == organization_id, col(AuditNode.level) == level
        )
        await db.exec(nodes.where(col(AuditNode.number) < size >> level))


async def forget_checkpoint(db: AsyncSession, checkpoint: AuditCheckpoint) -> None:
    """Nobody has it, and a newer one says more."""
    await db.exec(
        delete(AuditCheckpoint).where(
            col(AuditCheckpoint.organization_id) == checkpoint.organization_id,
            col(AuditCheckpoint.size) == checkpoint.size,
            col(AuditCheckpoint.witnessed_at).is_(None),
        )
    )


async def last_witnessed(db: AsyncSession, organization_id: str) -> AuditCheckpoint | None:
    """The newest that was sent out."""
    rows = select(AuditCheckpoint).where(
        AuditCheckpoint.organization_id == organization_id, col(AuditCheckpoint.witnessed_at).is_not(None)
    )
    return (await db.exec(rows.order_by(col(AuditCheckpoint.size).desc()).limit(1))).first()


async def mark_witnessed(db: AsyncSession, checkpoint: AuditCheckpoint, now: datetime) -> None:
    """It goes out now, and is kept."""
    await db.exec(
        update(AuditCheckpoint)
        .where(
            col(AuditCheckpoint.organization_id) == checkpoint.organization_id,
            col(AuditCheckpoint.size) == checkpoint.size,
        )
        .values(witnessed_at=now)
    )


async def enabled_organizations(db: AsyncSession) -> Sequence[Organization]:
    """Those whose checkpoints may be sent out."""
    return (await db.exec(select(Organization).where(col(Organization.disabled_at).is_(None)))).all()


async def endpoints(db: AsyncSession) -> Sequence[WebhookEndpoint]:
    """All webhook endpoints of this server: which of them want checkpoints is looked up in their list."""
    return (await db.exec(select(WebhookEndpoint))).all()
