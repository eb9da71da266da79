"""Time and chance: events on a heap, one source of randomness per seed."""

import heapq
import itertools
import random
from collections.abc import Callable
from typing import Any


class World:
    """A clock that jumps from event to event. Everything random is drawn from `dice`, so a seed is a story."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.now = 1000.0
        self.dice = random.Random(seed)
        self.story: list[tuple[float, str]] = []
        """What happened, for people who look into a seed that failed."""
        self._heap: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self._order = itertools.count()

    def after(self, seconds: float, what: Callable[..., None], *arguments: Any) -> None:
        """Call `what` in so many seconds."""
        heapq.heappush(self._heap, (self.now + seconds, next(self._order), what, arguments))

    def run(self, until: float) -> None:
        """Let everything happen up to a time."""
        while self._heap and self._heap[0][0] <= until:
            self.now, _, what, arguments = heapq.heappop(self._heap)
            what(*arguments)
        self.now = until

    def tell(self, text: str) -> None:
        self.story.append((self.now, text))

    def entropy(self, size: int) -> bytes:
        """Random bytes for the code under test."""
        return self.dice.randbytes(size)
