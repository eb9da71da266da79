"""Counting failures in buckets of some seconds: in memory for one api process, in a table for several. The same rules on both.

A reservation counts first and looks afterwards, so that many tries at once cannot all see the same free place.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from api.db import Database
from api.join import repository

BUCKET_SECONDS = 10
MAX_KEYS = 50_000
"""Addresses remembered at once; the one unused longest is forgotten first."""


@dataclass(frozen=True, slots=True)
class Key:
    """What is counted: under which budget, for whom."""

    budget: str
    whose: str


Spread = Mapping[int, int]
"""Failures by the second since 1970 at which their bucket begins."""
Judge = Callable[[Mapping[Key, Spread]], None]
"""Raises when there are too many; then nothing is counted."""


class Counts(Protocol):
    """Where failures are counted."""

    async def reserve(self, keys: Sequence[Key], bucket: int, oldest: int, judge: Judge) -> None:
        """Count one for each key, unless `judge` raises over what there is since `oldest`, this one included."""
        ...

    async def give_back(self, keys: Sequence[Key], bucket: int) -> None:
        """It was no failure."""
        ...

    async def spread(self, keys: Sequence[Key], oldest: int) -> Mapping[Key, Spread]:
        """What there is since `oldest`."""
        ...


class MemoryCounts:
    """For a single process."""

    def __init__(self, max_keys: int = MAX_KEYS) -> None:
        self._max_keys = max_keys
        self._counts: OrderedDict[Key, dict[int, int]] = OrderedDict()

    async def reserve(self, keys: Sequence[Key], bucket: int, oldest: int, judge: Judge) -> None:
        """Without a pause between counting and looking."""
        for key in keys:
            self._add(key, bucket, 1, oldest)
        try:
            judge({key: dict(self._counts[key]) for key in keys})
        except Exception:
            for key in keys:
                self._add(key, bucket, -1, oldest)
            raise

    async def give_back(self, keys: Sequence[Key], bucket: int) -> None:
        """It was no failure."""
        for key in keys:
            if self._counts.get(key, {}).get(bucket, 0) > 0:
                self._add(key, bucket, -1, 0)

    async def spread(self, keys: Sequence[Key], oldest: int) -> Mapping[Key, Spread]:
        """What there is since `oldest`."""
        return {
            key: {bucket: count for bucket, count in self._counts.get(key, {}).items() if bucket >= oldest}
            for key in keys
        }

    def _add(self, key: Key, bucket: int, amount: int, oldest: int) -> None:
        buckets = self._counts.setdefault(key, {})
        self._counts.move_to_end(key)
        buckets[bucket] = buckets.get(bucket, 0) + amount
        for old in [start for start, count in buckets.items() if start < oldest or not count]:
            del buckets[old]
        if not buckets:
            del self._counts[key]
        while len(self._counts) > self._max_keys:
            self._counts.popitem(last=False)


class TableCounts:
    """For several processes with one PostgreSQL: each reservation is a short transaction of its own."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def reserve(self, keys: Sequence[Key], bucket: int, oldest: int, judge: Judge) -> None:
        """In the order of the keys' names, so that two transactions never wait for each other."""
        async with self._database.write() as db:
            for key in sorted(keys, key=lambda key: (key.budget, key.whose)):
                await repository.add_failures(db, key.budget, key.whose, bucket, 1)
            judge(await self._read(db, keys, oldest))

    async def give_back(self, keys: Sequence[Key], bucket: int) -> None:
        """It was no failure."""
        async with self._database.write() as db:
            for key in sorted(keys, key=lambda key: (key.budget, key.whose)):
                await repository.add_failures(db, key.budget, key.whose, bucket, -1)

    async def spread(self, keys: Sequence[Key], oldest: int) -> Mapping[Key, Spread]:
        """What there is since `oldest`."""
        async with self._database.read() as db:
            return await self._read(db, keys, oldest)

    @staticmethod
    async def _read(db: repository.AsyncSession, keys: Sequence[Key], oldest: int) -> dict[Key, dict[int, int]]:
        found: dict[Key, dict[int, int]] = {key: {} for key in keys}
        for budget, whose, bucket, failures in await repository.failures(
            db, [(key.budget, key.whose) for key in keys], oldest
        ):
            found[Key(budget, whose)][bucket] = failures
        return found
