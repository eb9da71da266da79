"""What the organisation's policy takes away while a session runs, as one end of it hears it (docs/protocol.md 7).

A relay only carries those tokens: an end believes the server's signature, and takes nothing that would widen anything.
"""

import time
from collections.abc import Callable

from agent.seat import Seat
from wire.policy import Narrowing, Policies
from wire.tokens import TokenError


class SeatPolicy:
    """The policy of one session, as an end of it holds it."""

    def __init__(self, seat: Seat, clock: Callable[[], float] = time.time) -> None:
        self._seat = seat
        self._policies = Policies(seat.keys, issuer=seat.issuer, session=seat.session, clock=clock)
        self._seen = ""

    def take(self, token: object) -> Narrowing | None:
        """What a token leaves, or None when it is not the server's, not ours, or not newer than what holds."""
        try:
            return self._policies.take(token)
        except TokenError:
            return None

    def brought(self) -> Narrowing | None:
        """The same of what the server's last answer to this seat had, if that was not looked at yet."""
        if self._seat.policy == self._seen:
            return None
        self._seen = self._seat.policy
        return self.take(self._seen)
