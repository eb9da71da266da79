"""In no order of events is the screen read or input applied without a standing yes (R12)."""

from collections.abc import Callable
from typing import TypeVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from agent.host.consent import MAX_WRONG_DIGITS, Consent, ConsentError, Mode, State, Verdict

DIGITS = "482913"
T = TypeVar("T")


class Interleavings(RuleBasedStateMachine):
    """Throws every call at the machine at any time; keeps its own, much simpler account of what the customer said."""

    def __init__(self) -> None:
        super().__init__()
        self.consent = Consent("control")
        self.now = 0.0
        self.proved = False
        self.yes = False
        self.over = False
        self.paused = False
        self.wrong = 0

    @initialize(mode=st.sampled_from(["control", "view"]))
    def start(self, mode: Mode) -> None:
        self.consent = Consent(mode)

    @rule(seconds=st.sampled_from([0.0, 0.5, 30.0, 60.0, 119.0, 121.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    def ticks(self) -> None:
        self.consent.tick(self.now)
        self._forget()

    @rule(viewer=st.integers(2, 4))
    def somebody_begins(self, viewer: int) -> None:
        self._try(lambda: self.consent.begin(viewer, self.now))

    @rule()
    def keys_agreed(self) -> None:
        self._try(lambda: self.consent.agreed(DIGITS, self.now))

    @rule()
    def keys_agreed_by_link(self) -> None:
        if self._try(lambda: self.consent.agreed_by_link(self.now)) is State.ASK:
            self.proved = True

    @rule(typed=st.sampled_from([DIGITS, DIGITS, "000000", "48291", "４８２９１３"]))
    def digits_typed(self, typed: str) -> None:
        verdict = self._try(lambda: self.consent.enter_digits(typed, self.now))
        if verdict is Verdict.RIGHT:
            assert typed == DIGITS
            self.proved = True
        elif verdict in (Verdict.WRONG, Verdict.FAILED):
            self.wrong += 1

    @rule(yes=st.booleans())
    def answered(self, yes: bool) -> None:
        before = self.consent.state
        after = self._try(lambda: self.consent.answer(yes, self.now))
        if before is State.ASK and after is State.APPROVED:
            assert yes
            assert self.proved
            self.yes, self.paused = True, False

    @rule()
    def cancelled(self) -> None:
        self._try(lambda: self.consent.cancel(self.now))

    @rule()
    def paused_by_customer(self) -> None:
        if self._try(lambda: self.consent.pause(self.now)) is State.PAUSED:
            self.paused = True

    @rule()
    def resumed(self) -> None:
        if self._try(lambda: self.consent.resume(self.now)) is State.APPROVED:
            self.paused = False

    @rule()
    def viewer_absent(self) -> None:
        self.consent.absent(self.now)
        self._forget()

    @rule()
    def viewer_present(self) -> None:
        self.consent.present(self.now)
        self._forget()

    @rule()
    def viewer_left(self) -> None:
        if self._try(lambda: self.consent.left(self.now)) is State.WAITING:
            self.yes = self.proved = False

    @rule(grant=st.sampled_from(["control", "view"]))
    @precondition(lambda self: self.yes)
    def withdrawn(self, grant: str) -> None:
        self.consent.withdraw(grant)

    @rule(by=st.sampled_from(["customer", "operator"]))
    @precondition(lambda self: self.now > 200.0)
    def ended(self, by: str) -> None:
        self.consent.end(by, "ended")
        self._forget()

    @invariant()
    def nothing_before_yes_or_after_the_end(self) -> None:
        allowed = self.yes and not self.over and not self.paused
        if not allowed:
            assert not self.consent.may_capture
            assert not self.consent.may_apply_input
        if self.over or not self.yes:
            assert not self.consent.grants

    @invariant()
    def view_never_controls(self) -> None:
        if self.consent.mode == "view":
            assert not self.consent.may_apply_input
            assert "control" not in self.consent.grants

    @invariant()
    def three_wrong_entries_end_it(self) -> None:
        assert self.consent.wrong_digits == self.wrong <= MAX_WRONG_DIGITS
        if self.wrong == MAX_WRONG_DIGITS:
            assert self.consent.state is State.ENDED

    @invariant()
    def over_is_over(self) -> None:
        assert not self.over or self.consent.state is State.ENDED

    def _try(self, call: Callable[[], T]) -> T | None:
        """Make the call; an event that cannot happen now must change nothing but what time itself brings."""
        before = self.consent.state
        try:
            result: T | None = call()
        except ConsentError:
            assert self.consent.state is before or not self.consent.may_capture
            result = None
        self._forget()
        return result

    def _forget(self) -> None:
        if self.consent.state is State.ENDED:
            self.over, self.yes = True, False
        if self.consent.state in (State.WAITING, State.HANDSHAKE, State.DIGITS):
            self.proved = False


TestInterleavings = pytest.mark.rule("R12")(Interleavings.TestCase)
TestInterleavings.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
