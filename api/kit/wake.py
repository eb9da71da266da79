"""Wake-ups: a long poll waits on a topic, a committed change wakes it. Those of other processes come in by `notices`."""

import asyncio
import hashlib
from collections import defaultdict
from collections.abc import Iterable

MAX_TOPIC_BYTES = 120
"""A longer topic goes by its digest: what NOTIFY carries is bounded (8,000 bytes)."""


def key_of(topic: str) -> str:
    """What a topic is called between processes. The name of a name is itself."""
    raw = topic.encode()
    return topic if len(raw) <= MAX_TOPIC_BYTES else hashlib.sha256(raw).hexdigest()


class Waker:
    """Topics that can be waited for. What is waited for is always read again from the database."""

    def __init__(self) -> None:
        self._waiting: defaultdict[str, set[asyncio.Event]] = defaultdict(set)

    def wake(self, topics: Iterable[str]) -> None:
        """Wake all who wait on any of `topics`."""
        for topic in topics:
            for event in self._waiting.get(key_of(topic), ()):
                event.set()

    def wake_all(self) -> None:
        """Wake everybody: the process is about to end, or may have missed something."""
        self.wake(list(self._waiting))

    def listen(self, topic: str) -> "Listener":
        """Start listening *before* reading, so that nothing falls between the read and the wait."""
        return Listener(self._waiting, key_of(topic))


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
