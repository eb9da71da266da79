"""The states of consent, what can happen, and the one table of what follows what. Pure: no clock, no I/O."""

from enum import Enum
from typing import Final

from agent.host.grants import CHAT, VIEW


class State(Enum):
    """Where the consent stands."""

    WAITING = "waiting"
    HANDSHAKE = "handshake"
    DIGITS = "digits"
    ELSEWHERE = "elsewhere"
    """The customer is the viewer (modes share and present): they compare the digits and decide on their side."""
    ASK = "ask"
    APPROVED = "approved"
    SUSPENDED = "suspended"
    """The person uses mouse or keyboard: the viewer's input waits."""
    VIEW_ONLY = "view only"
    CHAT_ONLY = "chat only"
    PAUSED = "paused"
    ENDED = "ended"


class Event(Enum):
    """What can happen to it."""

    BEGIN = "begin"
    CANCEL = "cancel"
    AGREED = "agreed"
    AGREED_BY_LINK = "agreed by link"
    SHOWN = "digits shown"
    ACCEPTED_THERE = "accepted there"
    ACCEPTED_BY_LINK = "accepted there, by link"
    RIGHT = "right digits"
    WRONG = "wrong digits"
    WRONG_AGAIN = "third wrong digits"
    YES = "yes"
    NO = "no"
    OWN_INPUT = "own input"
    GIVE_BACK = "give back"
    VIEW_ONLY = "view only"
    CHAT_ONLY = "chat only"
    PAUSE = "pause"
    RESUME = "resume"
    LEFT = "last viewer left"
    END = "end"


VERIFYING: Final = frozenset({State.HANDSHAKE, State.DIGITS, State.ELSEWHERE, State.ASK})
REDUCED: Final = frozenset({State.VIEW_ONLY, State.CHAT_ONLY, State.PAUSED})
"""What the person may fall back to at any moment."""
RUNNING: Final = REDUCED | {State.APPROVED, State.SUSPENDED}

TRANSITIONS: Final[dict[tuple[State, Event], State]] = (
    {
        (State.WAITING, Event.BEGIN): State.HANDSHAKE,
        (State.HANDSHAKE, Event.AGREED): State.DIGITS,
        (State.HANDSHAKE, Event.AGREED_BY_LINK): State.ASK,
        (State.HANDSHAKE, Event.SHOWN): State.ELSEWHERE,
        (State.HANDSHAKE, Event.CANCEL): State.WAITING,
        (State.DIGITS, Event.RIGHT): State.ASK,
        (State.DIGITS, Event.WRONG): State.WAITING,
        (State.DIGITS, Event.WRONG_AGAIN): State.ENDED,
        (State.DIGITS, Event.CANCEL): State.WAITING,
        (State.ELSEWHERE, Event.ACCEPTED_THERE): State.ASK,
        (State.ELSEWHERE, Event.ACCEPTED_BY_LINK): State.APPROVED,
        (State.ELSEWHERE, Event.CANCEL): State.WAITING,
        (State.ASK, Event.YES): State.APPROVED,
        (State.ASK, Event.NO): State.ENDED,
        (State.ASK, Event.CANCEL): State.WAITING,
        (State.APPROVED, Event.OWN_INPUT): State.SUSPENDED,
        (State.SUSPENDED, Event.OWN_INPUT): State.SUSPENDED,
        (State.SUSPENDED, Event.GIVE_BACK): State.APPROVED,
    }
    | {(state, Event.VIEW_ONLY): State.VIEW_ONLY for state in RUNNING - {State.VIEW_ONLY}}
    | {(state, Event.CHAT_ONLY): State.CHAT_ONLY for state in RUNNING - {State.CHAT_ONLY}}
    | {(state, Event.PAUSE): State.PAUSED for state in RUNNING - {State.PAUSED}}
    | {(state, Event.RESUME): State.APPROVED for state in REDUCED}
    | {(state, Event.LEFT): State.WAITING for state in RUNNING}
    | {(state, Event.END): State.ENDED for state in State}
)
"""All that is allowed. (ENDED, END) is there because both sides may end at once; the first ending stands."""

LEFT_OVER: Final[dict[State, frozenset[str]]] = {
    State.VIEW_ONLY: frozenset({VIEW, CHAT}),
    State.CHAT_ONLY: frozenset({CHAT}),
    State.PAUSED: frozenset(),
}
"""What a reduced state leaves of the grants."""


class ConsentError(Exception):
    """This event cannot happen in this state; nothing was changed."""


class VerificationPendingError(ConsentError):
    """Another viewer is being verified; tell this one to wait."""


class Run:
    """One run of the table. What belongs to a state is dropped when it is left."""

    def __init__(self) -> None:
        self.state = State.WAITING
        self.viewer: int | None = None
        self.digits = b""
        self.due: float | None = None
        self.absent_due: float | None = None

    def fire(self, event: Event) -> State:
        """The only place where a state changes."""
        following = TRANSITIONS.get((self.state, event))
        if following is None:
            raise ConsentError(f"'{event.value}' cannot happen while {self.state.value}")
        self.state = following
        if following not in (State.HANDSHAKE, State.DIGITS, State.ELSEWHERE):
            self.due = None
        if following not in (State.DIGITS, State.ELSEWHERE):
            self.digits = b""
        if following not in VERIFYING:
            self.absent_due = self.viewer = None
        return following

    @property
    def deadline(self) -> float | None:
        return min((time for time in (self.due, self.absent_due) if time is not None), default=None)
