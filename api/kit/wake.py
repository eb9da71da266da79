"""Wake-ups inside one process: a long poll waits on a topic, a committed change wakes it."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable


class Waker:
    """Topics that can be waited for. What is waited for is always read again from the database."""

    def __init__(self) -> None:
        self._waiting: defaultdict[str, set[asyncio.Event]] = defaultdict(set)

    def wake(self, topics: Iterable[str]) -> None:
        """Wake all who wait on any of `topics`."""
        for topic in topics:
            for event in self._waiting.get(topic, ()):
                event.set()

    def wake_all(self) -> None:
        """Wake everybody: the process is about to end."""
        self.wake(list(self._waiting))

    def listen(self, topic: str) -> "Listener":
        """Start listening *before* reading, so that nothing falls between the read and the wait."""
        return Listener(self._waiting, topic)


class Listener:
    """One waiter on a topic, as a context manager."""

    def __init__(self, waiting: defaultdict[str, set[asyncio.Event]], topic: str) -> None:
        self._waiting = waiting
        self._topic = topic
        self._event = asyncio.Event()

    def __enter__(self) -> "Listener":
        self._waiting[self._topic].add(self._event)
        return self

    def __exit__(self, *_: object) -> None:
        self._waiting[self._topic].discard(self._event)
        if not self._waiting[self._topic]:
            del self._waiting[self._topic]

    async def wait(self, seconds: float) -> bool:
        """True when woken, False after `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                await self._event.wait()
        except TimeoutError:
            return False
        self._event.clear()
        return True
