"""The sequencer gives every line its position, within a second, and signs how the log is then.

Lines are plain inserts of many transactions, which end in any order: whatever has no position yet gets the next one. A round is
one transaction, so a process that dies in the middle leaves nothing half done, and the next round goes on. Of several processes
on PostgreSQL one works at a time; should two ever, the primary key lets one of them win.

Every round looks at the lines of the last WINDOW by their ids, which hold a time; a line that came into the database later than
that, or whose process had a clock far behind, is found by the sweep, at start and every SWEEP_EVERY.
"""

import time
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlmodel.ext.asyncio.session import AsyncSession

from api.audit.models import AuditCheckpoint
from api.audit.tree import repository
from api.audit.tree.leaves import leaf_of
from api.context import Context
from api.kit.ids import Kind, id_at
from wire.merkle import Frontier
from wire.trail.form import written
from wire.trail.signed import Checkpoint

EVERY_SECONDS = 0.5
WINDOW = timedelta(minutes=10)
SWEEP_EVERY = timedelta(hours=1)
BATCH = 1000
"""Lines of one transaction."""
THINNED_TO = timedelta(minutes=1)
"""Of the checkpoints of so long the last is kept, and those that were sent out."""
LEVELS = 8
"""Subtrees of 2^8, 2^16, … lines have their root in a table of its own."""
FIRST = ""
"""Before every id."""

log = structlog.get_logger()


class TreeDamaged(Exception):
    """The places of a log are not as the sequencer left them: somebody changed the tables."""


class Sequencer:
    """One per process; whose turn it is, the database decides."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._swept: float | None = None
        self._damaged: set[str] = set()
        self._unsigned: set[str] = set()
        """Organisations with lines after their newest checkpoint."""
        self._trees: dict[str, Frontier] = {}
        """As they were after the last round here; used only while the database agrees on the size."""

    async def step(self) -> int:
        """Place what is there to be placed, batch by batch, and sign; how many lines."""
        now, done = time.monotonic(), 0
        sweep = self._swept is None or now - self._swept >= SWEEP_EVERY.total_seconds()
        if sweep:
            self._damaged.clear()
            async with self._context.database.read() as db:
                self._unsigned |= set(await repository.unsigned(db))
        after = FIRST if sweep else id_at(Kind.EVENT, time.time() - WINDOW.total_seconds())
        try:
            while count := await self._round(after):
                done += count
            if self._unsigned:  # what a process left that died between two batches, or the last batch was just full
                async with self._context.database.write() as db:
                    if await repository.take_turn(db):
                        await self._sign(db, {})
        except BaseException:
            self._trees.clear()
            self._swept = None  # what was to be signed is looked for anew
            raise
        if sweep:
            self._swept = now
        return done

    async def _round(self, after: str) -> int:
        """One transaction. Looks first, and takes the write lock only when there is something to do."""
        async with self._context.database.read() as db:
            if not await repository.any_without_place(db, after, self._damaged):
                return 0
        async with self._context.database.write() as db:
            if not await repository.take_turn(db):
                return 0
            rows = await repository.without_place(db, after, self._damaged, BATCH)
            trees = {}
            by_organization = defaultdict(list)
            for row in rows:
                by_organization[row.organization_id].append(row)
            for organization_id, mine in by_organization.items():
                tree = await self._tree(db, organization_id)
                if tree is not None:
                    trees[organization_id] = self._trees[organization_id] = tree
                    await _place(db, organization_id, tree, mine)
            self._unsigned |= trees.keys()
            if len(rows) < BATCH:
                await self._sign(db, trees)
        return len(rows)

    async def _sign(self, db: AsyncSession, trees: dict[str, Frontier]) -> None:
        """A checkpoint of every log that has none of its size. Only what was caught up with is signed: a line that waits in
        a backlog would else look as if it had been written after the checkpoint."""
        for organization_id in sorted(self._unsigned):
            tree = trees.get(organization_id) or await self._tree(db, organization_id)
            if tree is not None:
                await _checkpoint(db, self._context, organization_id, tree)
        self._unsigned.clear()

    async def _tree(self, db: AsyncSession, organization_id: str) -> Frontier | None:
        """Where a log goes on; None when its tables were changed."""
        known = self._trees.get(organization_id)
        size = await repository.size(db, organization_id)
        if known is not None and known.size == size:
            return known
        try:
            return await _load(db, organization_id)
        except TreeDamaged:
            self._damaged.add(organization_id)
            log.exception("api.audit_damaged", organization=organization_id)
            self._context.metrics.failures.labels("audit").inc()
            return None


async def _load(db: AsyncSession, organization_id: str) -> Frontier:
    """From the newest checkpoint, or the newest deletion, and the places after it."""
    checkpoint = await repository.newest_checkpoint(db, organization_id)
    pruning = await repository.newest_pruning(db, organization_id)
    newest = max((one for one in (checkpoint, pruning) if one), key=lambda one: one.size, default=None)
    try:
        tree = Frontier() if newest is None else Frontier.unpacked(newest.size, newest.nodes)
    except ValueError as error:
        raise TreeDamaged(
            f"the hashes of the checkpoint of {newest.size if newest else 0} lines were changed"
        ) from error
    while rows := await repository.loose(db, organization_id, tree.size, BATCH):
        for position, leaf in rows:
            if position != tree.size:
                raise TreeDamaged(f"position {tree.size} is missing")
            tree.append(leaf)
    return tree


async def _place(db: AsyncSession, organization_id: str, tree: Frontier, rows: Sequence[Any]) -> None:
    """The next positions, in the order of the lines' ids."""
    places, nodes = [], []
    for row in rows:
        position, leaf = tree.size, leaf_of(row)
        places.append({"organization_id": organization_id, "position": position, "event_id": row.id, "leaf": leaf})
        completed = tree.grow(leaf)
        for level in range(LEVELS, len(completed) + 1, LEVELS):
            place = {"organization_id": organization_id, "level": level, "number": position >> level}
            nodes.append(place | {"hash": completed[level - 1]})
    await repository.add_places(db, places, nodes)


async def _checkpoint(db: AsyncSession, context: Context, organization_id: str, tree: Frontier) -> None:
    """Sign how the log is now."""
    before, now = await repository.newest_checkpoint(db, organization_id), context.clock.now()
    if before is not None:
        if before.size >= tree.size:
            return
        if before.witnessed_at is None and _minute(before.time) == _minute(now):
            await repository.forget_checkpoint(db, before)
    checkpoint = Checkpoint(context.signer.issuer, organization_id, tree.size, tree.root(), written(now))
    db.add(
        AuditCheckpoint(
            organization_id=organization_id,
            size=tree.size,
            nodes=tree.packed(),
            signed=checkpoint.signed(context.signer.current),
            time=now,
        )
    )


def _minute(time_: datetime) -> int:
    return int(time_.timestamp() // THINNED_TO.total_seconds())
