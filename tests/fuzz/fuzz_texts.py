"""TEXT frames: what a relay takes from ends and ends take from a relay."""

from tests.fuzz.target import instrumented, run

with instrumented("wire"):
    from wire.errors import WireError
    from wire.messages import relay


def one_input(data: bytes) -> None:
    """An object with a type, or a documented error; what is read of it is printable and in range."""
    try:
        text = relay.decode(data)
    except WireError:
        return
    assert relay.decode(relay.encode(text).encode("utf-8", "surrogatepass"))["type"] == text["type"]
    reason, by = relay.reason_of(text), relay.by_of(text, "system")
    assert reason.isprintable()
    assert by in relay.ENDERS
    try:
        assert 0 < relay.sender_of(text) < 1 << 16
    except WireError:
        return


def fuzz(seconds: float) -> None:
    """Start from one of each."""
    others, relays = [relay.present(2, "viewer", "operator")], [{"id": "rel_1", "url": "wss://relay"}]
    texts = [
        relay.welcome("ses_1", 1, "host", others, relays), relay.joined(2, "viewer", "operator"), relay.left(2),
        relay.behind(2), relay.drain(), relay.ended("system", "lost"), relay.error("limit", "too much"),
        relay.admit(2), relay.kick(2), relay.end("ended", "customer"), {"type": "policy", "token": "a.b.c"},
    ]  # fmt: skip
    run("texts", one_input, seconds, [relay.encode(text).encode() for text in texts])
