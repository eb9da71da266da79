"""Host, viewer and room together, in memory: verification, consent, pictures, input, resume, endings."""

import pytest

from agent.host import events as host_events
from agent.host.capture import Frame
from agent.host.consent import State, Verdict
from agent.viewer import events
from agent.viewer.sync import State as Sync
from tests.support.session import HEIGHT, STATEMENT, WIDTH, Session, entropy
from wire.errors import Forged, Malformed
from wire.handshake import Parties, ViewerHandshake
from wire.header import EVERYONE, Delivery, Stream, header, join_frame, split_frame, unpack
from wire.limits import MAX_HANDSHAKES
from wire.messages import relay
from wire.messages.handshake import Notice, NoticeKind
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
    assert viewer.core.picture.sync.state is Sync.SYNC


def test_a_link_needs_no_digits() -> None:
    session = Session(link=LINK)
    viewer = session.viewer(link=LINK)
    session.accepted(viewer)
    assert viewer.of(events.Digits)[0].digits is None
    assert session.same(viewer)


def test_evil_relay_with_another_link_secret_still_needs_the_digits() -> None:
    session = Session(link=LINK)
    viewer = session.viewer(link=bytes(16))
    session.connect(session.host)
    session.connect(viewer)
    session.settle()
    assert session.consent.step is State.DIGITS
    assert viewer.of(events.Digits)[-1].digits is not None


def test_a_guest_without_the_links_secret_is_verified_by_digits() -> None:
    """Who comes later, or whoever a waiting session was handed to, never had the link."""
    session = Session(link=LINK)
    operator, guest = session.viewer(link=LINK), session.viewer(3)
    session.accepted(operator)
    session.advance(2.0)
    session.accepted(guest)
    assert guest.of(events.Digits)[-1].digits is not None
    assert session.same(guest)
    assert not guest.of(events.Retry)


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
    session.host.core.pause(session.now)
    session.settle()
    captures = session.captures
    session.draw(1)
    session.advance(2)
    assert session.captures == captures
    assert viewer.of(events.Paused)[-1].paused
    viewer.core.send([KeyEvent(True, 0x61)], session.now)
    session.settle()
    assert not session.host.of(host_events.Input)
    session.host.core.go_on(session.now)
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


@pytest.mark.parametrize("reloaded", [False, True], ids=["the process lives", "the page is reloaded as well"])
def test_a_resume_whose_last_message_was_lost_is_done_again_by_the_secret_before(reloaded: bool) -> None:
    """The viewer has its new secret at M4; the host only at M5, which the relay took with it."""
    session = Session()
    viewer = session.accepted(session.viewer())
    session.disconnect(viewer)
    viewer = session.viewer(resume=viewer.core.resume_secret)
    before = viewer.core.resume_secret

    def proof_is_lost(to: int, frame: bytes) -> list[bytes]:
        return [] if to == 1 and any(message[24] == 5 for message in split_frame(frame)) else [frame]

    session.tamper = proof_is_lost
    session.connect(viewer)
    session.settle()
    assert viewer.core.resume_secret != before
    assert not viewer.of(events.Accepted)
    session.disconnect(viewer)
    session.tamper = lambda _to, frame: [frame]
    if reloaded:
        stored = viewer.core.resume_secrets
        viewer = session.viewer(resume=stored[0], resume_before=stored[1])
    session.connect(viewer)
    session.settle()
    session.advance(1)
    assert session.same(viewer)
    assert not viewer.of(events.Digits)
    assert not viewer.of(events.Unproved)
    assert len(viewer.core.resume_secrets) == 1, "the welcome settles it"


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
    assert not thief.core.picture.sync.decoder.pixels


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
    session.type_digits(session.digits_of(first))
    session.answer(True)
    session.advance(2)
    assert second.of(events.Digits), "whoever waited has their turn without asking again"


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
    assert ghost.core.picture.sync.picture == 0
    assert "Accepted" not in ghost.kinds()


@pytest.mark.rule("R22")
def test_a_goodbye_changes_the_keys() -> None:
    session = Session()
    viewer = session.accepted(session.viewer())
    openers = dict(viewer.core.picture.openers)
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
    before = bytes(viewer.core.picture.sync.decoder.pixels)

    def flip(to: int, frame: bytes) -> list[bytes]:
        changed = bytearray(frame)
        changed[-20] ^= 1
        return [bytes(changed)] if to == 2 else [frame]

    session.tamper = flip
    session.draw(4)
    session.show()
    assert bytes(viewer.core.picture.sync.decoder.pixels) == before


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
    assert viewer.of(events.Impossible)[-1].why == "statement-differs"
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


# ---- what a relay in between may try


def clear(sender: int, recipient: int, message: object) -> bytes:
    """A clear handshake frame, as a relay can forge it."""
    fields = header(Delivery.ORDERED, Stream.HANDSHAKE, sender, recipient)
    return join_frame([fields.pack() + message.encode()])  # type: ignore[attr-defined]


@pytest.mark.rule("R16")
def test_ghost_viewer_cannot_use_the_digits_of_another() -> None:
    """The operator's last message is withheld past the limit, a ghost's handshake begins, then it is let through."""
    session = Session()
    operator, ghost = session.viewer(2), session.viewer(3)
    session.connect(session.host)
    session.connect(operator)
    while not operator.of(events.Digits):
        assert session.carry()
    withheld = operator.outbox.next()
    assert isinstance(withheld, bytes)
    session.now += 120.1
    session.connect(ghost)
    for _ in range(6):
        session.carry()
    session.host.events += session.host.core.frame(withheld, session.now)
    session.settle()
    verdict, happened = session.host.core.digits(session.digits_of(operator), session.now)
    session.host.events += happened
    assert verdict is not Verdict.RIGHT
    session.answer(True)
    assert "Accepted" not in ghost.kinds()
    assert session.captures == 0


@pytest.mark.rule("R16")
def test_evil_relay_cannot_search_for_matching_digits() -> None:
    session = Session()
    session.connect(session.host)
    session.host.events += session.host.core.text(relay.joined(2, "viewer", "operator"), session.now)
    answered = 0
    for n in range(2000):
        machine = ViewerHandshake(Parties(STATEMENT, 1, 2), "evil", entropy(f"evil-{n}"))
        session.host.events += session.host.core.frame(clear(2, 1, machine.start()), session.now)
        session.now += 0.1
        while (frame := session.host.outbox.next()) is not None:
            answered += isinstance(frame, bytes) and frame[4 + 24] == 2
        if session.host.core.ended is not None:
            break
    assert answered <= MAX_HANDSHAKES
    ended = session.host.of(host_events.Ended)
    assert [(e.by, e.reason) for e in ended] == [("system", "verification_failed")]


def test_evil_relay_in_the_hosts_place_gets_no_input_before_the_operator_confirms() -> None:
    session = Session()  # this host accepts whatever comes: it stands for the relay
    viewer = session.viewer()
    session.connect(session.host)
    session.connect(viewer)
    session.settle()
    session.type_digits(session.digits_of(viewer))
    session.answer(True)
    assert viewer.of(events.Accepted)
    assert not viewer.core.send([TextEvent("hunter2")], session.now)
    viewer.core.point(1, 1)
    session.settle()
    assert not session.host.of(host_events.Input)
    assert not session.host.of(host_events.Pointer)
    viewer.core.confirm()
    assert viewer.core.send([TextEvent("hello")], session.now)


def test_evil_relay_cannot_take_over_a_running_viewer() -> None:
    """Forged notices in clear lead to a resume, and to nothing without the operator."""
    session = Session()
    viewer = session.accepted(session.viewer())
    session.disconnect(session.host)
    viewer.events.clear()
    again, no_resume = NoticeKind.AGAIN, NoticeKind.NO_RESUME
    viewer.events += viewer.core.text(relay.joined(1, "host", "customer"), session.now)
    viewer.events += viewer.core.frame(clear(1, 2, Notice(again)), session.now)
    attempt = viewer.core._attempt.attempt
    viewer.events += viewer.core.frame(clear(1, 2, Notice(no_resume, attempt)), session.now)
    assert viewer.of(events.Unproved)
    assert not viewer.of(events.Digits)
    viewer.events += viewer.core.frame(clear(1, 2, Notice(again)), session.now)
    session.now += 30
    viewer.events += viewer.core.tick(session.now)
    assert viewer.core._attempt is None, "nothing is tried by itself"
    assert not viewer.core.send([TextEvent("hunter2")], session.now)
    viewer.core.verify_again(session.now)
    assert not viewer.core.picture.sync.decoder.pixels, "the old picture is gone"


def test_stale_input_that_the_relay_held_back_is_not_applied() -> None:
    session = Session()
    viewer = session.accepted(session.viewer())
    session.advance(2)
    viewer.core.send([KeyEvent(True, 0xFF0D)], session.now)
    held = viewer.outbox.next()
    assert isinstance(held, bytes)
    session.advance(11)
    session.host.events += session.host.core.frame(held, session.now)
    assert not keys(session)
    session.advance(2)
    assert viewer.of(events.InputIgnored)
    viewer.core.send([KeyEvent(True, 0x61)], session.now)
    session.settle()
    assert keys(session) == [KeyEvent(True, 0x61)], "what comes after is"


def test_pause_keeps_back_what_was_not_sent_yet() -> None:
    session = Session()
    viewer = session.accepted(session.viewer())
    session.pixels = bytearray(entropy("noise")(len(session.pixels)))
    assert session.host.core.wants_picture(session.now)
    session.host.core.picture(Frame(bytes(session.pixels), WIDTH, HEIGHT), session.now)
    before = bytes(viewer.core.picture.sync.decoder.pixels)
    session.host.core.pause(session.now)
    session.advance(2)
    assert bytes(viewer.core.picture.sync.decoder.pixels) == before
    session.host.core.go_on(session.now)
    session.advance(2)
    assert viewer.core.picture.sync.decoder.pixels[:3] == session.pixels[:3]


def test_evil_viewer_on_unknown_streams_and_slots_costs_nothing() -> None:
    session = Session()
    viewer = session.accepted(session.viewer())
    pair, host = viewer.core._pair, session.host.core
    for n in range(400):
        for fields in (
            header(Delivery.ORDERED, 100 + n, 2, 1),
            header(Delivery.LATEST, Stream.FEEDBACK, 2, 1, slot=1000 + n),
        ):
            host.frame(join_frame([pair._sealer.seal(fields, bytes(8))]), session.now)
    session.advance(2)
    kept = host._peers.get(2).pair
    assert len(kept.incoming.generations) <= 8
    assert len(kept._newest) <= 8
    assert session.host.core.ended is None


def test_evil_relay_with_forgeries_without_end_is_left() -> None:
    session = Session()
    viewer = session.accepted(session.viewer())
    message = bytearray(viewer.core._pair.latest(Stream.FEEDBACK, b"x"))
    message[-1] ^= 1
    forged = join_frame([bytes(message)])
    for _ in range(64):
        session.host.core.frame(forged, session.now)
    with pytest.raises(Forged):
        session.host.core.frame(forged, session.now)


def test_a_goodbye_during_verification_calls_the_question_off() -> None:
    session = Session()
    viewer = session.viewer()
    session.connect(session.host)
    session.connect(viewer)
    session.settle()
    session.type_digits(session.digits_of(viewer))
    viewer.core.leave()
    session.settle()
    assert session.consent.state is State.WAITING
    assert session.host.of(host_events.Cancelled)
    session.answer(True)
    assert session.consent.state is State.WAITING


def test_the_host_ends_at_the_longest_time_even_when_relay_and_server_do_not() -> None:
    session = Session(limit_seconds=60)
    viewer = session.accepted(session.viewer())
    session.advance(59, 1)
    assert session.host.core.ended is None
    session.advance(2, 1)
    assert [(e.by, e.reason) for e in viewer.of(events.Ended)] == [("system", "time_limit")]


def test_an_end_without_a_connection_is_told_to_the_next_relay() -> None:
    session = Session()
    viewer = session.accepted(session.viewer())
    session.disconnect(session.host)
    session.host.events += session.host.core.end("customer", "unknown_caller")
    assert session.host.core.untold
    session.connect(session.host)
    session.settle()
    assert not session.host.core.untold
    assert viewer.of(events.Ended) == [events.Ended("customer", "unknown_caller")]
