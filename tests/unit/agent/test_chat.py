"""The conversation over host, room and viewers: nothing lost, nothing twice, nothing without the grant."""

import pytest

from agent.host import events as host_events
from agent.host.chat import BURST
from agent.viewer import events
from tests.support.session import End, Session, introduction
from wire.errors import Malformed, TooLarge, WireError
from wire.limits import MAX_CHAT_TEXT_BYTES
from wire.messages import chat
from wire.messages.chat import Line

ID = "0" * 32


def talking(*more: int) -> tuple[Session, End]:
    session = Session(features=["chat"])
    viewer = session.accepted(session.viewer())
    for sender in more:
        further = session.viewer(sender, introduction=introduction(sender, features=["chat"]))
        session.connect(further)
        session.settle()
        session.type_digits(session.digits_of(further))
        session.answer(True)
        further.core.confirm()
    return session, viewer


def heard(end: End) -> list[tuple[str, bool]]:
    return [(event.line.text, event.mine) for event in end.of(events.Said)]


def shown(session: Session) -> list[str]:
    return [event.line.text for event in session.host.of(host_events.Said)]


def test_everybody_hears_everybody_and_knows_who_it_was() -> None:
    session, alice = talking(3)
    bob = session.viewers[3]
    alice.core.say("one")
    session.settle()
    session.host.core.say("two")
    session.settle()
    bob.core.say("three")
    session.settle()
    assert shown(session) == ["one", "three"]
    assert heard(alice) == [("one", True), ("two", False), ("three", False)]
    assert heard(bob) == [("one", False), ("two", False), ("three", True)]
    assert [event.line.name for event in alice.of(events.Said)] == ["", "", "Operator 3"]


def test_a_lost_connection_and_a_reloaded_viewer_lose_and_double_nothing() -> None:
    session, alice = talking()
    alice.core.say("one")
    session._up(alice)  # it is on its way when the connection is lost
    session.disconnect(alice)
    session.host.core.say("two")
    session.connect(alice)
    session.settle()
    assert shown(session) == ["one"]
    assert sorted(heard(alice)) == [("one", True), ("two", False)]
    again = session.viewer(2, resume=alice.core.resume_secret)
    again.core.confirm()
    session.disconnect(alice)
    again.core.chat.waiting = dict(alice.core.chat.waiting)
    session.connect(again)
    session.settle()
    assert sorted(text for text, _ in heard(again)) == ["one", "two"], "who comes back hears all of it"
    assert shown(session) == ["one"]


def test_what_was_not_passed_on_is_said_again_under_new_keys_and_shown_once() -> None:
    session, alice = talking()
    session.tamper = lambda to, frame: [] if to == 2 else [frame]
    alice.core.say("once")
    session.settle()
    assert shown(session) == ["once"]
    assert list(alice.core.chat.waiting), "its echo was lost"
    session.tamper = lambda _to, frame: [frame]
    again = session.viewer(2, resume=alice.core.resume_secret)
    again.core.chat, again.core.confirmed = alice.core.chat, True
    session.disconnect(alice)
    session.connect(again)
    session.settle()
    assert shown(session) == ["once"]
    assert not again.core.chat.waiting


def test_without_the_grant_nothing_is_passed_on_and_the_writer_knows() -> None:
    session, alice = talking(3)
    alice.core.say("heard")
    session.settle()
    session.host.events += session.host.core.pause(session.now)
    alice.core.say("crossing")  # the viewer does not know yet
    session.settle()
    assert shown(session) == ["heard"]
    assert [event.line.text for event in alice.of(events.NotSaid)] == ["crossing"]
    assert not alice.core.say("later")
    assert session.host.core.say("nor here") is None
    assert "crossing" not in [text for text, _ in heard(session.viewers[3])]


def test_a_flood_is_not_taken_and_the_session_goes_on() -> None:
    session, alice = talking()
    for number in range(3 * BURST):
        alice.core.say(f"{number}")
    session.settle()
    assert len(shown(session)) == BURST
    assert len(alice.of(events.NotSaid)) == 2 * BURST
    session.now += 60
    assert alice.core.say("calm")
    session.settle()
    assert shown(session)[-1] == "calm"


@pytest.mark.parametrize(
    "body",
    [
        b"", b"[]", b"{}", b'{"id":"x","text":"a"}', b'{"id":"%s","text":7}' % ID.encode(),
        b'{"id":"%s","text":" \\n "}' % ID.encode(), b'{"id":"%s","text":"\\ud800"}' % ID.encode(),
        b'{"id":"%s","text":"a","from":-1}' % ID.encode(), b'{"id":"%s","text":"a","from":true}' % ID.encode(),
        b'{"id":"%s","text":"a","name":1}' % ID.encode(), b"[" * 30_000,
        b'{"id":"%s","text":"%s"}' % (ID.encode(), b"x" * (MAX_CHAT_TEXT_BYTES + 1)), b" " * (1 << 16),
    ],
)  # fmt: skip
def test_evil_bodies_are_refused(body: bytes) -> None:
    with pytest.raises(WireError):
        chat.decode(body)


def test_a_text_cannot_move_the_cursor_or_turn_the_reading_direction() -> None:
    line = Line(ID, "a\x1b[2J\u202eb\r\nc\u200b", 2, "Ev\x07il")
    assert chat.decode(line.encode()) == Line(ID, "a[2Jb\nc", 2, "Evil")
    assert chat.decode(Line(ID, "x" * MAX_CHAT_TEXT_BYTES).encode()).text == "x" * MAX_CHAT_TEXT_BYTES
    with pytest.raises(TooLarge):
        chat.checked("x" * (MAX_CHAT_TEXT_BYTES + 1))
    with pytest.raises(Malformed):
        chat.checked("\u202e")
