"""Keys and time, in any order of events: whoever is not let in (any more) holds no key to what is sealed from then on (R22).

Every viewer here is greedy: it keeps all keys it ever got, and the relay hands it everything.
"""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from agent.host.consent import State
from tests.support.session import Session
from wire.errors import WireError
from wire.header import EVERYONE, split_frame, unpack
from wire.limits import EPOCH_SECONDS
from wire.seal import Opener

VIEWERS = (2, 3, 4)


class Greedy(list[tuple[int, bytes]]):
    """What the relay is given. Each message for all viewers is tried with every key of those who are not let in."""

    def __init__(self, machine: "Epochs") -> None:
        super().__init__()
        self.machine = machine

    def append(self, item: tuple[int, bytes]) -> None:
        sender, frame = item
        if sender == 1:
            for message in split_frame(frame):
                self.machine.tried(bytes(message))


class Epochs(RuleBasedStateMachine):
    """One host, three viewers (two of them introduced), a clock."""

    session: Session

    @initialize()
    def begin(self) -> None:
        self.session = Session("view")
        self.kept: dict[int, dict[int, Opener]] = {sender: {} for sender in VIEWERS}
        self.numbers: list[int] = []
        self.sealed = 0
        self.session.wire = Greedy(self)
        self.session.connect(self.session.host)
        for sender in VIEWERS:
            self.session.viewer(sender)
        for sender in VIEWERS:
            self.comes(sender)
            self.is_let_in(yes=True)
        assert self.session.consent.accepted == set(VIEWERS)
        self.keys_are_kept()

    def tried(self, message: bytes) -> None:
        fields = unpack(message)
        if fields.recipient != EVERYONE:
            return
        self.sealed += 1
        if not self.numbers or fields.epoch != self.numbers[-1]:
            assert fields.epoch > max(self.numbers, default=0), "an epoch came back"
            self.numbers.append(fields.epoch)
        for sender in set(VIEWERS) - self.session.consent.accepted:
            for opener in self.kept[sender].values():
                try:
                    opener.open(fields, message)
                except WireError:
                    opener.forgeries -= 1  # the viewer's own object: this try is not one of the relay's
                    continue
                raise AssertionError(f"viewer {sender} is not let in and reads epoch {fields.epoch}")

    @rule(sender=st.sampled_from(VIEWERS))
    def comes(self, sender: int) -> None:
        viewer = self.session.viewers[sender]
        if viewer.member is None:
            self.session.now += 2
            self.session.connect(viewer)
            self.session.settle()
            self.session.advance(1)

    @rule(sender=st.sampled_from(VIEWERS))
    def is_lost(self, sender: int) -> None:
        if self.session.viewers[sender].member is not None:
            self.session.disconnect(self.session.viewers[sender])

    @rule(yes=st.integers(0, 4).map(bool))
    @precondition(lambda self: self.session.consent.step in {State.DIGITS, State.ASK})
    def is_let_in(self, yes: bool) -> None:
        consent, viewer = self.session.consent, self.session.consent.pending
        assert viewer is not None
        if consent.step is State.DIGITS:
            self.session.type_digits(consent.digits)
        if yes or consent.accepted:  # a no to the first one would end it all
            self.session.answer(yes)
            self.session.viewers[viewer].core.confirm()

    @rule(sender=st.sampled_from(VIEWERS), by_host=st.booleans())
    def goes(self, sender: int, by_host: bool) -> None:
        """A goodbye, or sent out."""
        core, viewer = self.session.host.core, self.session.viewers[sender]
        if by_host and core._peers.get(sender) is not None:
            self.session.host.events += core.remove(sender, self.session.now)
        else:
            viewer.core.leave()
        self.session.settle()
        if viewer.member is not None or by_host:
            assert sender not in self.session.consent.accepted

    @rule()
    def an_hour_passes(self) -> None:
        self.session.host.core._epochs._since -= EPOCH_SECONDS
        self.session.advance(1)

    @rule(given=st.booleans())
    def view_is_taken_and_given(self, given: bool) -> None:
        if self.session.host.core.ended is None:
            self.session.host.events += self.session.host.core.grant("view", given, self.session.now)
            self.session.settle()

    @rule()
    def the_screen_changes(self) -> None:
        self.session.draw(self.sealed % 500, bytes([self.sealed % 256, 7, 9, 255]))
        self.session.show()
        self.session.advance(1)

    @invariant()
    def keys_are_kept(self) -> None:
        for sender in VIEWERS:
            self.kept[sender].update(self.session.viewers[sender].core.picture.openers)

    @invariant()
    def whoever_is_let_in_and_there_shows_the_screen(self) -> None:
        consent = self.session.consent
        if self.session.host.core.ended is not None or not consent.may_capture:
            return
        self.session.advance(1)
        for sender in consent.accepted:
            viewer = self.session.viewers[sender]
            if viewer.member is not None and viewer.core._welcomed:
                assert self.session.same(viewer), f"viewer {sender} was let in and sees something else"


Epochs.TestCase.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
TestEpochs = pytest.mark.rule("R22")(Epochs.TestCase)
