"""How many wrong codes are taken. Digits only locate a session; this keeps guessing them slow.

* an address (IPv6: a /64) has 10 failures in 15 minutes, a network (IPv4 /24, IPv6 /48) has 60;
* codes of a length have a budget an hour in all: the shorter, the smaller. When somebody uses up that of 8 digits, codes of
  10 digits still work, and those are what the shield gives out;
* above 200 failures an hour in all the *shield* is up: an address has one failure, new codes have 10 digits or more, and
  administrators are told (shield.py).

A try is counted before it is looked at and given back when it was right, one at a time for each address: whoever sends a
thousand at once gets no more of them looked at. With several api processes the counts are in the database.
"""

import asyncio
import functools
import ipaddress
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from sqlmodel.ext.asyncio.session import AsyncSession

from api.budgets.counts import Counts, Key, MemoryCounts, Tally
from api.kit.throttle import Standing, address_key
from api.problems import TooManyRequests

ADDRESS_FAILURES = 10
ADDRESS_FAILURES_SHIELDED = 1
NETWORK_FAILURES = 60
ADDRESS_WINDOW_SECONDS = 15 * 60
SHIELD_FAILURES = 200
LENGTH_FAILURES = {7: 500, 9: 2_000, 12: 20_000}
"""Failures an hour of codes with up to so many digits."""
GLOBAL_WINDOW_SECONDS = 60 * 60

NAME = "join"
"""Of this policy in rate-limit headers."""
_ALL = Key("all", "", GLOBAL_WINDOW_SECONDS)


@dataclass(slots=True)
class Attempt:
    """One code that may be looked at."""

    keys: tuple[Key, ...]
    time: float
    standing: Standing
    """What the address has left if this was a failure."""
    shielded: bool
    """Whether somebody seems to be guessing."""
    failures: int
    """In the last hour, of everybody."""
    failed: bool = False

    def headers(self) -> dict[str, str]:
        """Rate-limit headers: what the address has left."""
        back = 0 if self.failed else 1
        left = Standing(
            self.standing.limit,
            self.standing.remaining + back,
            self.standing.reset_seconds,
            self.standing.window_seconds,
        )
        return left.headers(NAME)


@dataclass(slots=True)
class _Turn:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    wanted: int = 0


class JoinBudgets:
    """Failures of preview and join together."""

    def __init__(self, now: Callable[[], float], hidden: Callable[[str], str], counts: Counts | None = None) -> None:
        """`hidden` makes of an address what may be stored of it."""
        self._now = now
        self._hidden = hidden
        self._counts = counts or MemoryCounts()
        self._turns: dict[str, _Turn] = {}

    async def shielded(self, db: AsyncSession) -> bool:
        """Whether somebody seems to be guessing."""
        return (await self._counts.look([_ALL], self._now(), db))[_ALL].failures >= SHIELD_FAILURES

    @asynccontextmanager
    async def attempt(self, address: str | None, code: str) -> AsyncIterator[Attempt]:
        """A code may be looked at, else TooManyRequests. It counts if `failed` is set by the end."""
        household, network = _places(address)
        turn = self._turns.setdefault(household, _Turn())
        turn.wanted += 1
        try:
            async with turn.lock:
                attempt = await self._reserve(household, network, _length(code))
                try:
                    yield attempt
                finally:
                    if not attempt.failed:
                        await self._counts.give_back(attempt.keys, attempt.time)
        finally:
            turn.wanted -= 1
            if not turn.wanted:
                del self._turns[household]

    async def _reserve(self, household: str, network: str, length: int) -> Attempt:
        now, attempt = self._now(), None
        address_, network_, length_, _ = keys = (
            Key("address", self._hidden(household), ADDRESS_WINDOW_SECONDS),
            Key("network", self._hidden(network), ADDRESS_WINDOW_SECONDS),
            Key("length", str(length), GLOBAL_WINDOW_SECONDS),
            _ALL,
        )

        def judge(found: Mapping[Key, Tally]) -> None:
            nonlocal attempt
            shielded = found[_ALL].failures > SHIELD_FAILURES
            limits = {
                address_: ADDRESS_FAILURES_SHIELDED if shielded else ADDRESS_FAILURES,
                network_: NETWORK_FAILURES,
                length_: LENGTH_FAILURES[length],
            }
            for key, limit in limits.items():
                if found[key].failures > limit:
                    raise _refusal(_standing(key, found[key], limit, now))
            mine = _standing(address_, found[address_], limits[address_], now)
            attempt = Attempt(keys, now, mine, shielded, found[_ALL].failures)

        await self._counts.reserve(keys, now, judge)
        assert attempt is not None
        return attempt


def _standing(key: Key, tally: Tally, limit: int, now: float) -> Standing:
    """Where a key stands, this try counted."""
    return Standing(limit, max(limit - tally.failures, 0), key.reset(tally, now), key.window)


def _refusal(standing: Standing) -> TooManyRequests:
    spent = Standing(standing.limit, 0, standing.reset_seconds, standing.window_seconds)
    return TooManyRequests(
        f"Too many wrong codes; try again in {spent.reset_seconds} seconds.",
        retry_after=spent.reset_seconds,
        headers=spent.headers(NAME),
    )


def _length(code: str) -> int:
    return next(most for most in LENGTH_FAILURES if len(code) <= most)


@functools.lru_cache(maxsize=32_768)
def _places(address: str | None) -> tuple[str, str]:
    """The address or /64, and the /24 or /48 around it; what is no address stands for itself."""
    household = address_key(address)
    try:
        inside = ipaddress.ip_network(household)
    except ValueError:
        return household, household
    return household, str(inside.supernet(new_prefix=24 if inside.version == 4 else 48))
