"""Handshake messages in clear: parsed, and then given to both machines, as whoever sits in between could."""

import os

from tests.fuzz.seeds import hexes
from tests.fuzz.target import instrumented, run

with instrumented("wire"):
    from wire.errors import WireError
    from wire.handshake import HostHandshake, Parties, ViewerHandshake
    from wire.messages import handshake

PARTIES = Parties(bytes(32), 1, 2)


def one_input(data: bytes) -> None:
    """What is taken is exactly its layout; no machine takes what it did not agree to."""
    try:
        message = handshake.decode(data)
    except WireError:
        return
    assert message.encode() == data
    try:
        _give(message)
    except WireError:
        return
    believed = isinstance(message, handshake.M3 | handshake.M4 | handshake.M5)
    assert not believed, "what nobody committed to, or a proof of nobody, was taken"


def _give(message: handshake.Message) -> None:
    if isinstance(message, handshake.M1):
        HostHandshake(PARTIES, "host", os.urandom, association=1, signer=bytes(32), m1=message).answer(link=b"k")
        return
    viewer = ViewerHandshake(PARTIES, "viewer", os.urandom, link=b"k")
    host = HostHandshake(PARTIES, "host", os.urandom, association=1, signer=bytes(32), m1=viewer.start())
    m2 = host.answer(link=b"k")
    if isinstance(message, handshake.M2):
        viewer.on_m2(message)
    elif isinstance(message, handshake.M3):
        host.on_m3(message)
    elif isinstance(message, handshake.M4):
        viewer.on_m2(m2)
        viewer.on_m4(message)
    elif isinstance(message, handshake.M5):
        host.on_m3(viewer.on_m2(m2))
        host.on_m5(message)


def fuzz(seconds: float) -> None:
    """Start from whole handshakes of both suites, and the notices."""
    run("handshake", one_input, seconds, hexes("handshake", "m1", "m2", "m3", "m4", "m5", "hex"))
