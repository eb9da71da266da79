"""Failure budgets and growing delays, kept in memory with a bound. Slowing down, never locking out for good.

Every api process counts for itself; with several processes the budgets hold per process.
"""

import ipaddress
import math
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass

MAX_KEYS = 50_000
"""Addresses or accounts remembered at once; the one unused longest is forgotten first."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a key stands with a budget: what is left, and seconds until there is more."""

    limit: int
    remaining: int
    reset_seconds: int
    window_seconds: int

    def headers(self, name: str) -> dict[str, str]:
        """Rate-limit headers (IETF draft ratelimit-headers) of the policy `name`."""
        return {
            "RateLimit-Policy": f'"{name}";q={self.limit};w={self.window_seconds}',
            "RateLimit": f'"{name}";r={self.remaining};t={self.reset_seconds}',
        }


class Budget:
    """At most `limit` failures per key within any `window` seconds."""

    def __init__(self, limit: int, window: float, now: Callable[[], float], max_keys: int = MAX_KEYS) -> None:
        self.limit = limit
        self.window = window
        self._now = now
        self._max_keys = max_keys
        self._spent: OrderedDict[str, deque[float]] = OrderedDict()

    def standing(self, key: str, limit: int | None = None) -> Standing:
        """Where `key` stands, counted against another `limit` if one is given."""
        limit = self.limit if limit is None else limit
        times = self._fresh(key)
        deciding = times[max(len(times) - limit, 0)] if times else 0.0
        reset = math.ceil(deciding + self.window - self._now())
        return Standing(limit, max(limit - len(times), 0), max(reset, 0), int(self.window))

    def spend(self, key: str) -> None:
        """Count one failure."""
        times = self._spent.setdefault(key, deque())
        self._spent.move_to_end(key)
        times.append(self._now())
        while len(self._spent) > self._max_keys:
            self._spent.popitem(last=False)

    def _fresh(self, key: str) -> deque[float]:
        times = self._spent.get(key, deque())
        while times and times[0] <= self._now() - self.window:
            times.popleft()
        if not times:
            self._spent.pop(key, None)
        return times


class Backoff:
    """After `free` failures in a row each further one doubles the wait, from 1 s up to `longest` seconds."""

    def __init__(self, free: int, longest: float, now: Callable[[], float], max_keys: int = MAX_KEYS) -> None:
        self._free = free
        self._longest = longest
        self._now = now
        self._max_keys = max_keys
        self._failed: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def wait(self, key: str) -> int:
        """Whole seconds until `key` may try again; 0 when it may now."""
        _, until = self._failed.get(key, (0, 0.0))
        return max(math.ceil(until - self._now()), 0)

    def fail(self, key: str) -> None:
        """Count one failure and set the wait that follows from it."""
        count = self._failed.get(key, (0, 0.0))[0] + 1
        over = count - self._free
        delay = min(2.0 ** min(over - 1, 30), self._longest) if over > 0 else 0.0
        self._failed[key] = (count, self._now() + delay)
        self._failed.move_to_end(key)
        while len(self._failed) > self._max_keys:
            self._failed.popitem(last=False)

    def succeed(self, key: str) -> None:
        """Forget the failures of `key`."""
        self._failed.pop(key, None)


def address_key(address: str | None) -> str:
    """What one household or host counts as: an IPv4 address, or an IPv6 /64."""
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv6Address):
        mapped = parsed.ipv4_mapped
        return str(mapped) if mapped else str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
