"""One viewer's picture queue under every order of what can happen to it, judged by tests/property/relay/watcher.py."""

import copy

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from relay.pictures import PictureQueue, State
from tests.property.relay.watcher import Sent, Watcher
from tests.unit.relay.build import parsed, raw
from wire.header import CATCHUP, FIRST, GROUP, LAST, Delivery, Stream
from wire.limits import LIVE_QUEUE_BYTES

BIG = 60_000
WHOLE = FIRST | LAST


class Pictures(RuleBasedStateMachine):
    """What a host sends, what the connection takes, and the clock."""

    @initialize()
    def open(self) -> None:
        self.now, self.seq = 0.0, 0
        self.queue = PictureQueue()
        self.queue.admit(0.0)
        self.sent = Sent()
        self.watcher = Watcher(self.sent)
        self.open_catchup: tuple[int, int] | None = None

    @rule(whole=st.booleans())
    def catchup_begins(self, whole: bool) -> None:
        number = self.seq + 1
        self.sent.catchups[number] = int(whole)
        self.open_catchup = None if whole else (number, 1)
        self._put(CATCHUP | FIRST | (LAST if whole else 0))

    @precondition(lambda self: self.open_catchup is not None)
    @rule(last=st.booleans())
    def catchup_goes_on(self, last: bool) -> None:
        assert self.open_catchup
        first, parts = self.open_catchup
        if last:
            self.sent.catchups[first] = parts + 1
        self.open_catchup = None if last else (first, parts + 1)
        self._put(CATCHUP | (LAST if last else 0), slot=first)

    @rule()
    def group(self) -> None:
        self._live(GROUP | WHOLE, 10)

    @rule(count=st.sampled_from([1, 5]))
    def live(self, count: int) -> None:
        for _ in range(count):
            self._live(WHOLE, BIG)

    @rule()
    def admitted_again(self) -> None:
        self.queue.admit(self.now)
        self.watcher.start_over()

    @rule(count=st.sampled_from([1, 2, 100]))
    def take(self, count: int) -> None:
        self.watcher.note_cuts(self.queue.cuts)
        for _ in range(count):
            message = self.queue.take(self.now)
            if message is None:
                break
            self.watcher.check(message.header)

    @rule(seconds=st.sampled_from([0.5, 2.0, 6.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        self.queue.check_limits(self.now)

    @rule()
    def asked_whether_behind(self) -> None:
        if self.queue.behind(self.now):
            assert self.queue.state is State.CUT
            assert not len(self.queue)

    @invariant()
    def live_is_bounded(self) -> None:
        assert self.queue.live_bytes <= LIVE_QUEUE_BYTES

    @invariant()
    def a_live_queue_never_waits_for_ever(self) -> None:
        """Whoever takes everything and waits is in step, or is cut and the host is told or sends a catch-up."""
        if self.queue.state is State.LIVE and not self.queue.sendable and len(self.queue):
            later = copy.deepcopy(self.queue)
            later.check_limits(self.now + 10.0)
            assert later.state is State.CUT

    def _live(self, flags: int, size: int) -> None:
        self.sent.note_live(self.seq + 1, flags)
        self._put(flags, size)

    def _put(self, flags: int, size: int = 10, slot: int = 0) -> None:
        self.seq += 1
        body = raw(Delivery.FRAME, Stream.SCREEN, 1, size=size, flags=flags, seq=self.seq, slot=slot)
        self.queue.put(parsed(body, self.now), self.now)


Pictures.TestCase.settings = settings(max_examples=200, stateful_step_count=50, deadline=None)
TestPictures = Pictures.TestCase
