"""The real host, viewers and room, with everything that people and networks do in any order: nothing leaves and nothing is
applied without a standing yes; what a person takes back is gone with the next message (R12)."""

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from agent.host import events as host_events
from agent.host.consent import CHAT, CONTROL, Consent, Mode, State
from agent.viewer import events
from tests.support.session import End, Session
from wire.header import Stream, split_frame, unpack
from wire.messages.input import KeyEvent, ReleaseAll

CONTENT = {Stream.SCREEN, Stream.AUDIO, Stream.CURSOR}


class Wire(list[tuple[int, bytes]]):
    """What the relay is given; a picture must be allowed at the moment in which it leaves the host."""

    def __init__(self, consent: Consent) -> None:
        super().__init__()
        self.consent = consent

    def append(self, item: tuple[int, bytes]) -> None:
        sender, frame = item
        if sender == 1 and any(unpack(message).stream in CONTENT for message in split_frame(frame)):
            assert self.consent.may_capture, f"a picture left while {self.consent.state}"


class AtAnyMoment(RuleBasedStateMachine):
    """Two operators (the second introduced by the api) and a customer with a hand on everything."""

    session: Session

    @initialize(mode=st.sampled_from(["control", "control", "view"]), accepted=st.sampled_from([True, True, False]))
    def begin(self, mode: Mode, accepted: bool) -> None:
        self.session = Session(mode, features=["chat"])
        self.session.wire = Wire(self.session.consent)
        self.session.connect(self.session.host)
        self.drawn: dict[int, int] = {}
        for sender in (2, 3):
            self.session.viewer(sender)
        self.comes(2)
        if accepted:
            self.types_digits(right=True)
            self.answers(yes=True)
            self.comes(3)

    # ---- networks

    @rule(sender=st.sampled_from([2, 2, 3]))
    def comes(self, sender: int) -> None:
        viewer = self.session.viewers[sender]
        if viewer.member is None:
            self.session.now += 2
            self.session.connect(viewer)
            self.session.settle()

    @rule(sender=st.sampled_from([2, 3]))
    def is_lost(self, sender: int) -> None:
        viewer = self.session.viewers[sender]
        if viewer.member is not None:
            self.session.disconnect(viewer)
            self.session.settle()

    @rule()
    def host_is_lost_and_back(self) -> None:
        if self.core.ended is None:
            self.session.disconnect(self.session.host)
            self.session.connect(self.session.host)
            self.session.settle()

    @rule(seconds=st.sampled_from([0.5, 2.0, 4.5]))
    def time_passes(self, seconds: float) -> None:
        self.session.advance(seconds)

    @rule(sender=st.sampled_from([3, 3, 2]))
    @precondition(lambda self: self.session.now > 1020)
    def leaves(self, sender: int) -> None:
        viewer = self.session.viewers[sender]
        viewer.core.leave()
        self.session.settle()
        if viewer.member is not None:
            assert sender not in self.consent.accepted

    # ---- the customer

    @rule(right=st.integers(0, 5).map(bool))
    @precondition(lambda self: self.consent.step is State.DIGITS)
    def types_digits(self, right: bool) -> None:
        digits = self.consent.digits
        self.session.type_digits(digits if right else f"{(int(digits) + 1) % 1_000_000:06d}")

    @rule(yes=st.integers(0, 4).map(bool))
    @precondition(lambda self: self.consent.step is State.ASK)
    def answers(self, yes: bool) -> None:
        viewer = self.consent.pending
        self.session.answer(yes)
        if yes and viewer is not None:
            self.session.viewers[viewer].core.confirm()

    @rule(choice=st.sampled_from(["pause", "view_only", "chat_only", "go_on", "own_input"]))
    def chooses(self, choice: str) -> None:
        if choice == "go_on" and self.consent.state is State.APPROVED:
            return
        if choice == self.consent.state.name.lower() or (choice == "pause" and self.consent.state is State.PAUSED):
            return
        self._host(getattr(self.core, choice)(self.session.now))

    @rule(grant=st.sampled_from(["view", "control"]), given=st.booleans())
    def gives_and_takes(self, grant: str, given: bool) -> None:
        if self.core.ended is None and grant in self.consent.possible:
            self._host(self.core.grant(grant, given, self.session.now))

    @rule()
    def the_screen_changes(self) -> None:
        captures = self.session.captures
        self.session.draw(7 + captures % 500)
        self.session.show()
        if not self.consent.may_capture:
            assert self.session.captures == captures

    # ---- the operators

    @rule(sender=st.sampled_from([2, 3]))
    def presses_a_key(self, sender: int) -> None:
        before, allowed = self._applied(), self.consent.may_control(sender)
        self.session.viewers[sender].core.send([KeyEvent(True, 0x61)], self.session.now)
        self.session.settle()
        assert allowed or self._applied() == before

    @rule(sender=st.sampled_from([2, 3]))
    def writes(self, sender: int) -> None:
        before = len(self.session.host.of(host_events.Said))
        allowed = CHAT in self.consent.grants_of(sender)
        self.session.viewers[sender].core.say("hello")
        self.session.settle()
        assert allowed or len(self.session.host.of(host_events.Said)) == before

    # ---- what always holds

    @invariant()
    def nobody_sees_more_without_a_yes_of_its_own(self) -> None:
        for sender, viewer in self.session.viewers.items():
            drawn = len(viewer.of(events.Drawn))
            if sender not in self.consent.accepted:
                assert drawn == self.drawn.get(sender, drawn)
            self.drawn[sender] = drawn

    @invariant()
    def viewers_who_are_there_know_how_it_stands(self) -> None:
        for sender in self.consent.accepted:
            viewer = self.session.viewers[sender]
            if viewer.member is not None and self.core.ended is None and viewer.core._welcomed:
                assert viewer.core.grants == self.consent.grants_of(sender)
                assert (viewer.core.holder == "host") == (self.consent.state is State.SUSPENDED)

    @invariant()
    def input_needs_a_mode_that_has_it(self) -> None:
        assert self.consent.mode != "view" or CONTROL not in self.consent.grants

    @property
    def consent(self) -> Consent:
        return self.session.consent

    @property
    def core(self) -> Any:
        return self.session.host.core

    def _applied(self) -> int:
        got = [each for event in self.session.host.of(host_events.Input) for each in event.events]
        return len([each for each in got if not isinstance(each, ReleaseAll)])

    def _host(self, happened: list[Any]) -> None:
        end: End = self.session.host
        end.events += happened
        self.session.settle()


TestAtAnyMoment = pytest.mark.rule("R12")(AtAnyMoment.TestCase)
TestAtAnyMoment.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
