"""How many failures signing in may take: a growing delay for an account, a budget for an address. With several api processes
both are counted in the database."""

import math
from collections.abc import Callable
from dataclasses import replace

from sqlmodel.ext.asyncio.session import AsyncSession

from api.budgets.counts import LONGEST_WINDOW_SECONDS, PRECISE, Counts, Key, Tally
from api.kit.throttle import Standing, address_key
from api.problems import TooManyRequests

ACCOUNT_FREE_FAILURES = 5
ACCOUNT_LONGEST_SECONDS = 15 * 60.0
ADDRESS_FAILURES = 30
ADDRESS_WINDOW_SECONDS = 15 * 60
NAME = "sign-in"
"""Of this policy in rate-limit headers."""


class SignInBudgets:
    """Failures per account and per address of all sign-in routes together."""

    def __init__(self, now: Callable[[], float], hidden: Callable[[str], str], counts: Counts) -> None:
        """`hidden` makes of an address or an account what may be stored of it."""
        self._now = now
        self._hidden = hidden
        self._counts = counts

    async def check(self, account: str | None, address: str | None) -> None:
        """TooManyRequests when this account or address must wait; of no account, the address alone."""
        _refuse(await self.standing(account, address))

    async def check_address(self, address: str | None) -> None:
        """TooManyRequests when this address must wait, whatever the account."""
        await self.check(None, address)

    async def standing(self, account: str | None, address: str | None) -> Standing:
        """What the address has left; nothing while the account must wait."""
        now, place = self._now(), self._place(address)
        whose = None if account is None else self._account(account)
        found = await self._counts.look([place, whose] if whose else [place], now)
        standing = _standing(found[place], now)
        wait = _wait(found[whose], now) if whose else 0
        if not wait:
            return standing
        longest = wait if standing.remaining else max(wait, standing.reset_seconds)
        return replace(standing, remaining=0, reset_seconds=longest)

    async def headers(self, account: str | None, address: str | None) -> dict[str, str]:
        """Rate-limit headers."""
        return (await self.standing(account, address)).headers(NAME)

    async def failed(self, account: str, address: str | None) -> None:
        """Count a wrong password."""
        await self._counts.count([self._account(account), self._place(address)], self._now())

    async def failed_address(self, address: str | None, db: AsyncSession | None = None) -> None:
        """Count a failure for the address alone: by a known device, or with a secret that names no account."""
        await self._counts.count([self._place(address)], self._now(), db)

    async def succeeded(self, account: str) -> None:
        """A right password ends the account's delay; the address keeps its count."""
        key = self._account(account)
        if (await self._counts.look([key], self._now()))[key].failures:
            await self._counts.forget(key)

    def _account(self, account: str) -> Key:
        return Key("sign-in account", self._hidden(account), LONGEST_WINDOW_SECONDS, PRECISE)

    def _place(self, address: str | None) -> Key:
        return Key("sign-in address", self._hidden(address_key(address)), ADDRESS_WINDOW_SECONDS, PRECISE)


def _standing(tally: Tally, now: float) -> Standing:
    reset = math.ceil(tally.since + ADDRESS_WINDOW_SECONDS - now) if tally.failures else 0
    left = max(ADDRESS_FAILURES - tally.failures, 0)
    return Standing(ADDRESS_FAILURES, left, max(reset, 0 if left else 1), ADDRESS_WINDOW_SECONDS)


def _wait(tally: Tally, now: float) -> int:
    """Seconds until an account may be tried again: after the free failures each further one doubles the wait, from 1 s."""
    over = tally.failures - ACCOUNT_FREE_FAILURES
    delay = min(2.0 ** min(over - 1, 30), ACCOUNT_LONGEST_SECONDS) if over > 0 else 0.0
    return max(math.ceil(tally.last + delay - now), 0)


def _refuse(standing: Standing) -> None:
    if standing.remaining == 0:
        wait = standing.reset_seconds
        raise TooManyRequests(
            f"Too many failed sign-ins; try again in {wait} seconds.",
            retry_after=wait,
            headers=standing.headers(NAME),
        )
