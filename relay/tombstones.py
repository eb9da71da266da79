"""Sessions that are over, and participants that were kicked: refused until the last resume ticket has expired."""

from typing import NamedTuple

from relay.limits import TOMBSTONE_SECONDS


class Tombstone(NamedTuple):
    """Why somebody is refused."""

    by: str
    reason: str
    until: float
    """Unix time, seconds."""


class Tombstones:
    """All tombstones of this relay; times are Unix seconds, handed in."""

    def __init__(self) -> None:
        self._stones: dict[tuple[str, int | None], Tombstone] = {}

    def __len__(self) -> int:
        return len(self._stones)

    def put(self, session: str, sender: int | None, by: str, reason: str, wall: float) -> None:
        """Refuse a session, or one sender id of it, from now on."""
        self.put_until(session, sender, Tombstone(by, reason, wall + TOMBSTONE_SECONDS))

    def put_until(self, session: str, sender: int | None, stone: Tombstone) -> None:
        """The same with the time the api gave."""
        self._stones[session, sender] = stone

    def find(self, session: str, sender: int, wall: float) -> Tombstone | None:
        """Why this participant is refused, or None."""
        for key in ((session, None), (session, sender)):
            stone = self._stones.get(key)
            if stone and stone.until > wall:
                return stone
        return None

    def prune(self, wall: float) -> None:
        """Forget those that nobody can come back to."""
        for key in [key for key, stone in self._stones.items() if stone.until <= wall]:
            del self._stones[key]
