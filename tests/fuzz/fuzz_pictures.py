"""Compressed pictures: a hostile host's bytes become pixels within bounds, or a PictureError (memory is bounded by the run)."""

from tests.fuzz.seeds import vectors
from tests.fuzz.target import instrumented, run

with instrumented("wire", "agent.viewer"):
    from agent.viewer.decode import Decoder
    from agent.viewer.sync import PictureSync
    from wire.errors import WireError
    from wire.header import CATCHUP, FIRST, LAST, Delivery, Stream, header
    from wire.messages import screen


def one_input(data: bytes) -> None:
    """First as a catch-up, then as what changes it, then as a part with a head of its own."""
    decoder = Decoder()
    try:
        decoder.catchup(data)
    except WireError:
        pass
    else:
        assert len(decoder.pixels) == 4 * decoder.width * decoder.height
    try:
        decoder.delta(data, first=True)
        decoder.delta(data, first=False)
    except WireError:
        pass
    sync = PictureSync()
    for flags in (CATCHUP | FIRST | LAST, FIRST | LAST):
        try:
            part, rest = screen.decode_part(data)
        except WireError:
            return
        sync.take(header(Delivery.FRAME, Stream.SCREEN, 1, epoch=1, flags=flags), part, rest)


def fuzz(seconds: float) -> None:
    """Start from good and bad pictures, and from one behind its head."""
    pictures = [bytes.fromhex(step["data"]) for v in vectors("pictures") for step in v.get("steps", [v])]
    head = screen.Part(1, 1, 0, 0, 0, 1)
    small = [picture for picture in pictures if len(picture) < 1 << 15]
    run("pictures", one_input, seconds, small + [head.encode(picture) for picture in small[:4]])
