"""RFC 6455 by the letter, server side, for the native connection and its twin."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay import transports
from relay.limits import HEAD_BYTES
from relay.websocket import BINARY, CLOSE, CONTINUATION, NOT_UTF8, PING, PONG, PROTOCOL_ERROR, TEXT
from tests.unit.relay.wires import BOTH, FakeTransport, feed, frame, listening
from wire.limits import MAX_FRAME_BYTES, MAX_TEXT_BYTES

TOO_LARGE = 4007
both = pytest.mark.parametrize("make", BOTH, ids=["native", "twin"])


def test_the_native_one_is_in_use() -> None:
    assert transports.Connection is BOTH[0], "built by make; needs a C compiler"


def heard(make: Any, data: bytes) -> list[tuple[Any, ...]]:
    connection, ear = listening(make)
    feed(connection, data)
    return ear.heard


@both
@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65_535, 65_536, MAX_FRAME_BYTES])
@pytest.mark.parametrize("mask", [bytes(4), b"\x01\x02\x03\x04", b"\xff\xff\xff\xff"])
def test_lengths_and_masks(make: Any, size: int, mask: bytes) -> None:
    payload = bytes(i % 251 for i in range(size))
    assert heard(make, frame(BINARY, payload, mask=mask)) == [(BINARY, payload)]


@both
def test_one_byte_at_a_time(make: Any) -> None:
    data = frame(TEXT, "日本語".encode()) + frame(PING, b"a") + frame(BINARY, bytes(200)) + frame(CLOSE, b"\x03\xe8bye")
    connection, ear = listening(make)
    for at in range(len(data)):
        feed(connection, data[at : at + 1])
    assert ear.heard == [(TEXT, "日本語".encode()), (PONG, b"a"), (BINARY, bytes(200)), (CLOSE, 1000)]


@both
def test_fragments_with_control_frames_inside(make: Any) -> None:
    data = (
        frame(BINARY, b"one ", fin=False)
        + frame(PING, b"p")
        + frame(CONTINUATION, b"", fin=False)
        + frame(PONG, b"q")
        + frame(CONTINUATION, b"two")
    )
    assert heard(make, data + frame(TEXT, b"\xe6", fin=False) + frame(CONTINUATION, b"\x97\xa5")) == [
        (PONG, b"p"),
        (BINARY, b"one two"),
        (TEXT, "日".encode()),
    ]


FAULTS = {
    "rsv1": (frame(BINARY, b"x", rsv=4), PROTOCOL_ERROR),
    "rsv3": (frame(PING, b"x", rsv=1), PROTOCOL_ERROR),
    "unmasked": (frame(BINARY, b"x", mask=None), PROTOCOL_ERROR),
    "reserved data opcode": (frame(3, b"x"), PROTOCOL_ERROR),
    "reserved control opcode": (frame(11, b"x"), PROTOCOL_ERROR),
    "control in fragments": (frame(PING, b"x", fin=False), PROTOCOL_ERROR),
    "long control": (frame(PING, bytes(126)), PROTOCOL_ERROR),
    "continuation of nothing": (frame(CONTINUATION, b"x"), PROTOCOL_ERROR),
    "a message inside a message": (frame(TEXT, b"a", fin=False) + frame(TEXT, b"b"), PROTOCOL_ERROR),
    "16-bit length too long": (b"\x82\xfe\x00\x05" + bytes(4 + 5), PROTOCOL_ERROR),
    "64-bit length too long": (b"\x82\xff" + (65_535).to_bytes(8, "big") + bytes(4 + 65_535), PROTOCOL_ERROR),
    "giant length": (b"\x82\xff\x7f" + b"\xff" * 7 + bytes(4), TOO_LARGE),
    "negative length": (b"\x82\xff" + b"\xff" * 8 + bytes(4), TOO_LARGE),
    "too large": (b"\x82\xff" + (MAX_FRAME_BYTES + 1).to_bytes(8, "big") + bytes(4), TOO_LARGE),
    "text too large": (b"\x81\xfe" + (MAX_TEXT_BYTES + 1).to_bytes(2, "big") + bytes(4), TOO_LARGE),
    "too large in fragments": (
        frame(BINARY, bytes(MAX_FRAME_BYTES), fin=False) + frame(CONTINUATION, b"x"),
        TOO_LARGE,
    ),
    "text too large in fragments": (
        frame(TEXT, bytes(MAX_TEXT_BYTES), fin=False) + frame(CONTINUATION, b"x"),
        TOO_LARGE,
    ),
    "not UTF-8": (frame(TEXT, b"a\xff"), NOT_UTF8),
    "half a character": (frame(TEXT, "日".encode()[:2]), NOT_UTF8),
    "a surrogate": (frame(TEXT, b"\xed\xa0\x80"), NOT_UTF8),
}


@both
@pytest.mark.rule("R06")
@pytest.mark.parametrize("name", FAULTS)
def test_faults_end_the_reading(make: Any, name: str) -> None:
    data, code = FAULTS[name]
    assert heard(make, frame(PING, b"before") + data + frame(PING, b"after")) == [
        (PONG, b"before"),
        ("fault", code, "too-large" if code == TOO_LARGE else "protocol"),
    ]


@both
@pytest.mark.parametrize(
    ("payload", "answer"),
    [
        (b"", 1000),
        (b"\x03", PROTOCOL_ERROR),
        *((code.to_bytes(2, "big"), code) for code in (1000, 1001, 1003, 1007, 1014, 3000, 4001, 4999)),
        *((code.to_bytes(2, "big"), PROTOCOL_ERROR) for code in (0, 999, 1004, 1005, 1006, 1015, 2999, 5000, 65_535)),
        ((1000).to_bytes(2, "big") + "またね".encode(), 1000),
        ((1000).to_bytes(2, "big") + b"\xff", NOT_UTF8),
    ],
)
def test_close_codes(make: Any, payload: bytes, answer: int) -> None:
    assert heard(make, frame(CLOSE, payload) + frame(PING, b"after")) == [(CLOSE, answer)]


PIECES = st.lists(
    st.one_of(
        st.tuples(st.just(BINARY), st.lists(st.binary(max_size=300), min_size=1, max_size=4)),
        st.tuples(st.just(TEXT), st.lists(st.text(max_size=40).map(str.encode), min_size=1, max_size=1)),
        st.tuples(st.just(PING), st.lists(st.binary(max_size=125), min_size=1, max_size=1)),
    ),
    max_size=8,
)


@both
@given(pieces=PIECES, data=st.data())
def test_whatever_the_cuts_the_same_is_heard(
    make: Any, pieces: list[tuple[int, list[bytes]]], data: st.DataObject
) -> None:
    sent, expected = b"", []
    for opcode, parts in pieces:
        last = len(parts) - 1
        for at, part in enumerate(parts):
            sent += frame(CONTINUATION if at else opcode, part, fin=at == last)
        expected.append((PONG if opcode == PING else opcode, b"".join(parts)))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(sent)), max_size=10)))
    connection, ear = listening(make)
    for start, end in zip([0, *cuts], [*cuts, len(sent)], strict=True):
        feed(connection, sent[start:end])
    assert ear.heard == expected


@given(st.lists(st.binary(max_size=60), max_size=5))
def test_both_hear_the_same_of_any_bytes(reads: list[bytes]) -> None:
    ears = []
    for make in BOTH:
        connection, ear = listening(make)
        for read in reads:
            feed(connection, read)
        ears.append(ear.heard)
    assert ears[0] == ears[1]


# The request before the frames


class Waiting:
    """An owner that hears requests."""

    def __init__(self, make: Any) -> None:
        self.heads: list[bytes] = []
        self.connection = make(self)
        self.connection.connection_made(FakeTransport())

    def made(self) -> None: ...

    def on_head(self, head: bytes) -> None:
        self.heads.append(head)
        self.connection.stop_listening()


@both
def test_a_head_comes_whole_and_once(make: Any) -> None:
    waiting = Waiting(make)
    for byte in b"GET / HTTP/1.1\r\nHost: x\r\n\r\nmore":
        feed(waiting.connection, bytes([byte]))
    assert waiting.heads == [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"]


@both
@pytest.mark.parametrize("chunk", [1_000, HEAD_BYTES + 1, 100_000])
def test_evil_head_without_end(make: Any, chunk: int) -> None:
    waiting = Waiting(make)
    for _ in range(100_000 // chunk + 1):
        feed(waiting.connection, b"a" * chunk)
    assert waiting.heads == [b""]
