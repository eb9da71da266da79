"""What is inside a sealed message. The other end may be anybody's program: every body is hostile until it is parsed."""

from collections.abc import Callable

from tests.fuzz.seeds import hexes, vectors
from tests.fuzz.target import instrumented, run

with instrumented("wire"):
    from wire.errors import WireError
    from wire.messages import chat, control, feedback, screen
    from wire.messages import input as inputs


def _control(body: bytes) -> None:
    message = control.decode(body)
    if message["type"] in {"welcome", "epoch"}:
        epoch, secret = control.secret_of(message)
        assert 0 < epoch < 1 << 32
        assert len(secret) == 32


def _input(body: bytes) -> None:
    ms, events = inputs.decode(body)
    assert inputs.encode(events, ms) == body


def _pointer(body: bytes) -> None:
    assert inputs.encode_pointer(inputs.decode_pointer(body)) == body


def _feedback(body: bytes) -> None:
    value = feedback.decode(body)
    assert feedback.decode(value.encode()) == value


def _part(body: bytes) -> None:
    part, data = screen.decode_part(body)
    assert part.encode(data) == body


def _beacon(body: bytes) -> None:
    beacon, signed, signature = screen.decode_beacon(body)
    assert signed.startswith(beacon.encode())
    assert signed + signature == body


def _chat(body: bytes) -> None:
    line = chat.decode(body)
    again = chat.decode(line.encode())
    assert (again.id, again.text, again.sender) == (line.id, line.text, line.sender)


PARSERS: list[Callable[[bytes], None]] = [_control, _input, _pointer, _feedback, _part, _beacon, _chat]


def one_input(data: bytes) -> None:
    """The first byte says which body the rest is."""
    if not data:
        return
    try:
        PARSERS[data[0] % len(PARSERS)](data[1:])
    except WireError:
        return


def fuzz(seconds: float) -> None:
    """Start from the bodies of the vectors, each for its own parser."""
    kinds = {"input": 1, "pointer": 2, "feedback": 3, "part": 4}
    seeds = [bytes([kinds[v["kind"]]]) + bytes.fromhex(v["hex"]) for v in vectors("bodies") if v["kind"] in kinds]
    seeds += [b"\x05" + beacon for beacon in hexes("beacons", "hex")]
    seeds += [
        b"\x00" + control.encode(control.epoch_keys("welcome", 7, bytes(32), grants=["view"])),
        b'\x00{"type":"bye"}',
    ]
    seeds += [b"\x06" + chat.Line("0" * 32, "hello", 2, "Alice").encode()]
    run("bodies", one_input, seconds, seeds)
