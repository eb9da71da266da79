"""Which relay of the session's list comes next, and when to leave one (docs/protocol.md 9). Pure: no socket, no clock."""

from typing import Final

from wire.errors import Close

PAUSES_SECONDS: Final = (0.1, 0.2, 0.4, 0.8, 1.6, 3.0)
"""After each fruitless round of the list."""
STEP_SECONDS: Final = 0.05
"""Between two relays of one round."""
GONE: Final = frozenset({0, Close.DRAIN})
"""Closed without a word, or because the relay is about to stop: it is not worth trying first."""
FINAL: Final = {Close.REPLACED: "replaced", Close.KICKED: "kicked", Close.ENDED: "ended"}
"""After these there is nothing to come back to."""


class Walk:
    """A position in a list of relays, and for how long nobody was there to meet."""

    def __init__(self, relays: int, alone_seconds: float) -> None:
        """`relays` in the list, at least one; `alone_seconds` of waiting at one of them before the next is tried."""
        self._relays, self._alone_seconds = relays, alone_seconds
        self._at = self._failures = 0
        self._alone_since = 0.0
        self._leaving = False

    @property
    def relay(self) -> int:
        """The place in the list to connect to."""
        return self._at % self._relays

    def refused(self) -> float:
        """No connection came about: seconds to wait before the next relay is tried."""
        self._at += 1
        if self.relay:
            return STEP_SECONDS
        pause = PAUSES_SECONDS[min(self._failures, len(PAUSES_SECONDS) - 1)]
        self._failures += 1
        return pause

    def connected(self, now: float) -> None:
        """The connection stands."""
        self._failures, self._alone_since, self._leaving = 0, now, False

    def leave(self) -> None:
        """The connection is about to be closed by this side, to go on to the next relay."""
        self._leaving = True

    def lost(self, code: int) -> str | None:
        """The connection is gone, closed with `code` (0: without one). Says why when that is for good."""
        if self._leaving or code in GONE:
            self._at += 1
        self._leaving = False
        return FINAL.get(code)

    def too_long_alone(self, now: float, *, alone: bool, may_move_on: bool) -> bool:
        """Whether to leave because nobody is on the other side; ask a few times a second."""
        if not alone or not may_move_on or self._relays == 1:
            self._alone_since = now
        return now - self._alone_since > self._alone_seconds
