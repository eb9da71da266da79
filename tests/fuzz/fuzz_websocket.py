"""WebSocket frames as a relay reads them, in reads of any size: the native connection and its twin hear the same."""

from tests.fuzz.target import instrumented, run

with instrumented("relay.websocket", "ext"):
    from relay.websocket import BINARY, CLOSE, CONTINUATION, PING, TEXT
    from tests.unit.relay.wires import BOTH, feed, frame, listening


def one_input(data: bytes) -> None:
    """The first byte says how large the reads are."""
    size, stream = 1 + data[0] if data else 1, data[1:]
    heard = []
    for make in BOTH:
        connection, ear = listening(make)
        for at in range(0, len(stream), size):
            feed(connection, stream[at : at + size])
        heard.append(ear.heard)
    assert heard[0] == heard[1]


def fuzz(seconds: float) -> None:
    """Start from frames of every kind, alone and in fragments."""
    frames = [
        frame(TEXT, "日本".encode()),
        frame(BINARY, bytes(130)),
        frame(BINARY, b"a", fin=False) + frame(PING, b"b") + frame(CONTINUATION, b"c"),
        frame(CLOSE, b"\x03\xe8bye"),
        frame(BINARY, b"x", rsv=1),
        frame(BINARY, bytes(70_000)),
    ]
    run("websocket", one_input, seconds, [bytes([size]) + data for size in (0, 6, 255) for data in frames])
