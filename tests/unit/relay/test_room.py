"""A room: who meets whom, who gets what, and what the shell is asked to do."""

import json
from typing import Any

import pytest

from relay.actions import Bury, CloseCode, CloseMember, Fact, Tell
from relay.counters import Counters
from relay.limits import CATCHUP_BYTES
from relay.member import Member
from relay.pictures import State
from relay.room import Room
from tests.unit.relay.build import WHOLE, host, raw, viewer
from wire.errors import Malformed, TooLarge
from wire.header import CATCHUP, FIRST, GROUP, RETAIN, Delivery, Stream, join_frame
from wire.limits import BEHIND_INTERVAL_SECONDS, MAX_SLOTS, MAX_TEXT_BYTES, ORDERED_QUEUE_SECONDS

ALL = 1 << 30
CATCH = raw(Delivery.FRAME, Stream.SCREEN, 1, flags=CATCHUP | WHOLE, seq=1)
START = raw(Delivery.FRAME, Stream.SCREEN, 1, flags=GROUP | WHOLE, seq=2)
BEACON = raw(Delivery.LATEST, Stream.BEACON, 1, flags=RETAIN, epoch=1)


class Scene:
    """A room with a host and some viewers, and what each has got."""

    def __init__(self, *viewers: int) -> None:
        self.count = Counters()
        self.room = Room("ses_1", self.count)
        self.host = host()
        self.room.join(self.host, 0.0)
        self.viewers = {sender: viewer(sender) for sender in viewers}
        for member in self.viewers.values():
            self.room.join(member, 0.0)
        self.take_all()

    def take_all(self) -> None:
        for member in self.room.members.values():
            self.room.take(member, ALL, 0.0)
        self.room.ready.clear()

    def send(self, member: Member, *bodies: bytes, now: float = 0.0) -> list[Any]:
        return self.room.receive(member, join_frame(list(bodies)), now)

    def ask(self, member: Member, now: float = 0.0, **text: Any) -> list[Any]:
        return self.room.receive_text(member, json.dumps(text).encode(), now)

    def texts(self, member: Member, now: float = 0.0) -> list[dict[str, Any]]:
        return [json.loads(text) for text in self.room.take(member, ALL, now).texts]

    def got(self, member: Member, now: float = 0.0) -> list[bytes]:
        return [framed[4:] for framed in self.room.take(member, ALL, now).messages]


def state_of(member: Member) -> State:
    """The state as a function, so that mypy does not take it for unchanged after a call."""
    return member.outbox.pictures.state


def test_viewers_hear_only_of_the_host() -> None:
    scene = Scene(2)
    late = viewer(3)
    scene.room.join(late, 1.0)
    [welcome] = scene.texts(late)
    assert welcome["present"] == [{"sender": 1, "role": "host", "side": "customer"}]
    assert scene.texts(scene.viewers[2]) == []
    assert scene.texts(scene.host) == [{"type": "joined", "sender": 3, "role": "viewer", "side": "operator"}]
    scene.room.leave(late, 2.0)
    assert scene.texts(scene.viewers[2]) == []
    assert scene.texts(scene.host) == [{"type": "left", "sender": 3}]


def test_a_host_hears_of_all_viewers() -> None:
    scene = Scene(2, 3)
    scene.room.leave(scene.host, 1.0)
    again = host()
    scene.room.join(again, 2.0)
    [welcome] = scene.texts(again)
    assert [entry["sender"] for entry in welcome["present"]] == [2, 3]
    assert [text["type"] for text in scene.texts(scene.viewers[2])] == ["left", "joined"]


def test_messages_reach_whom_they_name() -> None:
    scene = Scene(2, 3)
    to_two = raw(Delivery.ORDERED, Stream.CHAT, 1, 2)
    scene.send(scene.host, to_two, BEACON)
    assert scene.got(scene.viewers[2]) == [to_two, BEACON]
    assert scene.got(scene.viewers[3]) == [BEACON]


def test_what_several_viewers_get_is_one_object() -> None:
    scene = Scene(2, 3)
    scene.send(scene.host, BEACON)
    [one] = scene.room.take(scene.viewers[2], ALL, 0.0).messages
    [other] = scene.room.take(scene.viewers[3], ALL, 0.0).messages
    assert one is other


def test_evil_viewer_writes_to_nobody_but_the_host() -> None:
    scene = Scene(2, 3)
    scene.send(scene.viewers[2], raw(Delivery.ORDERED, Stream.CHAT, 2, 3), raw(Delivery.LATEST, Stream.FEEDBACK, 2, 0))
    scene.send(scene.viewers[2], raw(Delivery.FRAME, Stream.SCREEN, 2, 0, flags=GROUP | WHOLE))
    assert scene.got(scene.viewers[3]) == scene.got(scene.host) == []
    assert scene.count.dropped == {"recipient": 2, "stream": 1}


def test_lying_sender_id_is_dropped_and_counted() -> None:
    scene = Scene(2, 3)
    scene.send(scene.viewers[2], raw(Delivery.ORDERED, Stream.INPUT, 3, 1))
    assert scene.got(scene.host) == []
    assert scene.count.dropped == {"sender": 1}


def test_a_message_for_somebody_absent_is_counted() -> None:
    scene = Scene(2)
    scene.send(scene.host, raw(Delivery.ORDERED, Stream.CHAT, 1, 9))
    assert scene.count.dropped == {"absent": 1}


def test_pictures_start_with_admit_and_a_catchup() -> None:
    scene = Scene(2)
    scene.send(scene.host, CATCH, START)
    assert scene.got(scene.viewers[2]) == []
    [told] = scene.ask(scene.host, type="admit", sender=2)
    assert told == Tell(Fact.ADMITTED, "ses_1", 2)
    scene.send(scene.host, CATCH, START)
    assert scene.got(scene.viewers[2]) == [CATCH, START]
    assert scene.ask(scene.host, type="admit", sender=2) == [], "told once per connection"


def test_admit_of_nobody_is_ignored() -> None:
    scene = Scene(2)
    assert scene.ask(scene.host, type="admit", sender=9) == []
    assert scene.ask(scene.host, type="admit", sender=1) == []
    assert scene.room.active_since is None


def test_a_cut_viewer_is_told_to_the_host_when_drained_and_not_more_often_than_allowed() -> None:
    scene = Scene(2, 3)
    for sender in (2, 3):
        scene.ask(scene.host, type="admit", sender=sender)
    scene.send(scene.host, CATCH, START)
    scene.take_all()
    live = raw(Delivery.FRAME, Stream.SCREEN, 1, size=60_000, flags=WHOLE)
    for _ in range(6):
        scene.send(scene.host, live, now=10.0)
        scene.got(scene.viewers[3], 10.0)
    assert state_of(scene.viewers[2]) == State.CUT
    assert state_of(scene.viewers[3]) == State.LIVE
    assert scene.count.cuts == 1
    scene.room.tick(10.1)
    assert scene.texts(scene.host) == [{"type": "behind", "sender": 2}]
    scene.send(scene.host, CATCH, START, now=11.0)
    scene.got(scene.viewers[2], 11.0)
    for _ in range(6):
        scene.send(scene.host, live, now=11.0)
        scene.got(scene.viewers[3], 11.0)
    scene.room.tick(12.0)
    assert scene.texts(scene.host) == []
    scene.room.tick(10.1 + BEHIND_INTERVAL_SECONDS)
    assert scene.texts(scene.host) == [{"type": "behind", "sender": 2}]


def test_live_parts_that_wait_are_cut_by_time_alone() -> None:
    scene = Scene(2)
    scene.ask(scene.host, type="admit", sender=2)
    scene.send(scene.host, CATCH, START)
    scene.take_all()
    scene.send(scene.host, raw(Delivery.FRAME, Stream.SCREEN, 1, flags=WHOLE), now=1.0)
    scene.room.tick(2.0)
    assert state_of(scene.viewers[2]) == State.LIVE
    scene.room.tick(2.6)
    assert state_of(scene.viewers[2]) == State.CUT
    assert (scene.count.cuts, scene.count.shed) == (1, 1)


def test_a_new_host_connection_cuts_everybody() -> None:
    scene = Scene(2)
    scene.ask(scene.host, type="admit", sender=2)
    scene.send(scene.host, CATCH, START)
    again = host()
    actions = scene.room.join(again, 1.0)
    assert CloseMember(scene.host, CloseCode.REPLACED) in actions
    assert state_of(scene.viewers[2]) == State.CUT
    assert scene.got(scene.viewers[2]) == []
    assert scene.room.leave(scene.host, 2.0) == [], "the old connection's end means nothing any more"
    assert scene.room.host is again


def test_a_second_connection_replaces_the_first_with_joined_and_without_left() -> None:
    scene = Scene(2)
    again = viewer(2)
    actions = scene.room.join(again, 1.0)
    assert CloseMember(scene.viewers[2], CloseCode.REPLACED) in actions
    assert [text["type"] for text in scene.texts(scene.host)] == ["joined"]
    assert state_of(again) == State.NEW
    scene.room.leave(scene.viewers[2], 2.0)
    assert scene.texts(scene.host) == []
    assert scene.room.members[2] is again


def test_kick_removes_and_buries() -> None:
    scene = Scene(2, 3)
    actions = scene.ask(scene.host, type="kick", sender=2)
    assert Bury("ses_1", 2, "customer", "kicked") in actions
    assert CloseMember(scene.viewers[2], CloseCode.KICKED) in actions
    assert 2 not in scene.room.members
    assert scene.texts(scene.host) == [{"type": "left", "sender": 2}]
    assert scene.ask(scene.host, type="kick", sender=1) == []


def test_kick_of_somebody_who_has_just_left_keeps_it_out() -> None:
    scene = Scene(2)
    scene.room.leave(scene.viewers[2], 1.0)
    assert scene.ask(scene.host, type="kick", sender=2) == [Bury("ses_1", 2, "customer", "kicked")]


def test_evil_kicks_of_people_who_never_were_here_fill_no_memory() -> None:
    scene = Scene(2)
    assert scene.ask(scene.host, type="kick", sender=9) == []


def test_end_by_the_host_closes_everybody_with_the_reason() -> None:
    scene = Scene(2)
    actions = scene.ask(scene.host, type="end", reason="lost")
    assert actions[0] == Tell(Fact.ENDED, "ses_1", by="customer", reason="lost")
    assert Bury("ses_1", None, "customer", "lost") in actions
    assert {action.member for action in actions if isinstance(action, CloseMember)} == {scene.host, scene.viewers[2]}
    assert [action.sender for action in actions if isinstance(action, Tell) and action.fact is Fact.LEFT] == [1, 2]
    for member in (scene.host, scene.viewers[2]):
        assert [json.loads(text) for text in member.outbox.take_texts()] == [
            {"type": "ended", "by": "customer", "reason": "lost"}
        ]
    assert not scene.room.members


def test_viewers_and_unknown_texts_are_counted_and_dropped() -> None:
    scene = Scene(2)
    assert scene.ask(scene.viewers[2], type="end", reason="mine") == []
    assert scene.ask(scene.viewers[2], type="admit", sender=2) == []
    assert scene.ask(scene.host, type="dance") == []
    assert scene.count.dropped == {"text": 3}
    assert set(scene.room.members) == {1, 2}


@pytest.mark.rule("R06")
@pytest.mark.parametrize(
    "text",
    [b"", b"[]", b"{}", b'{"type":1}', b"\xff", b"[" * 10_000, b'{"type":"admit"}', b'{"type":"kick","sender":true}'],
)
def test_malformed_texts_close(text: bytes) -> None:
    scene = Scene(2)
    with pytest.raises(Malformed):
        scene.room.receive_text(scene.host, text, 0.0)


@pytest.mark.rule("R06")
def test_evil_text_size_is_refused() -> None:
    scene = Scene()
    with pytest.raises(TooLarge):
        scene.room.receive_text(scene.host, b" " * (MAX_TEXT_BYTES + 1), 0.0)


@pytest.mark.rule("R06")
@pytest.mark.parametrize(
    "frame", [b"", b"\0", b"\0\0\0\1x", (24).to_bytes(4, "big") + bytes(24), (25).to_bytes(4, "big") + bytes(24)]
)
def test_malformed_frames_close(frame: bytes) -> None:
    scene = Scene(2)
    with pytest.raises(Malformed):
        scene.room.receive(scene.host, frame, 0.0)


@pytest.mark.rule("R06")
def test_evil_length_is_refused_before_anything_is_allocated() -> None:
    scene = Scene(2)
    with pytest.raises(TooLarge):
        scene.room.receive(scene.host, b"\xff\xff\xff\xff" + bytes(24), 0.0)


def test_slots_are_bounded_per_sender_and_stream() -> None:
    scene = Scene(2)
    for slot in range(MAX_SLOTS + 5):
        scene.send(scene.host, raw(Delivery.LATEST, Stream.CURSOR, 1, slot=slot * 1000))
    assert len(scene.got(scene.viewers[2])) == MAX_SLOTS
    assert scene.count.dropped == {"slots": 5}
    scene.send(scene.host, raw(Delivery.LATEST, Stream.CURSOR, 1, slot=0))
    scene.send(scene.host, raw(Delivery.LATEST, Stream.BEACON, 1))
    assert len(scene.got(scene.viewers[2])) == 2


def test_a_new_epoch_drops_older_latest_and_never_falls() -> None:
    scene = Scene(2)
    old = raw(Delivery.LATEST, Stream.CURSOR, 1, epoch=3)
    new = raw(Delivery.LATEST, Stream.BEACON, 1, epoch=4)
    scene.send(scene.host, old, new, old)
    assert scene.got(scene.viewers[2]) == [new]
    assert scene.room.epoch == 4
    assert scene.count.dropped == {"stale": 1}


def test_the_epoch_is_taken_from_messages_for_all_only() -> None:
    scene = Scene(2)
    scene.send(scene.host, raw(Delivery.ORDERED, Stream.CHAT, 1, 2, epoch=99))
    scene.send(scene.viewers[2], raw(Delivery.LATEST, Stream.FEEDBACK, 2, 1, epoch=77))
    assert scene.room.epoch == 0


def test_a_new_epoch_keeps_pictures_queued_for_a_viewer_in_step() -> None:
    scene = Scene(2)
    scene.ask(scene.host, type="admit", sender=2)
    scene.send(scene.host, CATCH, START)
    next_group = raw(Delivery.FRAME, Stream.SCREEN, 1, flags=GROUP | WHOLE, epoch=5)
    scene.send(scene.host, next_group)
    assert scene.got(scene.viewers[2]) == [CATCH, START, next_group]


def test_retained_goes_to_who_comes_back_unless_its_epoch_is_over() -> None:
    scene = Scene(2)
    newer = raw(Delivery.LATEST, Stream.BEACON, 1, flags=RETAIN, epoch=1, seq=9)
    private = raw(Delivery.LATEST, Stream.FEEDBACK, 1, 3, flags=RETAIN)
    scene.send(scene.host, BEACON, newer, private)
    late = viewer(3)
    scene.room.join(late, 1.0)
    assert scene.got(late) == [newer, private]
    scene.send(scene.host, raw(Delivery.LATEST, Stream.CURSOR, 1, epoch=2))
    later = viewer(4)
    scene.room.join(later, 2.0)
    assert scene.got(later) == []


def test_a_participant_that_takes_nothing_is_closed_as_slow() -> None:
    scene = Scene(2)
    actions: list[Any] = []
    while not actions:
        actions = scene.send(scene.host, raw(Delivery.ORDERED, Stream.FILE, 1, 2, size=60_000))
    assert CloseMember(scene.viewers[2], CloseCode.SLOW) in actions
    assert 2 not in scene.room.members


def test_ordered_that_waits_too_long_closes_as_slow() -> None:
    scene = Scene(2)
    scene.send(scene.viewers[2], raw(Delivery.ORDERED, Stream.INPUT, 2, 1), now=1.0)
    assert scene.room.tick(1.0 + ORDERED_QUEUE_SECONDS) == []
    actions = scene.room.tick(1.1 + ORDERED_QUEUE_SECONDS)
    assert CloseMember(scene.host, CloseCode.SLOW) in actions
    assert scene.room.host is None


def test_an_endless_catchup_is_the_hosts_fault() -> None:
    scene = Scene(2)
    scene.ask(scene.host, type="admit", sender=2)
    scene.send(scene.host, raw(Delivery.FRAME, Stream.SCREEN, 1, flags=CATCHUP | FIRST))
    part = raw(Delivery.FRAME, Stream.SCREEN, 1, flags=CATCHUP, size=60_000)
    for _ in range(CATCHUP_BYTES // (len(part) + 4)):
        scene.send(scene.host, part)
    with pytest.raises(TooLarge):
        scene.send(scene.host, part)


def test_bytes_are_accounted_as_differences() -> None:
    scene = Scene(2)
    scene.room.take(scene.viewers[2], ALL, 0.0)
    scene.send(scene.host, BEACON)
    scene.got(scene.viewers[2])
    size = len(BEACON) + 4
    assert scene.host.usage(2.0) == Tell(Fact.USAGE, "ses_1", 1, bytes_in=size, bytes_out=0, seconds=2.0)
    assert scene.viewers[2].usage(5.0) == Tell(Fact.USAGE, "ses_1", 2, bytes_in=0, bytes_out=size, seconds=5.0)
    assert scene.host.usage(3.0) == Tell(Fact.USAGE, "ses_1", 1, bytes_in=0, bytes_out=0, seconds=1.0)


def test_drain_is_told_to_all() -> None:
    scene = Scene(2)
    scene.room.drain()
    assert scene.texts(scene.host) == scene.texts(scene.viewers[2]) == [{"type": "drain"}]


def test_nothing_is_watched_once_everything_is_sent() -> None:
    scene = Scene(2)
    scene.send(scene.host, BEACON)
    assert scene.room.watched == scene.room.ready == {scene.viewers[2]}
    scene.take_all()
    assert scene.room.watched == set()


def test_the_api_sends_somebody_out_who_is_there_or_not() -> None:
    scene = Scene(2, 3)
    actions = scene.room.send_out(2, "operator", 5.0)
    assert actions[0] == Bury("ses_1", 2, "operator", "kicked")
    assert CloseMember(scene.viewers[2], CloseCode.KICKED) in actions
    assert scene.texts(scene.host) == [{"type": "left", "sender": 2}]
    assert scene.room.send_out(9, "operator", 5.0) == [Bury("ses_1", 9, "operator", "kicked")]
    assert set(scene.room.members) == {1, 3}


def test_a_host_says_that_it_pauses_and_a_viewer_cannot() -> None:
    scene = Scene(2)
    assert scene.room.receive_text(scene.host, b'{"type":"paused"}', 1.0) == [Tell(Fact.PAUSED, "ses_1", 1)]
    assert scene.room.receive_text(scene.host, b'{"type":"resumed"}', 1.0) == [Tell(Fact.RESUMED, "ses_1", 1)]
    assert scene.room.receive_text(scene.viewers[2], b'{"type":"paused"}', 1.0) == []
