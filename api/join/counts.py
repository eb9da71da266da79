"""Counting failures in buckets of a minute: in memory for one api process, in a table for several. The same rules on both.

A reservation counts first and looks afterwards, so that many tries at once cannot all see the same free place.
"""

from collections import OrderedDict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from sqlmodel.ext.asyncio.session import AsyncSession

from api.db import Database
from api.join import repository

BUCKET_SECONDS = 60
MAX_KEYS = 50_000
"""Addresses remembered at once; the one unused longest is forgotten first."""


class Key(NamedTuple):
    """What is counted: under which budget, for whom, over how many seconds."""

    budget: str
    whose: str
    window: int

    def oldest(self, now: float) -> int:
        """The first bucket that reaches into the window. It counts whole, so that nobody gets a place too early."""
        return bucket_of(now - self.window)


@dataclass(frozen=True, slots=True)
class Tally:
    """Failures within a key's window, and when their first bucket began (seconds since 1970)."""

    failures: int
    since: int


Judge = Callable[[Mapping[Key, Tally]], None]
"""Raises when there are too many; then nothing is counted."""


def bucket_of(time: float) -> int:
    """When the bucket of a time begins."""
    return int(time) // BUCKET_SECONDS * BUCKET_SECONDS


class Counts(Protocol):
    """Where failures are counted."""

    async def reserve(self, keys: Sequence[Key], now: float, judge: Judge) -> None:
        """Count one for each key, unless `judge` raises over what there is, this one included."""
        ...

    async def give_back(self, keys: Sequence[Key], then: float) -> None:
        """What was counted at that time was no failure."""
        ...

    async def tally(self, db: AsyncSession, key: Key, now: float) -> Tally:
        """What there is, read in a transaction that is there: waiting for a second connection could take for ever."""
        ...


class _Window:
    """The buckets of one key, oldest first, and their sum."""

    __slots__ = ("buckets", "failures")

    def __init__(self) -> None:
        self.buckets: deque[list[int]] = deque()
        self.failures = 0

    def forget_before(self, oldest: int) -> None:
        while self.buckets and (self.buckets[0][0] < oldest or not self.buckets[0][1]):
            self.failures -= self.buckets.popleft()[1]

    def add(self, bucket: int, amount: int) -> None:
        for known in reversed(self.buckets):
            if known[0] == bucket:
                known[1] += amount
                self.failures += amount
                return
        if amount > 0:
            self.buckets.append([bucket, amount])
            self.failures += amount

    def tally(self, now: float) -> Tally:
        return Tally(self.failures, self.buckets[0][0] if self.buckets else bucket_of(now))


class MemoryCounts:
    """For a single process."""

    def __init__(self, max_keys: int = MAX_KEYS) -> None:
        self._max_keys = max_keys
        self._windows: OrderedDict[Key, _Window] = OrderedDict()

    async def reserve(self, keys: Sequence[Key], now: float, judge: Judge) -> None:
        """Without a pause between counting and looking."""
        bucket, found = bucket_of(now), {}
        for key in keys:
            window = self._window(key, now)
            window.add(bucket, 1)
            found[key] = window.tally(now)
        try:
            judge(found)
        except Exception:
            await self.give_back(keys, now)
            raise
        while len(self._windows) > self._max_keys:
            self._windows.popitem(last=False)

    async def give_back(self, keys: Sequence[Key], then: float) -> None:
        """What was counted at that time was no failure."""
        bucket = bucket_of(then)
        for key in keys:
            window = self._windows.get(key)
            if window is not None:
                window.add(bucket, -1)
                if not window.failures:
                    del self._windows[key]

    async def tally(self, db: AsyncSession, key: Key, now: float) -> Tally:  # noqa: ARG002 - the table needs it
        """What there is."""
        window = self._windows.get(key, _Window())
        window.forget_before(key.oldest(now))
        return window.tally(now)

    def _window(self, key: Key, now: float) -> _Window:
        window = self._windows.get(key)
        if window is None:
            window = self._windows[key] = _Window()
        else:
            self._windows.move_to_end(key)
            window.forget_before(key.oldest(now))
        return window


class TableCounts:
    """For several processes with one PostgreSQL: each reservation is a short transaction of its own."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def reserve(self, keys: Sequence[Key], now: float, judge: Judge) -> None:
        """One statement that counts, one that looks."""
        async with self._database.write() as db:
            await repository.add_failures(db, _names(keys), bucket_of(now), 1)
            judge(await self._read(db, keys, now))

    async def give_back(self, keys: Sequence[Key], then: float) -> None:
        """What was counted at that time was no failure."""
        async with self._database.write() as db:
            await repository.add_failures(db, _names(keys), bucket_of(then), -1)

    async def tally(self, db: AsyncSession, key: Key, now: float) -> Tally:
        """What there is."""
        return (await self._read(db, [key], now))[key]

    @staticmethod
    async def _read(db: AsyncSession, keys: Sequence[Key], now: float) -> dict[Key, Tally]:
        found = await repository.failures(db, {(key.budget, key.whose): key.oldest(now) for key in keys})
        nothing = (0, bucket_of(now))
        return {key: Tally(*found.get((key.budget, key.whose), nothing)) for key in keys}


def _names(keys: Sequence[Key]) -> list[tuple[str, str]]:
    return [(key.budget, key.whose) for key in keys]
