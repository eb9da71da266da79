"""What a relay can try that has every byte and no key, one thing at a time, and what the two ends do about it.

More of it is in test_session.py (handshakes, ghosts, replays, flipped pictures) and, all at once, in tests/simulation.
"""

import pytest

from agent.host import events as host_events
from agent.viewer import events
from agent.viewer.sync import State as SyncState
from tests.support.session import End, Session
from wire.header import Delivery, Stream, join_frame, split_frame, unpack
from wire.limits import BEACON_LOST_SECONDS
from wire.messages.input import TextEvent


def working() -> tuple[Session, End]:
    """An accepted viewer that sees the screen."""
    session = Session()
    viewer = session.accepted(session.viewer())
    session.advance(2)
    assert session.same(viewer)
    return session, viewer


def without(frame: bytes, stream: Stream) -> list[bytes]:
    """A frame with the messages of one stream taken out."""
    kept = [bytes(message) for message in split_frame(frame) if unpack(message).stream != stream]
    return [join_frame(kept)] if kept else []


def typed(session: Session) -> list[str]:
    """What was applied at the host, in order."""
    return [
        event.text
        for happened in session.host.of(host_events.Input)
        for event in happened.events
        if isinstance(event, TextEvent)
    ]


def say(session: Session, viewer: End, *texts: str) -> None:
    for text in texts:
        assert viewer.core.send([TextEvent(text)], session.now)
        session.settle()


def test_evil_relay_that_drops_input_only_delays_it() -> None:
    session, viewer = working()
    session.tamper = lambda to, frame: without(frame, Stream.INPUT) if to == 1 else [frame]
    say(session, viewer, "a", "b")
    assert typed(session) == []
    session.tamper = lambda _to, frame: [frame]
    session.disconnect(viewer)
    session.connect(viewer)
    session.settle()
    assert typed(session) == ["a", "b"]


def test_evil_relay_that_reorders_input_changes_no_order() -> None:
    session, viewer = working()
    held: list[bytes] = []

    def first_last(to: int, frame: bytes) -> list[bytes]:
        if to != 1 or not any(unpack(message).stream == Stream.INPUT for message in split_frame(frame)):
            return [frame]
        held.append(frame)
        return []

    session.tamper = first_last
    say(session, viewer, "a", "b", "c")
    session.tamper = lambda _to, frame: [frame]
    for frame in reversed(held):
        session.host.events += session.host.core.frame(frame, session.now)
    assert typed(session) == ["a"], "what is ahead of its turn is not taken"
    session.disconnect(viewer)
    session.connect(viewer)
    session.settle()
    assert typed(session) == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("field", "at"), [("stream", 3), ("sender", 5), ("recipient", 7), ("epoch", 11), ("slot", 15), ("seq", 23)]
)
def test_splice_of_a_header_onto_a_sealed_message_opens_nothing(field: str, at: int) -> None:
    """Every field is authenticated: another sender, epoch or number means another key, nonce or additional data."""
    session, viewer = working()
    say(session, viewer, "a")

    def forge(_to: int, frame: bytes) -> list[bytes]:
        messages = []
        for message in map(bytearray, split_frame(frame)):
            if unpack(bytes(message)).stream != Stream.HANDSHAKE:
                message[at] ^= 1
            messages.append(bytes(message))
        return [join_frame(messages)]

    shown, applied = bytes(viewer.core.picture.sync.decoder.pixels), typed(session)
    session.tamper = forge
    session.draw(5)
    viewer.core.send([TextEvent("never")], session.now)
    session.advance(1)
    assert bytes(viewer.core.picture.sync.decoder.pixels) == shown, field
    assert typed(session) == applied, field


def test_splice_of_one_epochs_picture_into_another_shows_nothing() -> None:
    session, viewer = working()
    old: list[bytes] = []
    session.tamper = lambda to, frame: old.append(frame) or [frame] if to == 2 else [frame]  # type: ignore[func-returns-value]
    session.draw(3)
    session.advance(1)
    before = len(old)
    session.disconnect(viewer)
    again = session.viewer(2, resume=viewer.core.resume_secret)
    session.connect(again)
    session.advance(2)
    assert session.same(again), "the reloaded page sees the screen under a new epoch"
    shown = bytes(again.core.picture.sync.decoder.pixels)
    for frame in old[:before]:
        again.events += again.core.frame(frame, session.now)
    assert bytes(again.core.picture.sync.decoder.pixels) == shown
    assert again.core.picture.sync.state is SyncState.SYNC


def test_stale_retained_beacon_is_not_taken_for_news() -> None:
    """A beacon that the relay kept and serves again later does not make an old picture current."""
    session, viewer = working()
    kept: list[bytes] = []

    def keep(to: int, frame: bytes) -> list[bytes]:
        if to == 2:
            kept.extend(bytes(m) for m in split_frame(frame) if unpack(m).stream == Stream.BEACON)
        return [frame]

    session.tamper = keep
    session.advance(3)
    assert kept
    session.tamper = lambda to, frame: [*without(frame, Stream.BEACON), join_frame(kept[:1])] if to == 2 else [frame]
    session.advance(6)
    ages = [event.seconds for event in viewer.of(events.PictureAge)]
    assert ages, "the viewer says that the picture is old"
    assert max(ages) >= 3
    assert not viewer.core.send([TextEvent("x")], session.now), "and nothing is typed into an old picture"


def test_evil_relay_that_freezes_the_picture_is_noticed_and_left() -> None:
    """Beacons come, pictures do not: first the age is shown, then another relay is tried."""
    session, viewer = working()
    session.tamper = lambda to, frame: without(frame, Stream.SCREEN) if to == 2 else [frame]
    for place in range(int(BEACON_LOST_SECONDS) + 8):
        session.draw(place + 1)
        session.advance(1)
    assert max(event.seconds for event in viewer.of(events.PictureAge)) >= 5
    assert viewer.of(events.MoveOn)


def test_evil_relay_that_is_silent_is_left() -> None:
    session, viewer = working()
    session.tamper = lambda to, frame: [] if to == 2 else [frame]
    session.advance(BEACON_LOST_SECONDS + 3)
    assert viewer.of(events.PictureAge)
    assert viewer.of(events.MoveOn)


def test_evil_relay_that_answers_in_a_viewers_place_types_nothing() -> None:
    """Its own bytes under a viewer's sender id: no key of that viewer, so they open nowhere and are counted."""
    session, viewer = working()
    say(session, viewer, "a")
    fields = [unpack(message) for _, frame in session.wire for message in split_frame(frame)]
    number = max(one.epoch for one in fields if one.sender == 2 and one.delivery == Delivery.ORDERED)
    for seq in range(10):
        head = bytes([1, 1]) + int(Stream.INPUT).to_bytes(2, "big") + b"\0\2\0\1" + number.to_bytes(4, "big") + bytes(4)
        message = head + (1_000 + seq).to_bytes(8, "big") + bytes(40)
        session.host.events += session.host.core.frame(join_frame([message]), session.now)
    assert typed(session) == ["a"]
    say(session, viewer, "b")
    assert typed(session) == ["a", "b"]
