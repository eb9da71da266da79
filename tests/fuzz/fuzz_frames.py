"""BINARY frames and headers: what a relay and both ends cut apart before any key is known."""

from tests.fuzz.seeds import hexes
from tests.fuzz.target import instrumented, run

with instrumented("wire"):
    from wire import header
    from wire.errors import WireError
    from wire.limits import HEADER_BYTES


def one_input(data: bytes) -> None:
    """A frame comes apart as it was joined, or not at all."""
    try:
        messages = header.split_frame(data)
    except WireError:
        return
    assert header.join_frame([bytes(message) for message in messages]) == data
    for message in messages:
        try:
            fields = header.unpack(message)
        except WireError:
            continue
        assert fields.pack() == message[:HEADER_BYTES]
        assert fields.fits_its_stream in {True, False}


def fuzz(seconds: float) -> None:
    """Start from headers and sealed messages, alone and together."""
    messages = [*hexes("header", "hex"), *hexes("records", "message")]
    whole = [message for message in messages if len(message) >= HEADER_BYTES]
    run("frames", one_input, seconds, [header.join_frame([m]) for m in whole] + [header.join_frame(whole)])
