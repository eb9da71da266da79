"""How many wrong codes are taken. Eight digits only locate a session; this keeps guessing them slow.

* each address (IPv6: each /64) has 10 failures in 15 minutes;
* above 200 failures an hour in all, the *shield* is up: an address has one failure left, and new codes have 10 digits or more;
* above 2,000 failures an hour nobody's code is looked at until it is calmer.
"""

from collections.abc import Callable

from api.kit.throttle import Budget, Standing, address_key
from api.problems import TooManyRequests

ADDRESS_FAILURES = 10
ADDRESS_FAILURES_SHIELDED = 1
ADDRESS_WINDOW_SECONDS = 15 * 60.0
SHIELD_FAILURES = 200
GLOBAL_FAILURES = 2_000
GLOBAL_WINDOW_SECONDS = 60 * 60.0

NAME = "join"
"""Of this policy in rate-limit headers."""
_ALL = "all"


class JoinBudgets:
    """Failures of preview and join together."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._addresses = Budget(ADDRESS_FAILURES, ADDRESS_WINDOW_SECONDS, now)
        self._everybody = Budget(GLOBAL_FAILURES, GLOBAL_WINDOW_SECONDS, now)

    @property
    def shielded(self) -> bool:
        """Whether somebody seems to be guessing."""
        return self._everybody.standing(_ALL, SHIELD_FAILURES).remaining == 0

    def standing(self, address: str | None) -> Standing:
        """What this address has left."""
        limit = ADDRESS_FAILURES_SHIELDED if self.shielded else ADDRESS_FAILURES
        return self._addresses.standing(address_key(address), limit)

    def check(self, address: str | None) -> None:
        """TooManyRequests when no code of this address may be looked at now."""
        standing, everybody = self.standing(address), self._everybody.standing(_ALL)
        if everybody.remaining == 0:
            standing = everybody
        if standing.remaining == 0:
            raise TooManyRequests(
                f"Too many wrong codes; try again in {standing.reset_seconds} seconds.",
                retry_after=standing.reset_seconds,
                headers=standing.headers(NAME),
            )

    def headers(self, address: str | None) -> dict[str, str]:
        """Rate-limit headers: what this address has left."""
        return self.standing(address).headers(NAME)

    def failed(self, address: str | None) -> None:
        """Count a wrong code."""
        self._addresses.spend(address_key(address))
        self._everybody.spend(_ALL)
