"""Host and viewer as a whole, with a relay that says anything: frames and texts in any order, before and after acceptance."""

from tests.fuzz.seeds import hexes
from tests.fuzz.target import instrumented, run

with instrumented("wire", "agent.host", "agent.viewer"):
    from tests.support.session import Session
    from wire.errors import WireError
    from wire.header import join_frame
    from wire.messages import relay


def one_input(data: bytes) -> None:
    """Pieces behind a type and a u16 length: texts and frames for either end. Only a whole frame may be refused."""
    session = Session()
    viewer = session.viewer()
    session.connect(session.host)
    session.connect(viewer)
    if data[:1] == b"\x01":
        session.settle()
    at = 1
    while at + 3 <= len(data):
        kind, size = data[at], int.from_bytes(data[at + 1 : at + 3], "big")
        piece, at = data[at + 3 : at + 3 + size], at + 3 + size
        end = session.host if kind & 1 else viewer
        session.now += (kind >> 2) / 8
        try:
            end.core.frame(piece, session.now) if kind & 2 else end.core.text(relay.decode(piece), session.now)
        except WireError:
            continue
        end.core.tick(session.now)
    assert not session.consent.may_capture, "nobody said yes"
    assert not session.consent.may_apply_input


def _piece(kind: int, data: bytes) -> bytes:
    return bytes([kind]) + len(data).to_bytes(2, "big") + data


def fuzz(seconds: float) -> None:
    """Start from handshakes in both directions and from texts."""
    clear = bytes.fromhex("0101000100020001") + bytes(16)
    said = [join_frame([clear + body]) for body in hexes("handshake", "m1", "m3", "m5")]
    answered = [
        join_frame([bytes.fromhex("0101000100010002") + bytes(16) + b]) for b in hexes("handshake", "m2", "m4", "hex")
    ]
    texts = [
        relay.encode(text).encode() for text in (relay.joined(2, "viewer", "operator"), relay.left(2), relay.drain())
    ]
    seeds = [b"\x00" + _piece(3, frame) for frame in said if len(frame) < 1 << 12]
    seeds += [b"\x01" + _piece(2, frame) for frame in answered if len(frame) < 1 << 12]
    seeds += [b"\x01" + _piece(1, text) + _piece(0, text) for text in texts]
    run("ends", one_input, seconds, seeds)
