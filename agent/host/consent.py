"""What the person at this machine has allowed: the one owner of 'may capture', 'may apply input' and 'may chat'.

A pure state machine. It reads no clock and does no I/O: every call gets ``now`` in seconds of a monotonic clock. A time-out
counts from the moment it is due, even when nobody called `tick`: an answer that arrives later than its time-out changes
nothing.

The table runs once for the session. A further viewer, who comes while another is accepted, is verified and asked for on a
run of its own; a yes lets it into the session, a no turns away nobody else.
"""

import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Final

from agent.host.grants import CHAT, CONTROL, SHARED, VIEW, Mode, at_first, possible
from agent.host.states import (
    LEFT_OVER,
    RUNNING,
    TRANSITIONS,
    VERIFYING,
    ConsentError,
    Event,
    Run,
    State,
    VerificationPendingError,
)

__all__ = [
    "CHAT",
    "CONTROL",
    "RUNNING",
    "TRANSITIONS",
    "VERIFYING",
    "VIEW",
    "Consent",
    "ConsentError",
    "Ending",
    "Event",
    "KeptConsent",
    "Lapse",
    "Mode",
    "State",
    "Verdict",
    "VerificationPendingError",
]

ANSWER_SECONDS: Final = 120.0
"""How long the yes-or-no question stands; silence is a refusal."""
VERIFICATION_SECONDS: Final = 120.0
"""How long keys and digits may take in all."""
ABSENT_SECONDS: Final = 60.0
"""How long a viewer may be away before its verification is cancelled."""
RETURN_SECONDS: Final = 3.0
"""How long the person's own mouse and keyboard must rest before the viewer's input counts again."""
GRACE_SECONDS: Final = 1.0
"""After giving control back by hand, the hand may move away for so long."""
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


@dataclass(slots=True)
class KeptConsent:
    """What outlives the host's process (docs/protocol.md 9): who was accepted, and what the person left them."""

    state: str
    viewers: dict[int, list[str]]
    withheld: list[str]


class Consent:
    """The consent to one session: `mode` and `features` bound what can ever be granted."""

    def __init__(
        self,
        mode: Mode,
        features: Iterable[str] = (),
        *,
        return_seconds: float | None = RETURN_SECONDS,
        kept: KeptConsent | None = None,
    ) -> None:
        """`return_seconds` None: control comes back by hand only. `kept`: the process was restarted, nobody is asked again."""
        self.mode: Final = mode
        self.wrong_digits = 0
        self.suspensions = 0
        """How often the person's own input suspended the viewer's."""
        self.ended: Ending | None = None
        self._return_seconds = return_seconds
        self._possible = possible(mode, features)
        self._withheld = self._possible - at_first(mode, features)
        self._viewers: dict[int, frozenset[str]] = {}
        self._offered = self._possible
        """What the viewer being verified may get at most."""
        self._session, self._further = Run(), Run()
        self._return_due: float | None = None
        self._grace_until = 0.0
        if kept is not None:
            self._restore(kept)

    # ---- what holds now

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

    @property
    def possible(self) -> frozenset[str]:
        """All that this session may ever grant, as far as policy left it."""
        return self._possible

    @property
    def withheld(self) -> frozenset[str]:
        """What could be granted and is not: taken back, or never given."""
        return self._withheld & self._possible

    @property
    def grants(self) -> frozenset[str]:
        """What is granted now; empty before yes, while paused and after the end."""
        if self.state not in RUNNING:
            return frozenset()
        return (self._possible - self._withheld) & LEFT_OVER.get(self.state, self._possible)

    def grants_of(self, viewer: int) -> frozenset[str]:
        """What one viewer is granted now."""
        return self.grants & self._viewers.get(viewer, frozenset())

    @property
    def may_capture(self) -> bool:
        """Whether the screen may be read now."""
        return VIEW in self.grants

    @property
    def may_apply_input(self) -> bool:
        """Whether viewers' input may be applied now."""
        return self.state is State.APPROVED and CONTROL in self.grants

    def may_control(self, viewer: int) -> bool:
        """Whether this viewer's input may be applied now."""
        return self.may_apply_input and CONTROL in self.grants_of(viewer)

    @property
    def deadline(self) -> float | None:
        """When `tick` has something to do next, or None."""
        times = [self._session.deadline, self._further.deadline, self._return_due]
        return min((time for time in times if time is not None), default=None)

    def kept(self) -> KeptConsent | None:
        """What a restarted process needs; None while nobody is accepted."""
        if self.state not in RUNNING:
            return None
        state = State.APPROVED if self.state is State.SUSPENDED else self.state
        return KeptConsent(state.value, {v: sorted(g) for v, g in self._viewers.items()}, sorted(self._withheld))

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

    # ---- what the person does while it runs

    def pause(self, now: float) -> State:
        """Nothing is captured, nothing is sent, nothing is applied, until `resume`."""
        return self._reduce(Event.PAUSE, now)

    def view_only(self, now: float) -> State:
        """Take control back; the screen stays visible."""
        return self._reduce(Event.VIEW_ONLY, now)

    def chat_only(self, now: float) -> State:
        """Only written words are exchanged."""
        return self._reduce(Event.CHAT_ONLY, now)

    def resume(self, now: float) -> State:
        """Go on with everything that was granted."""
        return self._reduce(Event.RESUME, now)

    def own_input(self, now: float) -> bool:
        """The person used mouse or keyboard; True when that took control from the viewer just now."""
        self.tick(now)
        if now < self._grace_until or self.state not in (State.APPROVED, State.SUSPENDED) or CONTROL not in self.grants:
            return False
        took = self.state is State.APPROVED
        self._session.fire(Event.OWN_INPUT)
        self.suspensions += took
        self._return_due = None if self._return_seconds is None else now + self._return_seconds
        return took

    def give_back(self, now: float) -> State:
        """The person lets the viewer go on at once."""
        self.tick(now)
        if self.state is State.SUSPENDED:
            self._give_back()
        self._grace_until = now + GRACE_SECONDS
        return self.state

    def withdraw(self, grant: str) -> frozenset[str]:
        """Take one grant back; returns what is still granted."""
        self._withheld |= {grant} & self._possible
        return self.grants

    def allow(self, grant: str) -> frozenset[str]:
        """Give one grant (again). Raises `ConsentError` for what this session cannot grant."""
        if grant not in self._possible:
            raise ConsentError(f"a session of this kind cannot grant {grant!r}")
        self._withheld -= {grant}
        return self.grants

    def narrow(self, features: Iterable[str]) -> frozenset[str]:
        """Policy was narrowed: only these can be granted from now on; nothing widens it again."""
        self._possible &= frozenset(features)
        return self.grants

    def left(self, viewer: int, now: float) -> State:
        """An accepted viewer is gone for good (goodbye, kick, 15 minutes): what was granted to it is void."""
        self.tick(now)
        if viewer not in self._viewers:
            raise ConsentError(f"viewer {viewer} was not accepted")
        del self._viewers[viewer]
        if not self._viewers:
            self._session.fire(Event.LEFT)
            self._return_due = None
            if self._further.state in VERIFYING:
                self._session, self._further = self._further, Run()
        return self.state

    def end(self, by: str, reason: str) -> State:
        """End from any state; the first ending stands."""
        self._session.fire(Event.END)
        self._further = Run()
        self._viewers.clear()
        self._return_due = None
        self.ended = self.ended or Ending(by, reason)
        return self.state

    def tick(self, now: float) -> Lapse | None:
        """Apply what is due: own input that rests gives control back; a verification that ran out of time is the answer."""
        if self._return_due is not None and now >= self._return_due and self.state is State.SUSPENDED:
            self._give_back()
        for run in (self._session, self._further):
            due = run.deadline
            if due is None or now < due or run.viewer is None:
                continue
            lapse = Lapse(run.viewer, refused=due == run.due and run.state is State.ASK)
            if lapse.refused:
                self._refuse(run, "system")
            else:
                run.fire(Event.CANCEL)
            return lapse
        return None

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

    def _reduce(self, event: Event, now: float) -> State:
        if not self.tick(now):
            self._session.fire(event)
            self._return_due = None
        return self.state

    def _give_back(self) -> None:
        self._session.fire(Event.GIVE_BACK)
        self._return_due = None

    def _restore(self, kept: KeptConsent) -> None:
        state = State(kept.state)
        if state not in RUNNING or not kept.viewers:
            raise ConsentError("there is no consent to come back to")
        self._session.state = state
        self._viewers = {viewer: frozenset(grants) for viewer, grants in kept.viewers.items()}
        self._withheld = frozenset(kept.withheld)
