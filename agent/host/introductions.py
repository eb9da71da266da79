"""Which viewers need the api's word for who they are, and whether they have it (docs/protocol.md 3)."""

import time
from collections.abc import Callable, Mapping
from typing import Final

from agent.seat import Seat
from wire import introduction
from wire.introduction import Introduction
from wire.tokens import Jwk, TokenClaimsWrong

NAMED_SENDER: Final = 2
"""The sender id that the api keeps for the viewer whom the session statement itself names."""


class Introductions:
    """Believes introductions by the keys that came with the statement: they are kept for the whole session."""

    def __init__(
        self,
        keys: Mapping[str, Jwk],
        *,
        issuer: str,
        session: str,
        clock: Callable[[], float],
        named: int | None = NAMED_SENDER,
    ) -> None:
        """`clock` gives seconds since 1970; `named` is None where the statement names no operator (a queue)."""
        self._keys, self._issuer, self._session = dict(keys), issuer, session
        self._clock, self._named = clock, named

    def check(self, sender: int, token: str) -> Introduction | None:
        """What the api says of a viewer; None for the one whom the statement names. Raises `TokenError`."""
        if not token:
            if sender == self._named:
                return None
            raise TokenClaimsWrong("nobody says who this viewer is")
        return introduction.verify(
            token, self._keys, issuer=self._issuer, session=self._session, sender=sender, now=self._clock()
        )


NOBODY: Final = Introductions({}, issuer="", session="", clock=lambda: 0.0)
"""Only the viewer whom the statement names."""


def introductions_for(seat: Seat) -> Introductions:
    """For the session of a seat; where its statement names no operator, everybody needs an introduction."""
    named = seat.side == "operator" or isinstance(seat.statement.get("operator"), dict)
    return Introductions(
        seat.keys,
        issuer=seat.issuer,
        session=seat.session,
        clock=time.time,
        named=NAMED_SENDER if named else None,
    )
