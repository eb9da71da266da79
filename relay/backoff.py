"""Pauses between attempts: doubling, with jitter, bounded."""

import random


class Backoff:
    """Seconds to wait before the next attempt."""

    def __init__(self, first: float, longest: float, chance: random.Random | None = None) -> None:
        self._first, self._longest = first, longest
        self._chance = chance or random.Random()  # noqa: S311 - spreads load, guards nothing
        self._next = first

    def failed(self) -> float:
        """The pause after another failure: between half and all of the current step."""
        pause = self._next * self._chance.uniform(0.5, 1.0)
        self._next = min(2 * self._next, self._longest)
        return pause

    def succeeded(self) -> None:
        """Start small again."""
        self._next = self._first
