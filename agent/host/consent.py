"""What the customer has allowed: the one owner of 'may capture' and 'may apply input'.

A pure state machine (PROTOCOL: verification and consent of one viewer at a time). It reads no clock and does no
I/O: every call gets ``now`` in seconds of a monotonic clock. A time-out counts from the moment it is due, even when
nobody called `tick`: an answer that arrives later than its time-out changes nothing.
"""

import hmac
import re
from dataclasses import dataclass
from enum import Enum
from typing import Final, Literal

ANSWER_SECONDS: Final = 120.0
"""How long the yes-or-no question stands; silence is a refusal."""
VERIFICATION_SECONDS: Final = 120.0
"""How long keys and digits may take in all."""
ABSENT_SECONDS: Final = 60.0
"""How long a viewer may be away before its verification is cancelled."""
MAX_WRONG_DIGITS: Final = 3

_SIX_DIGITS = re.compile(r"[0-9]{6}", re.ASCII)

Mode = Literal["control", "view"]
VIEW: Final = "view"
CONTROL: Final = "control"
_GRANTS: Final[dict[str, frozenset[str]]] = {"control": frozenset({VIEW, CONTROL}), "view": frozenset({VIEW})}


class State(Enum):
    """Where the consent stands."""

    WAITING = "waiting"
    HANDSHAKE = "handshake"
    DIGITS = "digits"
    ASK = "ask"
    APPROVED = "approved"
    PAUSED = "paused"
    ENDED = "ended"


class Event(Enum):
    """What can happen to it."""

    BEGIN = "begin"
    CANCEL = "cancel"
    AGREED = "agreed"
    AGREED_BY_LINK = "agreed by link"
    RIGHT = "right digits"
    WRONG = "wrong digits"
    WRONG_AGAIN = "third wrong digits"
    YES = "yes"
    NO = "no"
    PAUSE = "pause"
    RESUME = "resume"
    LEFT = "viewer left"
    END = "end"


TRANSITIONS: Final[dict[tuple[State, Event], State]] = {
    (State.WAITING, Event.BEGIN): State.HANDSHAKE,
    (State.HANDSHAKE, Event.AGREED): State.DIGITS,
    (State.HANDSHAKE, Event.AGREED_BY_LINK): State.ASK,
    (State.HANDSHAKE, Event.CANCEL): State.WAITING,
    (State.DIGITS, Event.RIGHT): State.ASK,
    (State.DIGITS, Event.WRONG): State.WAITING,
    (State.DIGITS, Event.WRONG_AGAIN): State.ENDED,
    (State.DIGITS, Event.CANCEL): State.WAITING,
    (State.ASK, Event.YES): State.APPROVED,
    (State.ASK, Event.NO): State.ENDED,
    (State.ASK, Event.CANCEL): State.WAITING,
    (State.APPROVED, Event.PAUSE): State.PAUSED,
    (State.APPROVED, Event.LEFT): State.WAITING,
    (State.PAUSED, Event.RESUME): State.APPROVED,
    (State.PAUSED, Event.LEFT): State.WAITING,
} | {(state, Event.END): State.ENDED for state in State}
"""All that is allowed. (ENDED, END) is there because both sides may end at once; the first ending stands."""

VERIFYING: Final = frozenset({State.HANDSHAKE, State.DIGITS, State.ASK})


class ConsentError(Exception):
    """This event cannot happen in this state; nothing was changed."""


class VerificationPendingError(ConsentError):
    """Another viewer is being verified or was accepted; tell this one to wait."""


class Verdict(Enum):
    """What became of typed digits."""

    RIGHT = "right"
    WRONG = "wrong"
    FAILED = "failed"
    MALFORMED = "malformed"
    """Not six ASCII digits: asked again, not counted."""
    TOO_LATE = "too late"
    """The time had run out; `Consent.state` says what came of it."""


@dataclass(frozen=True, slots=True)
class Ending:
    """Who ended (protocol section 7: operator, customer, administrator, system) and why."""

    by: str
    reason: str


class Consent:
    """The consent to one session.

    `mode` is the session's: in ``view`` there is never a grant for control.
    """

    def __init__(self, mode: Mode) -> None:
        self.mode: Final = mode
        self.viewer: int | None = None
        """Sender id of the viewer being verified or accepted."""
        self.wrong_digits = 0
        self.ended: Ending | None = None
        self._state = State.WAITING
        self._allowed = _GRANTS[mode]
        self._granted: frozenset[str] = frozenset()
        self._digits = b""
        self._due: float | None = None
        self._absent_due: float | None = None

    @property
    def state(self) -> State:
        """The present state."""
        return self._state

    @property
    def grants(self) -> frozenset[str]:
        """What the customer granted: a subset of ``view`` and ``control``; empty before yes and after the end."""
        return self._granted

    @property
    def may_capture(self) -> bool:
        """Whether the screen may be read now."""
        return self._state is State.APPROVED and VIEW in self._granted

    @property
    def may_apply_input(self) -> bool:
        """Whether the viewer's input may be applied now."""
        return self._state is State.APPROVED and CONTROL in self._granted

    @property
    def deadline(self) -> float | None:
        """When `tick` has something to do next, or None."""
        times = [time for time in (self._due, self._absent_due) if time is not None]
        return min(times) if times else None

    def begin(self, viewer: int, now: float) -> State:
        """A viewer's full handshake starts. Raises `VerificationPendingError` while another one is in hand (R16)."""
        self.tick(now)
        if self._state not in (State.WAITING, State.ENDED):
            raise VerificationPendingError(f"viewer {self.viewer} comes first")
        self._fire(Event.BEGIN)
        self.viewer = viewer
        self._due = now + VERIFICATION_SECONDS
        return self._state

    def agreed(self, digits: str, now: float) -> State:
        """The keys are agreed; `digits` are the six that the operator's side shows."""
        if self.tick(now):
            return self._state
        if not _SIX_DIGITS.fullmatch(digits):
            raise ValueError("the handshake gives six ASCII digits")
        self._fire(Event.AGREED)
        self._digits = digits.encode("ascii")
        return self._state

    def agreed_by_link(self, now: float) -> State:
        """The keys are agreed and hold the link's secret, which replaces the digits."""
        if not self.tick(now):
            self._fire(Event.AGREED_BY_LINK)
            self._due = now + ANSWER_SECONDS
        return self._state

    def enter_digits(self, typed: str, now: float) -> Verdict:
        """The customer typed `typed` (R17). Compared in constant time; the expected digits are then forgotten."""
        if self.tick(now):
            return Verdict.TOO_LATE
        if self._state is not State.DIGITS:
            raise ConsentError(f"no digits are expected while {self._state.value}")
        if not _SIX_DIGITS.fullmatch(typed):
            return Verdict.MALFORMED
        if hmac.compare_digest(typed.encode("ascii"), self._digits):
            self._fire(Event.RIGHT)
            self._due = now + ANSWER_SECONDS
            return Verdict.RIGHT
        return self._wrong()

    def answer(self, yes: bool, now: float) -> State:
        """The customer's yes or no."""
        if self.tick(now):
            return self._state
        if not yes:
            return self._end(Event.NO, "customer", "refused")
        self._fire(Event.YES)
        self._granted = self._allowed
        return self._state

    def cancel(self, now: float) -> State:
        """The verification fails for a reason that is nobody's wrong entry (a bad handshake, a reloaded viewer)."""
        if not self.tick(now):
            self._fire(Event.CANCEL)
        return self._state

    def pause(self, now: float) -> State:
        """The customer interrupts: no picture, no input, until `resume`."""
        if not self.tick(now):
            self._fire(Event.PAUSE)
        return self._state

    def resume(self, now: float) -> State:
        """The customer goes on."""
        if not self.tick(now):
            self._fire(Event.RESUME)
        return self._state

    def withdraw(self, grant: str) -> frozenset[str]:
        """Take back ``view`` or ``control`` for the rest of the session; returns what is still granted."""
        self._allowed -= {grant}
        self._granted -= {grant}
        return self._granted

    def absent(self, now: float) -> State:
        """The viewer's connection is lost; it may come back."""
        if not self.tick(now) and self._state in VERIFYING and self._absent_due is None:
            self._absent_due = now + ABSENT_SECONDS
        return self._state

    def present(self, now: float) -> State:
        """The viewer's connection is back."""
        if not self.tick(now):
            self._absent_due = None
        return self._state

    def left(self, now: float) -> State:
        """The accepted viewer is gone for good (goodbye, kick, 15 minutes): what was granted is void."""
        if not self.tick(now):
            self._fire(Event.LEFT)
        return self._state

    def end(self, by: str, reason: str) -> State:
        """End from any state; the first ending stands."""
        return self._end(Event.END, by, reason)

    def tick(self, now: float) -> bool:
        """Apply the time-out that came due first; True if one did."""
        due = self.deadline
        if due is None or now < due:
            return False
        if due == self._due and self._state is State.ASK:
            self._end(Event.NO, "system", "refused")
        else:
            self._fire(Event.CANCEL)
        return True

    def _wrong(self) -> Verdict:
        self.wrong_digits += 1
        if self.wrong_digits < MAX_WRONG_DIGITS:
            self._fire(Event.WRONG)
            return Verdict.WRONG
        self._end(Event.WRONG_AGAIN, "system", "verification_failed")
        return Verdict.FAILED

    def _end(self, event: Event, by: str, reason: str) -> State:
        self._fire(event)
        self.ended = self.ended or Ending(by, reason)
        return self._state

    def _fire(self, event: Event) -> None:
        """The only place where the state changes; what belonged to the old state is dropped here."""
        following = TRANSITIONS.get((self._state, event))
        if following is None:
            raise ConsentError(f"'{event.value}' cannot happen while {self._state.value}")
        self._state = following
        if following not in (State.HANDSHAKE, State.DIGITS):
            self._due = None
        if following is not State.DIGITS:
            self._digits = b""
        if following not in VERIFYING:
            self._absent_due = None
        if following not in (State.APPROVED, State.PAUSED):
            self._granted = frozenset()
        if following in (State.WAITING, State.ENDED):
            self.viewer = None
