"""Hashes of any range of a log, read in a few hundred rows however long it is: what proofs are made of."""

from collections.abc import Sequence

from sqlmodel.ext.asyncio.session import AsyncSession

from api.audit.tree import repository
from api.audit.tree.sequencer import LEVELS, TreeDamaged
from wire.merkle import Frontier, Range, node_hash, root_of, split

SMALL = 1 << LEVELS


class Tree:
    """One organisation's log as it is in the database."""

    def __init__(self, db: AsyncSession, organization_id: str, past: Frontier) -> None:
        self._db, self._organization_id = db, organization_id
        self.start = past.size
        self._past = dict(zip(past.ranges(), past.nodes, strict=True))

    @classmethod
    async def of(cls, db: AsyncSession, organization_id: str) -> "Tree":
        """With what is left of its deleted beginning."""
        pruning = await repository.newest_pruning(db, organization_id)
        past = Frontier() if pruning is None else Frontier.unpacked(pruning.size, pruning.nodes)
        return cls(db, organization_id, past)

    async def hashes(self, ranges: list[Range]) -> list[bytes]:
        """Of several ranges."""
        return [await self.hash(start, end) for start, end in ranges]

    async def root(self, size: int) -> bytes:
        """Of the tree of so many leaves."""
        return await self.hash(0, size)

    async def hash(self, start: int, end: int) -> bytes:
        """Of one subtree; LookupError when its lines were deleted, TreeDamaged when rows are missing."""
        if (known := self._past.get((start, end))) is not None:
            return known
        if end <= self.start:
            raise LookupError(f"positions {start} to {end} were deleted")
        count = end - start
        if start >= self.start:
            if count <= SMALL:
                rows = await repository.entries(self._db, self._organization_id, start, end)
                return _whole([row.leaf for row in rows], count)
            if count & (count - 1) == 0:
                level = (count.bit_length() - 1) // LEVELS * LEVELS
                first, last = start >> level, end >> level
                found = await repository.node_hashes(self._db, self._organization_id, level, first, last)
                return _whole(found, last - first)
        middle = split(start, end)
        return node_hash(await self.hash(start, middle), await self.hash(middle, end))


def _whole(found: Sequence[bytes], wanted: int) -> bytes:
    if len(found) != wanted:
        raise TreeDamaged(f"{wanted - len(found)} rows of the log's tree are missing")
    return root_of(found)
