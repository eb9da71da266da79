"""Counting in buckets of time: in memory for one api process, in a table for several. The same rules on both.

A reservation counts first and looks afterwards, so that many tries at once cannot all see the same free place.
"""

import math
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from sqlmodel.ext.asyncio.session import AsyncSession

from api.budgets import repository
from api.db import Database

BUCKET_SECONDS = 60
PRECISE = 1
"""A bucket for each millisecond: for what happens a few dozen times in a window at most. Two processes that reserve at once in
buckets of their own do not see each other; what must hold then is counted in buckets of a minute, whose row they queue for."""
LONGEST_WINDOW_SECONDS = 24 * 3600
MAX_KEYS = 50_000
"""Addresses or accounts remembered at once; the one unused longest is forgotten first."""


class Key(NamedTuple):
    """What is counted: under which budget, for whom, over how many seconds, in buckets of how many milliseconds."""

    budget: str
    whose: str
    window: int
    grain: int = BUCKET_SECONDS * 1000

    def bucket(self, time: float) -> int:
        """When the bucket of a time begins, in milliseconds."""
        return int(time * 1000) // self.grain * self.grain

    def oldest(self, now: float) -> int:
        """The first bucket that reaches into the window. It counts whole, so that nobody gets a place too early."""
        return self.bucket(now - self.window)

    def reset(self, tally: "Tally", now: float) -> int:
        """Whole seconds, at least one, until the first bucket is out of the window."""
        return max(math.ceil(tally.since + self.grain / 1000 + self.window - now), 1)


@dataclass(frozen=True, slots=True)
class Tally:
    """Failures within a key's window, and when their first and last bucket began (seconds since 1970)."""

    failures: int
    since: float
    last: float


Judge = Callable[[Mapping[Key, Tally]], None]
"""Raises when there are too many; then nothing is counted."""


class Counts(Protocol):
    """Where it is counted. In a transaction that is there (`db`): waiting for a second connection could take for ever."""

    async def reserve(self, keys: Sequence[Key], now: float, judge: Judge, db: AsyncSession | None = None) -> None:
        """Count one for each key, unless `judge` raises over what there is, this one included."""
        ...

    async def count(self, keys: Sequence[Key], now: float, db: AsyncSession | None = None) -> None:
        """Count one for each key."""
        ...

    async def give_back(self, keys: Sequence[Key], then: float) -> None:
        """What was counted at that time was no failure."""
        ...

    async def look(self, keys: Sequence[Key], now: float, db: AsyncSession | None = None) -> dict[Key, Tally]:
        """What there is."""
        ...

    async def forget(self, key: Key) -> None:
        """Begin again with nothing."""
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

    def tally(self, bucket: int) -> Tally:
        if not self.failures:
            return Tally(0, bucket / 1000, bucket / 1000)
        return Tally(self.failures, self.buckets[0][0] / 1000, self.buckets[-1][0] / 1000)


class MemoryCounts:
    """For a single process."""

    def __init__(self, max_keys: int = MAX_KEYS) -> None:
        self._max_keys = max_keys
        self._windows: OrderedDict[Key, _Window] = OrderedDict()

    async def reserve(self, keys: Sequence[Key], now: float, judge: Judge, db: AsyncSession | None = None) -> None:  # noqa: ARG002
        """Without a pause between counting and looking."""
        found = {}
        for key in keys:
            window = self._window(key, now)
            window.add(key.bucket(now), 1)
            found[key] = window.tally(key.bucket(now))
        try:
            judge(found)
        except Exception:
            await self.give_back(keys, now)
            raise
        self._bound()

    async def count(self, keys: Sequence[Key], now: float, db: AsyncSession | None = None) -> None:  # noqa: ARG002
        """Count one for each key."""
        for key in keys:
            self._window(key, now).add(key.bucket(now), 1)
        self._bound()

    async def give_back(self, keys: Sequence[Key], then: float) -> None:
        """What was counted at that time was no failure."""
        for key in keys:
            window = self._windows.get(key)
            if window is not None:
                window.add(key.bucket(then), -1)
                if not window.failures:
                    del self._windows[key]

    async def look(self, keys: Sequence[Key], now: float, db: AsyncSession | None = None) -> dict[Key, Tally]:  # noqa: ARG002
        """What there is."""
        found = {}
        for key in keys:
            window = self._windows.get(key, _Window())
            window.forget_before(key.oldest(now))
            found[key] = window.tally(key.bucket(now))
        return found

    async def forget(self, key: Key) -> None:
        """Begin again with nothing."""
        self._windows.pop(key, None)

    def _window(self, key: Key, now: float) -> _Window:
        window = self._windows.get(key)
        if window is None:
            window = self._windows[key] = _Window()
        else:
            self._windows.move_to_end(key)
            window.forget_before(key.oldest(now))
        return window

    def _bound(self) -> None:
        while len(self._windows) > self._max_keys:
            self._windows.popitem(last=False)


class TableCounts:
    """For several processes with one PostgreSQL: each act is a short transaction of its own, where there is none yet."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def reserve(self, keys: Sequence[Key], now: float, judge: Judge, db: AsyncSession | None = None) -> None:
        """One statement that counts, one that looks."""
        async with self._writing(db) as own:
            await repository.add(own, _rows(keys, now), 1)
            judge(await self.look(keys, now, own))

    async def count(self, keys: Sequence[Key], now: float, db: AsyncSession | None = None) -> None:
        """Count one for each key."""
        async with self._writing(db) as own:
            await repository.add(own, _rows(keys, now), 1)

    async def give_back(self, keys: Sequence[Key], then: float) -> None:
        """What was counted at that time was no failure."""
        async with self._database.write() as db:
            await repository.add(db, _rows(keys, then), -1)

    async def look(self, keys: Sequence[Key], now: float, db: AsyncSession | None = None) -> dict[Key, Tally]:
        """What there is."""
        since = {(key.budget, key.whose): key.oldest(now) for key in keys}
        if db is not None:
            found = await repository.failures(db, since)
        else:
            async with self._database.glance() as own:
                found = await repository.failures(own, since)
        return {key: _tally(found.get((key.budget, key.whose)), key.bucket(now)) for key in keys}

    async def forget(self, key: Key) -> None:
        """Begin again with nothing."""
        async with self._database.write() as db:
            await repository.forget(db, key.budget, key.whose)

    @asynccontextmanager
    async def _writing(self, db: AsyncSession | None) -> AsyncIterator[AsyncSession]:
        if db is not None:
            yield db
            return
        async with self._database.write() as own:
            yield own


def _tally(found: tuple[int, int, int] | None, bucket: int) -> Tally:
    failures, first, last = found or (0, bucket, bucket)
    return Tally(failures, first / 1000, last / 1000)


def _rows(keys: Sequence[Key], time: float) -> list[repository.Counted]:
    return [(key.budget, key.whose, key.bucket(time)) for key in keys]
