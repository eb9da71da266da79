"""How one viewer after another is verified and asked for: the first half of the consent. Pure.

The table runs once for the session. A further viewer, who comes while another is accepted, is verified and asked for on a
run of its own; a yes lets it into the session, a no turns away nobody else.
"""

import hmac
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Final

from agent.host.grants import SHARED, Mode, possible
from agent.host.states import RUNNING, VERIFYING, ConsentError, Event, Run, State, VerificationPendingError

ANSWER_SECONDS: Final = 120.0
"""How long the yes-or-no question stands; silence is a refusal."""
VERIFICATION_SECONDS: Final = 120.0
"""How long keys and digits may take in all."""
ABSENT_SECONDS: Final = 60.0
"""How long a viewer may be away before its verification is cancelled."""
MAX_WRONG_DIGITS: Final = 3

_SIX_DIGITS = re.compile(r"[0-9]{6}", re.ASCII)


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


@dataclass(frozen=True, slots=True)
class Lapse:
    """A verification ran out of time: cancelled, or (`refused`) nobody answered the question."""

    viewer: int
    refused: bool


class Asking(ABC):
    """One verification at a time, and who was said yes to."""

    def __init__(self, mode: Mode, features: Iterable[str]) -> None:
        self.mode: Final = mode
        self.wrong_digits = 0
        self.ended: Ending | None = None
        self._possible = possible(mode, features)
        self._viewers: dict[int, frozenset[str]] = {}
        self._offered = self._possible
        """What the viewer being verified may get at most."""
        self._session, self._further = Run(), Run()

    @abstractmethod
    def tick(self, now: float) -> "Lapse | None":
        """Apply what is due; what that did to a verification."""

    @abstractmethod
    def end(self, by: str, reason: str) -> State:
        """End from any state; the first ending stands."""

    @property
    def state(self) -> State:
        """The session's state."""
        return self._session.state

    @property
    def step(self) -> State:
        """How far the viewer that is being verified has come; the session's state when there is none."""
        return self._run.state

    @property
    def pending(self) -> int | None:
        """Sender id of the viewer being verified."""
        return self._run.viewer

    @property
    def accepted(self) -> frozenset[int]:
        """Sender ids of the viewers that were said yes to."""
        return frozenset(self._viewers)

    @property
    def digits(self) -> str:
        """The six digits of the verification that runs; empty when there are none."""
        return self._run.digits.decode("ascii")

    # ---- verification

    def begin(self, viewer: int, now: float, at_most: Iterable[str] | None = None) -> State:
        """A viewer's full handshake starts. Raises `VerificationPendingError` while another one is in hand (R16).

        `at_most` bounds what this viewer gets, where it was introduced for less than the session is for.
        """
        self.tick(now)
        if self.pending is not None or viewer in self._viewers:
            raise VerificationPendingError(f"viewer {self.pending or viewer} comes first")
        run = self._further if self.state in RUNNING else self._session
        run.fire(Event.BEGIN)
        run.viewer, run.due = viewer, now + VERIFICATION_SECONDS
        self._offered = self._possible if at_most is None else frozenset(at_most)
        return run.state

    def agreed(self, digits: str, now: float) -> State:
        """The keys are agreed; `digits` are the six that the operator's side shows and the customer's side types."""
        if self.tick(now):
            return self.step
        if not _SIX_DIGITS.fullmatch(digits):
            raise ValueError("the handshake gives six ASCII digits")
        if self.mode in SHARED:
            self._elsewhere(now)
        else:
            self._run.fire(Event.AGREED)
        self._run.digits = digits.encode("ascii")
        return self.step

    def agreed_by_link(self, now: float) -> State:
        """The keys are agreed and hold the link's secret, which replaces the digits."""
        if not self.tick(now):
            if self.mode in SHARED:
                self._elsewhere(now)
            else:
                self._run.fire(Event.AGREED_BY_LINK)
                self._run.due = now + ANSWER_SECONDS
        return self.step

    def accepted_there(self, now: float, *, by_link: bool) -> State:
        """The customer, who is the viewer, says yes under the new keys.

        Only their side compared the digits. So without a link's secret the operator is asked whether they *hear* it, too.
        """
        if not self.tick(now):
            run, viewer = self._run, self.pending
            if run.fire(Event.ACCEPTED_BY_LINK if by_link else Event.ACCEPTED_THERE) is not State.APPROVED:
                run.due = now + ANSWER_SECONDS
            elif viewer is not None:
                self._let_in(run, viewer)
        return self.step

    def enter_digits(self, typed: str, now: float) -> Verdict:
        """The customer typed `typed` (R17). Compared in constant time; the expected digits are then forgotten."""
        if self.tick(now):
            return Verdict.TOO_LATE
        run = self._run
        if run.state is not State.DIGITS:
            raise ConsentError(f"no digits are expected while {run.state.value}")
        if not _SIX_DIGITS.fullmatch(typed):
            return Verdict.MALFORMED
        if not hmac.compare_digest(typed.encode("ascii"), run.digits):
            return self._wrong(run)
        run.fire(Event.RIGHT)
        run.due = now + ANSWER_SECONDS
        return Verdict.RIGHT

    def answer(self, yes: bool, now: float) -> State:
        """The yes or no of the person at this machine; what came of it for the viewer that was asked for."""
        if self.tick(now):
            return self.step
        run, viewer = self._run, self.pending
        if yes:
            run.fire(Event.YES)
            assert viewer is not None, "a question is about somebody"
            self._let_in(run, viewer)
            return State.APPROVED
        self._refuse(run, "operator" if self.mode in SHARED else "customer")
        return State.ENDED

    def cancel(self, now: float) -> State:
        """The verification fails for a reason that is nobody's wrong entry (a bad handshake, a reloaded viewer)."""
        if not self.tick(now):
            self._run.fire(Event.CANCEL)
        return self.step

    def absent(self, now: float) -> State:
        """The pending viewer's connection is lost; it may come back."""
        run = self._run
        if not self.tick(now) and run.state in VERIFYING and run.absent_due is None:
            run.absent_due = now + ABSENT_SECONDS
        return self.step

    def present(self, now: float) -> State:
        """The pending viewer's connection is back."""
        if not self.tick(now):
            self._run.absent_due = None
        return self.step

    # ---- inside

    @property
    def _run(self) -> Run:
        """The run that verifies somebody."""
        return self._session if self._session.state in VERIFYING or self._further.viewer is None else self._further

    def _elsewhere(self, now: float) -> None:
        """The customer has the time of both steps; on their side each has its own."""
        self._run.fire(Event.SHOWN)
        self._run.due = now + VERIFICATION_SECONDS + ANSWER_SECONDS

    def _let_in(self, run: Run, viewer: int) -> None:
        self._viewers[viewer] = self._offered
        if run is self._further:
            self._further = Run()

    def _refuse(self, run: Run, by: str) -> None:
        run.fire(Event.NO)
        if run is self._further:
            self._further = Run()
        else:
            self.ended = self.ended or Ending(by, "refused")

    def _wrong(self, run: Run) -> Verdict:
        self.wrong_digits += 1
        if self.wrong_digits < MAX_WRONG_DIGITS:
            run.fire(Event.WRONG)
            return Verdict.WRONG
        run.fire(Event.WRONG_AGAIN)
        self.end("system", "verification_failed")
        return Verdict.FAILED
