"""What the organisation's policy says to the host: in the session statement, and in `policy` texts while it runs (protocol 7).

A relay only carries those texts: the host believes the server's signature, and takes nothing that would widen anything.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from agent.host.consent import CONTROL, VIEW
from agent.seat import Seat
from wire import tokens
from wire.messages import relay
from wire.tokens import TokenError

ALWAYS: Final = frozenset({VIEW, CONTROL})
"""What the mode decides, not the features."""


@dataclass(frozen=True, slots=True)
class Narrowed:
    """What is left: names of grants, and the longest session in seconds."""

    possible: frozenset[str]
    seconds: int | None


class Policy:
    """The policy of one session, as the host holds it."""

    def __init__(self, seat: Seat, clock: Callable[[], float] = time.time) -> None:
        self._seat, self._clock = seat, clock
        self._version = 0

    @property
    def own_input_first(self) -> bool:
        """Whether this machine's own mouse and keyboard suspend a viewer's. Policy may set it, never this agent's user less."""
        held: Any = self._seat.statement.get("policy")
        return not (isinstance(held, dict) and held.get("local_input_priority") is False)

    def take(self, text: relay.Text) -> Narrowed | None:
        """A `policy` text: what it leaves, or None when it is not the server's, not ours, or older than what holds."""
        token, seat = text.get("token"), self._seat
        if not isinstance(token, str):
            return None
        try:
            claims = tokens.verify(token, seat.keys, tokens.POLICY, seat.issuer, seat.session, self._clock())
        except TokenError:
            return None
        version, features, limits = claims.get("ver"), claims.get("features"), claims.get("limits")
        if not isinstance(version, int) or version <= self._version or not isinstance(features, list):
            return None
        self._version = version
        seconds = limits.get("seconds") if isinstance(limits, dict) else None
        return Narrowed(ALWAYS | frozenset(map(str, features)), seconds if isinstance(seconds, int) else None)
