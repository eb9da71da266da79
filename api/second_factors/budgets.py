"""How often codes and challenges are asked for: mail and SMS cost money, and nobody wants a hundred of them."""

from collections.abc import Callable, Mapping

from sqlmodel.ext.asyncio.session import AsyncSession

from api.budgets.counts import Counts, Key, Tally
from api.kit.throttle import Standing, address_key
from api.problems import TooManyRequests

SENT_PER_OPERATOR = 5
SENT_WINDOW_SECONDS = 15 * 60
CHALLENGES_PER_ADDRESS = 60
CHALLENGES_WINDOW_SECONDS = 60


class CodeBudgets:
    """Of all api processes together. Counted in the transaction of what is asked for: what is refused does not count."""

    def __init__(self, now: Callable[[], float], hidden: Callable[[str], str], counts: Counts) -> None:
        """`hidden` makes of an address what may be stored of it."""
        self._now = now
        self._hidden = hidden
        self._counts = counts

    async def send(self, db: AsyncSession, operator_id: str) -> None:
        """Count a code to be sent; TooManyRequests when it is one too many."""
        key = Key("codes", operator_id, SENT_WINDOW_SECONDS)
        await self._spend(db, key, SENT_PER_OPERATOR, "Too many codes were sent; use the last one, or try again in")

    async def challenge(self, db: AsyncSession, address: str | None) -> None:
        """Count a challenge made for anybody; TooManyRequests when it is one too many."""
        key = Key("challenges", self._hidden(address_key(address)), CHALLENGES_WINDOW_SECONDS)
        await self._spend(db, key, CHALLENGES_PER_ADDRESS, "Too many sign-ins from here; try again in")

    async def _spend(self, db: AsyncSession, key: Key, limit: int, sentence: str) -> None:
        now = self._now()

        def judge(found: Mapping[Key, Tally]) -> None:
            if found[key].failures > limit:
                wait = key.reset(found[key], now)
                headers = Standing(limit, 0, wait, key.window).headers(key.budget)
                raise TooManyRequests(f"{sentence} {wait} seconds.", retry_after=wait, headers=headers)

        await self._counts.reserve([key], now, judge, db)
