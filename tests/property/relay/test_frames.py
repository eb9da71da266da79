"""Only documented errors come out of what peers send, wherever it is cut or changed."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.counters import Counters
from relay.messages import parse_frame
from relay.room import Room
from tests.unit.relay.build import host, raw, viewer
from wire.errors import Malformed, WireError
from wire.header import RETAIN, Delivery, Stream, join_frame

GOOD = join_frame(
    [
        raw(Delivery.ORDERED, Stream.CHAT, 1, 2),
        raw(Delivery.LATEST, Stream.BEACON, 1, flags=RETAIN, size=0),
        raw(Delivery.FRAME, Stream.SCREEN, 1, size=300),
    ]
)


def room() -> Room:
    made = Room("ses_1", Counters())
    made.join(host(), 0.0)
    made.join(viewer(2), 0.0)
    return made


@pytest.mark.rule("R06")
@given(st.binary(max_size=400))
def test_evil_bytes_raise_documented_errors_only(frame: bytes) -> None:
    here = room()
    with suppress(WireError):
        here.receive(here.members[1], frame, 0.0)


@pytest.mark.rule("R06")
@given(st.integers(0, len(GOOD) - 1), st.binary(min_size=1, max_size=8))
def test_tampered_frames_raise_documented_errors_only(at: int, change: bytes) -> None:
    here = room()
    with suppress(WireError):
        here.receive(here.members[1], GOOD[:at] + change + GOOD[at + len(change) :], 0.0)


@given(st.integers(1, len(GOOD) - 1))
def test_cut_frames_are_refused_unless_cut_between_messages(at: int) -> None:
    boundaries = {4 + 34, 4 + 34 + 4 + 24}
    if at in boundaries:
        assert b"".join(message.raw for message in parse_frame(GOOD[:at], 0.0)) == GOOD[:at]
        return
    with pytest.raises(Malformed):
        parse_frame(GOOD[:at], 0.0)


@pytest.mark.rule("R06")
@given(st.binary(max_size=200))
def test_evil_texts_raise_documented_errors_only(text: bytes) -> None:
    here = room()
    with suppress(WireError):
        here.receive_text(here.members[1], text, 0.0)


@given(st.lists(st.integers(0, 500), min_size=1, max_size=20))
def test_a_frame_is_split_without_loss(sizes: list[int]) -> None:
    frame = join_frame(
        [raw(Delivery.ORDERED, Stream.CHAT, 1, 2, size=size, seq=index) for index, size in enumerate(sizes)]
    )
    messages = parse_frame(memoryview(frame), 1.5)
    assert b"".join(message.raw for message in messages) == frame
    assert [message.header.seq for message in messages] == list(range(len(sizes)))
    assert {message.arrived for message in messages} == {1.5}
