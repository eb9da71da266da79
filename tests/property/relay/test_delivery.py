"""Whatever a host, its viewers, their connections and the clock do, these hold (PROTOCOL rules 2 and 3).

* A viewer never receives from another viewer, and nothing that is not addressed to it.
* ORDERED arrives in order, each message once, as long as the connection lives.
* LATEST converges: once a queue is drained, the last message of a slot that a viewer got is the newest sent.
* A catch-up that was begun is delivered whole, unless the host itself broke it off, and before any live part after it.
* The live stream begins with the first group after a catch-up, never in any other way, and has no gaps until a cut.
* What waits for a participant is bounded.
"""

import json
from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from relay.actions import Action, CloseMember
from relay.counters import Counters
from relay.limits import LATEST_BYTES
from relay.member import Member
from relay.room import Room
from tests.property.relay.watcher import Sent, Watcher
from tests.unit.relay.build import host, raw, viewer
from wire.header import CATCHUP, FIRST, GROUP, LAST, Delivery, Stream, join_frame, unpack
from wire.limits import LIVE_QUEUE_BYTES, MAX_MESSAGE_BYTES, ORDERED_QUEUE_BYTES

VIEWERS = (2, 3, 4)
ALL = 1 << 30
WHOLE = FIRST | LAST
SENDERS = st.sampled_from(VIEWERS)
SIZES = st.sampled_from([100, 60_000])
MOST_PARTS = 4


@dataclass
class Seen:
    """What one connection of a viewer has received."""

    member: Member
    pictures: Watcher
    ordered: list[int] = field(default_factory=list)
    latest: dict[int, int] = field(default_factory=dict)


class Delivered(RuleBasedStateMachine):
    """A room with a host and up to three viewers, drained at will."""

    @initialize(viewers=st.integers(1, 3))
    def open(self, viewers: int) -> None:
        self.now = 0.0
        self.seq = 0
        self.room = Room("ses_1", Counters())
        self.host = host()
        self.room.join(self.host, self.now)
        self.seen: dict[int, Seen] = {}
        self.sent: dict[int, list[int]] = {sender: [] for sender in VIEWERS}
        self.newest: dict[int, int] = {}
        self.screen = Sent()
        self.open_catchup: tuple[int, int] | None = None
        """Number of the first part and parts sent, of one whose last part is still to come."""
        for sender in VIEWERS[:viewers]:
            self.connect(sender)
            self.admit(sender)

    # People and time

    @rule(sender=SENDERS)
    def connect(self, sender: int) -> None:
        member = viewer(sender)
        self.room.join(member, self.now)
        self.seen[sender] = Seen(member, Watcher(self.screen))
        self.sent[sender] = []

    @precondition(lambda self: len(self.seen) > 1)
    @rule(data=st.data())
    def disconnect(self, data: st.DataObject) -> None:
        sender = data.draw(st.sampled_from(sorted(self.seen)))
        self.room.leave(self.seen.pop(sender).member, self.now)

    @rule()
    def host_reconnects(self) -> None:
        self.host = host()
        self.room.join(self.host, self.now)
        self.open_catchup = None
        for seen in self.seen.values():
            seen.pictures.start_over()

    @rule(sender=SENDERS)
    def admit(self, sender: int) -> None:
        self.room.receive_text(self.host, json.dumps({"type": "admit", "sender": sender}).encode(), self.now)
        if sender in self.seen:
            self.seen[sender].pictures.start_over()

    @rule(seconds=st.sampled_from([0.1, 1.0, 2.0, 6.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        self._carry_out(self.room.tick(self.now))

    # What the host sends

    @rule(sender=SENDERS)
    def ordered(self, sender: int) -> None:
        number = self._send(Delivery.ORDERED, Stream.FILE, sender, size=30_000)
        if sender in self.seen:
            self.sent[sender].append(number)

    @rule(slot=st.integers(0, 3))
    def latest(self, slot: int) -> None:
        self.newest[slot] = self._send(Delivery.LATEST, Stream.CURSOR, slot=slot, size=500)

    @rule(size=SIZES, whole=st.booleans())
    def catchup_begins(self, size: int, whole: bool) -> None:
        """One that was open before is thereby broken off for ever."""
        number = self._send(Delivery.FRAME, Stream.SCREEN, flags=CATCHUP | FIRST | (LAST if whole else 0), size=size)
        self.screen.catchups[number] = int(whole)
        self.open_catchup = None if whole else (number, 1)

    @precondition(lambda self: self.open_catchup is not None)
    @rule(size=SIZES, last=st.booleans())
    def catchup_goes_on(self, size: int, last: bool) -> None:
        assert self.open_catchup
        first, parts = self.open_catchup
        last = last or parts + 1 == MOST_PARTS
        if last:
            self.screen.catchups[first] = parts + 1
        self.open_catchup = None if last else (first, parts + 1)
        self._send(Delivery.FRAME, Stream.SCREEN, flags=CATCHUP | (LAST if last else 0), size=size, slot=first)

    @rule()
    def group(self) -> None:
        self._live(GROUP | WHOLE, 100)

    @rule(size=SIZES, count=st.integers(1, 6))
    def live(self, size: int, count: int) -> None:
        for _ in range(count):
            self._live(WHOLE, size)

    @rule()
    def all_in_step(self) -> None:
        """What a host does for viewers that need a picture, taken in at once: the state most tests begin with."""
        if self.open_catchup is None:
            self.catchup_begins(100, whole=True)
            self.group()
        for seen in self.seen.values():
            self._take(seen, ALL)

    @precondition(lambda self: self.seen)
    @rule(data=st.data(), stream=st.sampled_from(Stream), recipient=st.sampled_from([0, 1, *VIEWERS]))
    def evil_viewer(self, data: st.DataObject, stream: Stream, recipient: int) -> None:
        sender = data.draw(st.sampled_from(sorted(self.seen)))
        delivery = data.draw(st.sampled_from(Delivery))
        body = raw(delivery, stream, data.draw(st.sampled_from([sender, 1])), recipient, flags=GROUP | CATCHUP | WHOLE)
        self.room.receive(self.seen[sender].member, join_frame([body]), self.now)

    # What they take

    @precondition(lambda self: self.seen)
    @rule(data=st.data(), budget=st.sampled_from([1, 1, 50_000, ALL]))
    def take(self, data: st.DataObject, budget: int) -> None:
        self._take(self.seen[data.draw(st.sampled_from(sorted(self.seen)))], budget)

    @rule()
    def host_takes(self) -> None:
        for framed in self.room.take(self.host, ALL, self.now).messages:
            header = unpack(framed[4:])
            assert header.sender in VIEWERS
            assert header.recipient == self.host.sender

    @invariant()
    def bounded(self) -> None:
        for member in self.room.members.values():
            box = member.outbox
            assert box.ordered_bytes <= ORDERED_QUEUE_BYTES
            assert box.latest_bytes <= LATEST_BYTES
            assert box.pictures.live_bytes <= LIVE_QUEUE_BYTES
            assert box.pictures.catchup_bytes <= MOST_PARTS * MAX_MESSAGE_BYTES

    # How it is checked

    def _live(self, flags: int, size: int) -> None:
        number = self.seq + 1
        self.screen.note_live(number, flags)
        assert self._send(Delivery.FRAME, Stream.SCREEN, flags=flags, size=size) == number

    def _send(
        self, delivery: Delivery, stream: Stream, recipient: int = 0, *, size: int = 10, flags: int = 0, slot: int = 0
    ) -> int:
        self.seq += 1
        body = raw(delivery, stream, 1, recipient, size=size, flags=flags, slot=slot, seq=self.seq)
        self._carry_out(self.room.receive(self.host, join_frame([body]), self.now))
        return self.seq

    def _carry_out(self, actions: list[Action]) -> None:
        for action in actions:
            if isinstance(action, CloseMember):
                sender = action.member.sender
                if self.seen.get(sender) and self.seen[sender].member is action.member:
                    del self.seen[sender]

    def _take(self, seen: Seen, budget: int) -> None:
        seen.pictures.note_cuts(seen.member.outbox.pictures.cuts)
        for framed in self.room.take(seen.member, budget, self.now).messages:
            self._check(seen, framed[4:])
        if not len(seen.member.outbox):
            assert all(self.newest[slot] == number for slot, number in seen.latest.items())

    def _check(self, seen: Seen, body: bytes) -> None:
        header = unpack(body)
        assert header.sender == self.host.sender, "only the host's"
        assert header.recipient in {0, seen.member.sender}
        if header.delivery is Delivery.ORDERED:
            seen.ordered.append(header.seq)
            assert seen.ordered == self.sent[seen.member.sender][: len(seen.ordered)]
        elif header.delivery is Delivery.LATEST:
            assert header.seq > seen.latest.get(header.slot, 0)
            seen.latest[header.slot] = header.seq
        else:
            seen.pictures.check(header)


Delivered.TestCase.settings = settings(max_examples=150, stateful_step_count=60, deadline=None)
TestDelivered = Delivered.TestCase
