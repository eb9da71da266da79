"""What the person at this machine has allowed: the one owner of 'may capture', 'may apply input' and 'may chat'.

A pure state machine. It reads no clock and does no I/O: every call gets ``now`` in seconds of a monotonic clock. A time-out
counts from the moment it is due, even when nobody called `tick`: an answer that arrives later than its time-out changes
nothing.

How somebody is verified and asked for is the first half, `agent.host.asking`; this is what holds and what the person does from
then on.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from agent.host.asking import Asking, Ending, Lapse, Verdict
from agent.host.grants import CHAT, CONTROL, VIEW, Mode, at_first
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

RETURN_SECONDS: Final = 3.0
"""How long the person's own mouse and keyboard must rest before the viewer's input counts again."""
GRACE_SECONDS: Final = 1.0
"""After giving control back by hand, the hand may move away for so long."""


@dataclass(slots=True)
class KeptConsent:
    """What outlives the host's process (docs/protocol.md 9): who was accepted, and what the person left them."""

    state: str
    viewers: dict[int, list[str]]
    withheld: list[str]
    suspensions: int
    """How often the person's own hand had taken over."""


class Consent(Asking):
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
        super().__init__(mode, features)
        self.suspensions = 0
        """How often the person's own input suspended the viewer's."""
        self._return_seconds = return_seconds
        self._withheld = self._possible - at_first(mode, features)
        self._return_due: float | None = None
        self._grace_until = 0.0
        if kept is not None:
            self._restore(kept)

    # ---- what holds now

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
        viewers = {viewer: sorted(grants) for viewer, grants in self._viewers.items()}
        return KeptConsent(state.value, viewers, sorted(self._withheld), self.suspensions)

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
        self.suspensions = kept.suspensions
