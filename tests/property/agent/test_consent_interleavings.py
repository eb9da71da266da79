"""In no order of events is the screen read, input applied or a word passed on without a standing yes (R12).

The machine is told everything that can happen, in any order; the account kept beside it is much simpler than the table.
"""

from collections.abc import Callable
from typing import TypeVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from agent.host.asking import MAX_WRONG_DIGITS
from agent.host.consent import RETURN_SECONDS, Consent, ConsentError, Mode, State, Verdict

DIGITS = "482913"
T = TypeVar("T")


FEATURES = ("chat", "clipboard_to_customer", "file_from_customer")


class Interleavings(RuleBasedStateMachine):
    """Throws every call at the machine at any time; keeps its own account of what the person said."""

    def __init__(self) -> None:
        super().__init__()
        self.consent = Consent("control")
        self.now = 0.0
        self.proved = False
        self.said_yes: set[int] = set()
        self.taken_back: set[str] = set()
        self.limit = {"view", "control", *FEATURES}
        self.own_input_at: float | None = None
        self.chosen = ""
        self.wrong = 0

    @initialize(mode=st.sampled_from(["control", "view", "share", "present", "manage"]))
    def start(self, mode: Mode) -> None:
        self.consent = Consent(mode, FEATURES)
        self.taken_back = {"control"} if mode == "share" else set()

    @rule(seconds=st.sampled_from([0.0, 0.5, 2.0, 30.0, 60.0, 119.0, 121.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    def ticks(self) -> None:
        self.consent.tick(self.now)
        self._forget()

    @rule(viewer=st.integers(2, 4), at_most=st.sampled_from([None, {"view"}, {"view", "chat"}]))
    def somebody_begins(self, viewer: int, at_most: set[str] | None) -> None:
        self._try(lambda: self.consent.begin(viewer, self.now, at_most))

    @rule()
    def keys_agreed(self) -> None:
        self._try(lambda: self.consent.agreed(DIGITS, self.now))

    @rule()
    def keys_agreed_by_link(self) -> None:
        if self._try(lambda: self.consent.agreed_by_link(self.now)) is State.ASK:
            self.proved = True

    @rule(by_link=st.booleans())
    def customer_accepts_there(self, by_link: bool) -> None:
        viewer, before = self.consent.pending, self.consent.step
        self._try(lambda: self.consent.accepted_there(self.now, by_link=by_link))
        if viewer is not None and before is State.ELSEWHERE:
            if viewer in self.consent.accepted:
                assert by_link
                self._yes(viewer)
            self.proved = self.consent.step is State.ASK

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
        viewer, before, proved = self.consent.pending, self.consent.step, self.proved
        self._try(lambda: self.consent.answer(yes, self.now))
        if viewer is not None and viewer in self.consent.accepted and before is State.ASK:
            assert yes
            assert proved
            self._yes(viewer)

    @rule()
    def cancelled(self) -> None:
        self._try(lambda: self.consent.cancel(self.now))

    @rule(choice=st.sampled_from(["pause", "view_only", "chat_only", "resume"]))
    def chosen_by_the_person(self, choice: str) -> None:
        reached = {"pause": State.PAUSED, "view_only": State.VIEW_ONLY, "chat_only": State.CHAT_ONLY}
        after = self._try(lambda: getattr(self.consent, choice)(self.now))
        if after is not None and after is reached.get(choice, State.APPROVED):
            self.chosen = "" if choice == "resume" else choice

    @rule()
    def used_by_hand(self) -> None:
        self.consent.own_input(self.now)
        self._forget()
        if self.consent.state is State.SUSPENDED:
            self.own_input_at = self.now

    @rule()
    def given_back(self) -> None:
        self.consent.give_back(self.now)
        self._forget()
        self.own_input_at = None

    @rule()
    def viewer_absent(self) -> None:
        self.consent.absent(self.now)
        self._forget()

    @rule()
    def viewer_present(self) -> None:
        self.consent.present(self.now)
        self._forget()

    @rule(viewer=st.integers(2, 4))
    def viewer_left(self, viewer: int) -> None:
        if self._try(lambda: self.consent.left(viewer, self.now)) is not None:
            self.said_yes.discard(viewer)
            if not self.said_yes:
                self.chosen = ""

    @rule(grant=st.sampled_from(["control", "view", "chat", "print"]))
    def withdrawn(self, grant: str) -> None:
        self.consent.withdraw(grant)
        self.taken_back |= {grant} & self.consent.possible

    @rule(grant=st.sampled_from(["control", "view", "chat", "print"]))
    def given(self, grant: str) -> None:
        if self._try(lambda: self.consent.allow(grant)) is not None:
            self.taken_back.discard(grant)

    @rule(features=st.sampled_from([("view", "control", "chat"), ("view",)]))
    @precondition(lambda self: self.now > 100.0)
    def narrowed_by_policy(self, features: tuple[str, ...]) -> None:
        self.consent.narrow(features)
        self.limit &= set(features)

    @rule(by=st.sampled_from(["customer", "operator"]))
    @precondition(lambda self: self.now > 200.0)
    def ended(self, by: str) -> None:
        self.consent.end(by, "ended")
        self._forget()

    @rule()
    @precondition(lambda self: self.consent.kept() is not None)
    def process_restarted(self) -> None:
        kept, mode = self.consent.kept(), self.consent.mode
        wrong, possible = self.consent.wrong_digits, self.consent.possible
        self.consent = Consent(mode, FEATURES, kept=kept)
        self.consent.narrow(possible)
        self.consent.wrong_digits = wrong
        self.own_input_at, self.proved = None, False

    @invariant()
    def nothing_without_a_standing_yes(self) -> None:
        consent = self.consent
        if not self.said_yes or self.chosen == "pause":
            assert not consent.grants
        assert consent.accepted == self.said_yes
        assert consent.may_capture == ("view" in consent.grants)
        assert consent.grants <= self.limit - self.taken_back
        for viewer in range(2, 5):
            assert consent.grants_of(viewer) <= consent.grants
            if viewer not in self.said_yes:
                assert not consent.grants_of(viewer)

    @invariant()
    def what_was_reduced_stays_reduced(self) -> None:
        left = {"view_only": {"view", "chat"}, "chat_only": {"chat"}, "pause": set()}.get(self.chosen)
        assert left is None or self.consent.grants <= left
        if self.chosen:
            assert not self.consent.may_apply_input

    @invariant()
    def own_hands_come_first(self) -> None:
        if self.own_input_at is not None and self.now - self.own_input_at < RETURN_SECONDS:
            assert not self.consent.may_apply_input

    @invariant()
    def a_mode_bounds_everything(self) -> None:
        if self.consent.mode in ("view", "present"):
            assert "control" not in self.consent.grants
        if self.consent.mode in ("view", "share", "present"):
            assert "file_from_customer" not in self.consent.grants

    @invariant()
    def three_wrong_entries_end_it(self) -> None:
        assert self.consent.wrong_digits == self.wrong <= MAX_WRONG_DIGITS
        if self.wrong == MAX_WRONG_DIGITS:
            assert self.consent.state is State.ENDED

    def _yes(self, viewer: int) -> None:
        if not self.said_yes:
            self.chosen = ""
        self.said_yes.add(viewer)

    def _try(self, call: Callable[[], T]) -> T | None:
        """Make the call; an event that cannot happen now must change nothing but what time itself brings."""
        before = self.consent.grants
        try:
            result: T | None = call()
        except ConsentError:
            assert self.consent.grants <= before or self.own_input_at is not None
            result = None
        self._forget()
        return result

    def _forget(self) -> None:
        if self.consent.state is State.ENDED:
            self.said_yes.clear()
        if self.consent.state is not State.SUSPENDED:
            self.own_input_at = None
        if self.consent.step is not State.ASK:
            self.proved = False


TestInterleavings = pytest.mark.rule("R12")(Interleavings.TestCase)
TestInterleavings.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
