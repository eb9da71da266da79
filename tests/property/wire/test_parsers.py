"""Parsers of foreign bytes raise documented errors only, whatever they are fed (R06)."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.viewer.decode import Decoder
from wire import header
from wire.errors import WireError
from wire.messages import control, feedback, handshake, relay, screen
from wire.messages import input as inputs
from wire.messages.picture import decode_rectangles, decode_size

PARSERS: dict[str, Callable[[bytes], object]] = {
    "header": header.unpack,
    "frame": header.split_frame,
    "handshake": handshake.decode,
    "control": control.decode,
    "relay": relay.decode,
    "input": inputs.decode,
    "pointer": inputs.decode_pointer,
    "feedback": feedback.decode,
    "part": screen.decode_part,
    "beacon": screen.decode_beacon,
    "picture": lambda data: Decoder().catchup(data),
    "picture head": lambda data: (decode_size(data.ljust(6, b"\0")), decode_rectangles(data.ljust(6, b"\0"))),
}


@pytest.mark.rule("R06")
@pytest.mark.parametrize("name", PARSERS)
@given(data=st.binary(max_size=300))
def test_any_bytes(name: str, data: bytes) -> None:
    try:
        PARSERS[name](data)
    except WireError:
        return


@pytest.mark.rule("R06")
@given(data=st.binary(min_size=1, max_size=40), kind=st.integers(0, 0x17))
def test_any_handshake_type(data: bytes, kind: int) -> None:
    try:
        message = handshake.decode(bytes([kind]) + data)
    except WireError:
        return
    assert message.encode() == bytes([kind]) + data


@given(messages=st.lists(st.binary(min_size=24, max_size=100), min_size=1, max_size=8))
def test_frames_come_apart_as_they_were_joined(messages: list[bytes]) -> None:
    assert [bytes(m) for m in header.split_frame(header.join_frame(messages))] == messages


@given(cut=st.data(), messages=st.lists(st.binary(min_size=24, max_size=60), min_size=1, max_size=4))
def test_a_cut_frame_is_malformed(cut: st.DataObject, messages: list[bytes]) -> None:
    frame = header.join_frame(messages)
    sizes = {0}
    for message in messages:
        sizes.add(max(sizes) + 4 + len(message))
    at = cut.draw(st.integers(0, len(frame)))
    if at in sizes - {0}:
        assert header.split_frame(frame[:at])
        return
    with pytest.raises(WireError):
        header.split_frame(frame[:at])
