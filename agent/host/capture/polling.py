"""When to look again where the platform does not tell: often after input, seldom when nothing moves."""

import asyncio
from typing import Final

FAST_SECONDS: Final = 0.004
SLOW_SECONDS: Final = 0.1
GROWTH: Final = 1.3


class Backoff:
    """A polling interval that grows from 4 ms to 0.1 s and starts over with `hurry`."""

    def __init__(self) -> None:
        self._interval = FAST_SECONDS
        self._hurried = asyncio.Event()

    def hurry(self) -> None:
        self._interval = FAST_SECONDS
        self._hurried.set()

    async def wait(self) -> None:
        """Until the next look is due."""
        interval, self._interval = self._interval, min(self._interval * GROWTH, SLOW_SECONDS)
        self._hurried.clear()
        try:
            await asyncio.wait_for(self._hurried.wait(), interval)
        except TimeoutError:
            return
