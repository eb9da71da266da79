"""How old the picture on the screen is: what is drawn against what the host signs is current (docs/protocol.md 5).

Pure: `now` is in seconds of one monotonic clock. The host's own clock is in each beacon: what takes longer than the quickest
way seen so far is delay, and counts as age. The same as web/core/freshness.js.
"""

from typing import Final

from wire.limits import BEACON_LOST_SECONDS, PICTURE_WANT_SECONDS, STALE_SECONDS

DRIFT_SECONDS: Final = 0.001
"""How much two clocks may part between two beacons."""


class Freshness:
    """Since when the picture is known to be what the host has."""

    def __init__(self, since: float | None = None) -> None:
        """`since`: a picture of an earlier association is still on the screen, and was current then."""
        self.drawn = 0
        self._announced = 0
        self._counter = 0
        self._shown = since is not None
        self._current_at = since or 0.0
        self._beacon_at = self._usable_at = 0.0
        self._quickest: float | None = None
        self._delay = 0.0

    def begin(self, now: float) -> None:
        """Start counting: a welcome, or another connection. What is on the screen is as old as it was."""
        self._beacon_at = self._usable_at = now
        if not self._shown:
            self._current_at = now

    @property
    def since(self) -> float | None:
        """When what is on the screen was current; None while nothing is."""
        return self._current_at if self._shown else None

    def beacon(self, counter: int, ms: int, picture: int, now: float, *, good: bool) -> bool:
        """A signed beacon; `good` when all that is shown is what it vouches for. False for one that is not newer."""
        if counter <= self._counter:
            return False
        self._counter, self._announced, self._beacon_at = counter, picture, now
        late = now - ms / 1000
        self._quickest = late if self._quickest is None else min(late, self._quickest + DRIFT_SECONDS)
        self._delay = late - self._quickest
        if good and self.drawn >= picture:
            self._is_current(now)
        return True

    def part(self, now: float) -> None:
        """A part that will be drawn arrived."""
        self._usable_at = now

    def draw(self, picture: int, now: float, *, good: bool) -> None:
        """A picture is on the screen."""
        self.drawn, self._shown = picture, True
        if good and picture >= self._announced:
            self._is_current(now)

    def _is_current(self, now: float) -> None:
        self._current_at = max(self._current_at, now - self._delay)

    def age(self, now: float) -> float:
        """Seconds since what is drawn was known to be the newest."""
        return now - self._current_at

    def stale(self, now: float) -> bool:
        return self.age(now) > STALE_SECONDS

    def wanting(self, now: float) -> bool:
        """Whether to ask for a picture: what is shown is old, and nothing usable came for 4 s."""
        behind = self._announced > self.drawn or self.stale(now)
        return behind and self._beacon_at > 0 and now - self._usable_at > PICTURE_WANT_SECONDS

    def silent(self, now: float, *, paused: bool) -> bool:
        """Whether this relay carries no beacons any more, or (unless the host sends no pictures) for as long nothing that
        would make the picture current."""
        useful_at = self._beacon_at if paused else max(self._current_at, self._usable_at)
        return now - min(self._beacon_at, useful_at) > BEACON_LOST_SECONDS
