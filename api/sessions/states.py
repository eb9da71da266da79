"""The life of a session: one table of (state, what happens) → next state. What is not in it raises.

waiting → claimed → active ⇄ paused; active, paused ⇄ interrupted; ended from any of them; expired only from waiting.
"""

from enum import StrEnum

from api.problems import TransitionNotAllowed


class State(StrEnum):
    """Where a session is."""

    WAITING = "waiting"
    CLAIMED = "claimed"
    ACTIVE = "active"
    PAUSED = "paused"
    INTERRUPTED = "interrupted"
    ENDED = "ended"
    EXPIRED = "expired"


class Happening(StrEnum):
    """What can happen to a session."""

    CLAIM = "claim"
    """The customer entered the code."""
    ADMIT = "admit"
    """The host let a viewer in: the customer has consented."""
    PAUSE = "pause"
    UNPAUSE = "unpause"
    INTERRUPT = "interrupt"
    """Nobody is connected any more."""
    RETURN = "return"
    """Somebody is connected again."""
    END = "end"
    EXPIRE = "expire"


TABLE: dict[tuple[State, Happening], State] = {
    (State.WAITING, Happening.CLAIM): State.CLAIMED,
    (State.WAITING, Happening.EXPIRE): State.EXPIRED,
    (State.WAITING, Happening.END): State.ENDED,
    (State.CLAIMED, Happening.ADMIT): State.ACTIVE,
    (State.CLAIMED, Happening.END): State.ENDED,
    (State.ACTIVE, Happening.ADMIT): State.ACTIVE,
    (State.ACTIVE, Happening.PAUSE): State.PAUSED,
    (State.ACTIVE, Happening.INTERRUPT): State.INTERRUPTED,
    (State.ACTIVE, Happening.END): State.ENDED,
    (State.PAUSED, Happening.ADMIT): State.PAUSED,
    (State.PAUSED, Happening.UNPAUSE): State.ACTIVE,
    (State.PAUSED, Happening.INTERRUPT): State.INTERRUPTED,
    (State.PAUSED, Happening.END): State.ENDED,
    (State.INTERRUPTED, Happening.RETURN): State.ACTIVE,
    (State.INTERRUPTED, Happening.ADMIT): State.ACTIVE,
    (State.INTERRUPTED, Happening.END): State.ENDED,
}

OVER = frozenset({State.ENDED, State.EXPIRED})
RUNNING = frozenset({State.ACTIVE, State.PAUSED})


def next_state(state: str, happening: Happening) -> State:
    """The state after `happening`; TransitionNotAllowed when the table has no such step."""
    following = TABLE.get((State(state), happening))
    if following is None:
        raise TransitionNotAllowed(f"A session that is {state} cannot {happening}.", state=str(state))
    return following
