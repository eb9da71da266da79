"""Host, viewer and room together, in memory: verification, consent, pictures, input, resume, endings."""

import pytest

from agent.host import events as host_events
from agent.host.consent import State, Verdict
from agent.viewer import events
from agent.viewer.sync import State as Sync
from tests.support.session import HEIGHT, WIDTH, Session
from wire.errors import Malformed
from wire.header import EVERYONE, Stream, split_frame, unpack
from wire.messages.input import KeyEvent, ReleaseAll, TextEvent

LINK = bytes(range(16))


def test_digits_then_yes_then_pictures() -> None:
    session = Session()
    viewer = session.accepted(session.viewer())
    assert viewer.of(events.Accepted)[0].grants == {"view", "control"}
    assert session.same(viewer)
    for place in (5, 700, WIDTH * HEIGHT - 1):
        session.draw(place)
        session.show()
        assert session.same(viewer)
    assert viewer.core.sync.state is Sync.SYNC


def test_a_link_needs_no_digits() -> None:
    session = Session(link=LINK)
    viewer = session.viewer(link=LINK)
    session.accepted(viewer)
    assert viewer.of(events.Digits)[0].digits is None
    assert session.same(viewer)


def test_evil_relay_with_another_link_secret_gets_nowhere() -> None:
    session = Session(link=LINK)
    viewer = session.viewer(link=bytes(16))
    session.connect(session.host)
    session.connect(viewer)
    for _ in range(200):  # ends that never agree start over and over
        session.carry()
    assert session.consent.state not in {State.ASK, State.APPROVED}
    assert not viewer.of(events.Digits)


@pytest.mark.rule("R17")
def test_wrong_digits_mean_new_keys_and_the_third_ends_it() -> None:
    session = Session()
    viewer = session.viewer()
    session.connect(session.host)
    session.connect(viewer)
    session.settle()
    shown = set()
    for attempt in range(3):
        right = session.digits_of(viewer)
        shown.add(right)
        wrong = f"{(int(right) + 1) % 1_000_000:06d}"
        assert session.type_digits(wrong) is (Verdict.WRONG if attempt < 2 else Verdict.FAILED)
    assert len(shown) == 3
    ended = viewer.of(events.Ended)
    assert [(e.by, e.reason) for e in ended] == [("system", "verification_failed")]
    assert session.captures == 0


@pytest.mark.rule("R12")
def test_nothing_is_captured_or_sent_before_yes_and_nothing_after_the_end() -> None:
    session = Session()
    viewer = session.viewer()
    session.connect(session.host)
    session.connect(viewer)
    session.settle()
    session.advance(2)
    assert session.type_digits(session.digits_of(viewer)) is Verdict.RIGHT
    session.advance(2)
    assert session.captures == 0
    assert not any(
        Stream(unpack(m).stream) in {Stream.SCREEN, Stream.BEACON} for _, f in session.wire for m in split_frame(f)
    )
    with pytest.raises(Malformed, match="no consent"):
        session.host.core.picture(None, session.now)
    session.answer(True)
    assert session.captures > 0
    session.host.events += session.host.core.end("customer", "ended")
    session.settle()
    captures = session.captures
    session.draw(3)
    session.advance(2)
    assert session.captures == captures
    assert viewer.of(events.Ended) == [events.Ended("customer", "ended")]


@pytest.mark.rule("R12")
def test_input_before_consent_and_in_view_mode_is_ignored_counted_and_told() -> None:
    session = Session("view")
    viewer = session.accepted(session.viewer())
    for _ in range(4):
        assert viewer.core.send([KeyEvent(True, 0x61)], session.now)
        viewer.core.point(3, 4)
        session.settle()
    assert not session.host.of(host_events.Input)
    assert not session.host.of(host_events.Pointer)
    assert [event.count for event in viewer.of(events.InputIgnored)] == [1, 2, 4, 8]


def test_input_arrives_in_order_and_a_stale_pointer_does_not() -> None:
    session = Session()
    viewer = session.accepted(session.viewer())
    viewer.core.send([KeyEvent(True, 0x61), KeyEvent(False, 0x61)], session.now)
    viewer.core.send([TextEvent("日本")], session.now)
    viewer.core.point(7, 8)
    session.settle()
    got = [each for event in session.host.of(host_events.Input) for each in event.events]
    assert got == [KeyEvent(True, 0x61), KeyEvent(False, 0x61), TextEvent("日本")]
    assert session.host.of(host_events.Pointer)[-1].move.after == 2


def test_pause_stops_pictures_and_input_and_says_so() -> None:
    session = Session()
    viewer = session.accepted(session.viewer())
    session.host.core.pause(True, session.now)
    session.settle()
    captures = session.captures
    session.draw(1)
    session.advance(2)
    assert session.captures == captures
    assert viewer.of(events.Paused)[-1].paused
    viewer.core.send([KeyEvent(True, 0x61)], session.now)
    session.settle()
    assert not session.host.of(host_events.Input)
    session.host.core.pause(False, session.now)
    session.advance(1)
    assert session.same(viewer)


def keys(session: Session) -> list[object]:
    """The keys that were applied."""
    return [e for i in session.host.of(host_events.Input) for e in i.events if isinstance(e, KeyEvent)]


def test_a_lost_connection_is_resumed_with_the_same_keys() -> None:
    session = Session()
    viewer = session.accepted(session.viewer())
    for lost in (viewer, session.host, viewer):
        viewer.core.send([KeyEvent(True, 0x62)], session.now)
        session.disconnect(lost)
        session.draw(9)
        session.advance(3)
        session.connect(lost)
        session.settle()
        session.advance(6)
        assert session.same(viewer)
    assert len(viewer.of(events.Digits)) == 1
    assert keys(session) == [KeyEvent(True, 0x62)] * 3, "nothing lost, nothing twice"
    assert ReleaseAll() in [each for event in session.host.of(host_events.Input) for each in event.events]


def test_a_reloaded_page_resumes_by_its_secret_without_asking() -> None:
    session = Session()
    viewer = session.accepted(session.viewer())
    for _ in range(3):
        secret = viewer.core.resume_secret
        session.disconnect(viewer)
        viewer = session.viewer(resume=secret)
        session.connect(viewer)
        session.settle()
        session.advance(1)
        assert session.same(viewer)
        assert not viewer.of(events.Digits)
    assert len(session.host.of(host_events.ConsentNeeded)) == 1


def test_an_unknown_resume_secret_means_verifying_again() -> None:
    session = Session()
    session.accepted(session.viewer())
    session.disconnect(session.viewers[2])
    thief = session.viewer(resume=b"x" * 32)
    session.connect(thief)
    session.settle()
    assert thief.of(events.Digits), "as if new"
    assert session.consent.state is State.DIGITS
    session.advance(3)
    assert not thief.core.sync.decoder.pixels


@pytest.mark.rule("R16")
def test_a_second_viewer_waits_while_one_is_verified() -> None:
    session = Session()
    first, second = session.viewer(2), session.viewer(3)
    for end in (session.host, first, second):
        session.connect(end)
        session.settle()
    assert first.of(events.Digits)
    assert second.of(events.Waiting)
    assert not second.of(events.Digits)


@pytest.mark.rule("R22")
def test_ghost_viewer_that_was_let_in_by_the_relay_reads_nothing() -> None:
    """A viewer without its own approval has no key, even when the relay gives it everything."""
    session = Session()
    session.accepted(session.viewer(2))
    ghost = session.viewer(3)
    session.connect(ghost)
    session.settle()
    assert ghost.member is not None
    ghost.member.admitted = True
    for _, frame in session.wire:
        ghost.events += ghost.core.frame(frame, session.now)
    assert ghost.core.sync.picture == 0
    assert "Accepted" not in ghost.kinds()


@pytest.mark.rule("R22")
def test_a_goodbye_changes_the_keys() -> None:
    session = Session()
    viewer = session.accepted(session.viewer())
    openers = dict(viewer.core._openers)
    viewer.core.leave()
    session.settle()
    assert session.consent.state is State.WAITING
    session.draw(2)
    session.advance(2)
    assert not session.host.core.wants_picture(session.now)
    epochs = {unpack(m).epoch for _, f in session.wire for m in split_frame(f) if unpack(m).recipient == EVERYONE}
    assert epochs == set(openers), "nothing was sealed for viewers after the goodbye"


def test_evil_relay_that_flips_any_bit_of_a_picture_shows_nothing_wrong() -> None:
    session = Session()
    viewer = session.accepted(session.viewer())
    before = bytes(viewer.core.sync.decoder.pixels)

    def flip(to: int, frame: bytes) -> list[bytes]:
        changed = bytearray(frame)
        changed[-20] ^= 1
        return [bytes(changed)] if to == 2 else [frame]

    session.tamper = flip
    session.draw(4)
    session.show()
    assert bytes(viewer.core.sync.decoder.pixels) == before


def test_replay_of_every_frame_changes_nothing() -> None:
    session = Session()
    viewer = session.accepted(session.viewer())
    session.tamper = lambda _to, frame: [frame, frame, frame]
    viewer.core.send([KeyEvent(True, 0x61)], session.now)
    session.draw(11)
    session.advance(2)
    assert session.same(viewer)
    assert len([e for i in session.host.of(host_events.Input) for e in i.events]) == 1


def test_stale_frames_served_later_are_dropped() -> None:
    session = Session()
    viewer = session.accepted(session.viewer())
    old = [frame for sender, frame in session.wire if sender == 1]
    session.draw(12)
    session.advance(1)
    for frame in old:
        viewer.events += viewer.core.frame(frame, session.now)
    assert session.same(viewer)


def test_lying_server_that_tells_the_viewer_another_statement_is_found_out() -> None:
    session = Session()
    viewer = session.viewer(statement=b"another statement, 32 bytes long")
    session.connect(session.host)
    session.connect(viewer)
    session.settle()
    assert "shown something else" in viewer.of(events.Retry)[-1].problem
    assert session.consent.state is State.WAITING


def test_the_host_gives_up_after_fifteen_minutes_alone() -> None:
    session = Session()
    viewer = session.accepted(session.viewer())
    session.disconnect(viewer)
    session.advance(890, 5)
    assert session.host.core.ended is None
    session.advance(20, 5)
    assert [(event.by, event.reason) for event in session.host.of(host_events.Ended)] == [("system", "lost")]


def test_silence_is_a_refusal() -> None:
    session = Session()
    viewer = session.viewer()
    session.connect(session.host)
    session.connect(viewer)
    session.settle()
    session.type_digits(session.digits_of(viewer))
    session.advance(125, 1)
    assert [(e.by, e.reason) for e in viewer.of(events.Ended)] == [("system", "refused")]
    assert session.captures == 0
