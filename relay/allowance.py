"""How many bytes a second a participant may send, from its ticket: a bucket that one second fills. Pure."""

import sys
from typing import Final

STEPS: Final = 50
"""Into how many parts a second's bytes may be counted."""


class Allowance:
    """Without a rate everything is allowed."""

    def __init__(self, bytes_per_second: int | None, now: float) -> None:
        self._rate = bytes_per_second
        self._left = float(bytes_per_second or 0)
        self._at = now

    @property
    def step(self) -> int:
        """How many bytes may pass before they must be counted."""
        return sys.maxsize if self._rate is None else self._rate // STEPS

    def narrow(self, bytes_per_second: int | None, now: float) -> None:
        """Never more than this from now on."""
        if bytes_per_second is None or (self._rate is not None and self._rate <= bytes_per_second):
            return
        left = float(bytes_per_second) if self._rate is None else self._left
        self._rate, self._left, self._at = bytes_per_second, min(left, float(bytes_per_second)), now

    def spend(self, size: int, now: float) -> float:
        """Take `size` bytes; the seconds for which nothing more may be read."""
        if self._rate is None:
            return 0.0
        self._left = min(self._left + (now - self._at) * self._rate, float(self._rate)) - size
        self._at = now
        return max(0.0, -self._left / self._rate)
