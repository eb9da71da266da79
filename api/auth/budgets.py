"""How many wrong passwords are taken: slower per account, bounded per address; never locked for good.

These are in memory and count for accounts that do not exist as well. The lock of `api/passwords/locking.py` is in the
database and counts for accounts that do.
"""

from collections.abc import Callable
from dataclasses import replace

from api.kit.throttle import Backoff, Budget, Standing, address_key
from api.problems import TooManyRequests

ACCOUNT_FREE_FAILURES = 5
ACCOUNT_LONGEST_SECONDS = 15 * 60.0
ADDRESS_FAILURES = 30
ADDRESS_WINDOW_SECONDS = 15 * 60.0
NAME = "sign-in"
"""Of this policy in rate-limit headers."""


class SignInBudgets:
    """Failures per account and per address of all sign-in routes together."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._accounts = Backoff(ACCOUNT_FREE_FAILURES, ACCOUNT_LONGEST_SECONDS, now)
        self._addresses = Budget(ADDRESS_FAILURES, ADDRESS_WINDOW_SECONDS, now)

    def check(self, account: str | None, address: str | None) -> None:
        """TooManyRequests when this account or address must wait; of no account, the address alone."""
        _refuse(self.standing(account, address))

    def check_address(self, address: str | None) -> None:
        """TooManyRequests when this address must wait, whatever the account."""
        self.check(None, address)

    def standing(self, account: str | None, address: str | None) -> Standing:
        """What the address has left; nothing while the account must wait."""
        wait = 0 if account is None else self._accounts.wait(account)
        standing = self._addresses.standing(address_key(address))
        if not wait:
            return standing
        longest = wait if standing.remaining else max(wait, standing.reset_seconds)
        return replace(standing, remaining=0, reset_seconds=longest)

    def headers(self, account: str | None, address: str | None) -> dict[str, str]:
        """Rate-limit headers."""
        return self.standing(account, address).headers(NAME)

    def failed(self, account: str, address: str | None) -> None:
        """Count a wrong password."""
        self._accounts.fail(account)
        self.failed_address(address)

    def failed_address(self, address: str | None) -> None:
        """Count a failure for the address alone: by a known device, or with a secret that names no account."""
        self._addresses.spend(address_key(address))

    def succeeded(self, account: str) -> None:
        """A right password ends the account's delay; the address keeps its count."""
        self._accounts.succeed(account)


def _refuse(standing: Standing) -> None:
    if standing.remaining == 0:
        wait = standing.reset_seconds
        raise TooManyRequests(
            f"Too many failed sign-ins; try again in {wait} seconds.",
            retry_after=wait,
            headers=standing.headers(NAME),
        )
