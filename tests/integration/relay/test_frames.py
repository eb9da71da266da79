"""What a peer may not send, and what happens to it: RFC 6455 by the letter, and docs/protocol.md 1 and 2."""

import pytest

from tests.integration.relay.client import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, Client, Frame, message
from tests.integration.relay.conftest import Running
from tests.integration.relay.fake_api import FakeApi
from wire.header import GROUP, Delivery, Stream, join_frame
from wire.limits import MAX_FRAME_BYTES, MAX_MESSAGE_BYTES

CHAT = message(Delivery.ORDERED, Stream.CHAT, 1, 2)
GOOD = join_frame([CHAT])

PROTOCOL, TOO_LARGE = 4006, 4007


async def pair(api: FakeApi, port: int) -> tuple[Client, Client]:
    host = await Client.join(port, api.ticket("ses_1", 1))
    viewer = await Client.join(port, api.ticket("ses_1", 2))
    await host.text("joined")
    return host, viewer


@pytest.mark.rule("R06")
@pytest.mark.parametrize(
    ("opcode", "payload", "options", "code"),
    [
        (BINARY, GOOD, {"rsv": 4}, 1002),
        (CONTINUATION, GOOD, {}, 1002),
        (BINARY, GOOD, {"masked": False}, 1002),
        (3, b"", {}, 1002),
        (PING, b"", {"fin": False}, 1002),
        (PING, bytes(126), {}, 1002),
        (BINARY, b"", {}, PROTOCOL),
        (BINARY, bytes(3), {}, PROTOCOL),
        (BINARY, GOOD[:-1], {}, PROTOCOL),
        (BINARY, GOOD + b"\0", {}, PROTOCOL),
        (BINARY, join_frame([b"\2" + CHAT[1:]]), {}, PROTOCOL),
        (BINARY, join_frame([CHAT[:1] + b"\0" + CHAT[2:]]), {}, PROTOCOL),
        (BINARY, join_frame([CHAT[:1] + b"\x81" + CHAT[2:]]), {}, PROTOCOL),
        (BINARY, (MAX_MESSAGE_BYTES + 1).to_bytes(4, "big") + bytes(MAX_MESSAGE_BYTES + 1), {}, TOO_LARGE),
        (BINARY, bytes(MAX_FRAME_BYTES + 1), {}, TOO_LARGE),
        (TEXT, b"\xff\xfe", {}, 1007),
        (TEXT, b"[1]", {}, PROTOCOL),
        (TEXT, b" " * (16 * 1024 + 1), {}, TOO_LARGE),
        (CLOSE, b"\x03", {}, 1002),
    ],
)
async def test_evil_frames_close_their_sender_only(
    api: FakeApi, port: int, opcode: int, payload: bytes, options: dict[str, bool], code: int
) -> None:
    host, viewer = await pair(api, port)
    host.send(opcode, payload, **options)
    assert await host.closed() == code
    assert await viewer.text("left") == {"type": "left", "sender": 1}
    assert viewer.messages == []


async def test_nothing_is_forwarded_after_the_fault(api: FakeApi, port: int) -> None:
    host, viewer = await pair(api, port)
    host.send(BINARY, GOOD, rsv=4)
    host.send(BINARY, GOOD)
    await viewer.text("left")
    assert viewer.messages == []


async def test_pings_are_answered_also_between_messages(api: FakeApi, port: int) -> None:
    host, viewer = await pair(api, port)
    host.send(BINARY, GOOD)
    host.send(PING, b"are you there")
    assert await host._next_of(PONG) == Frame(PONG, b"are you there")
    assert await viewer.message() == CHAT, "it left although a ping came behind it in the same read"


async def test_close_is_answered(api: FakeApi, port: int) -> None:
    host, viewer = await pair(api, port)
    host.send(CLOSE, (1000).to_bytes(2, "big"))
    assert await host.closed() == 1000
    await viewer.text("left")


async def test_a_frame_cut_into_single_bytes_is_put_together(api: FakeApi, port: int) -> None:
    host, viewer = await pair(api, port)
    host.send(BINARY, GOOD)
    sent = bytearray([0x82, 0x80 | len(GOOD)]) + bytes(4) + GOOD
    for index in range(len(sent)):
        host.writer.write(sent[index : index + 1])
        await host.writer.drain()
    assert [await viewer.message(), await viewer.message()] == [CHAT, CHAT]


async def test_lying_sender_and_evil_streams_are_dropped_and_counted(api: FakeApi, running: Running) -> None:
    host, viewer = await pair(api, running.port)
    other = await Client.join(running.port, api.ticket("ses_1", 3))
    await host.text("joined")
    viewer.send_messages(
        message(Delivery.ORDERED, Stream.INPUT, 3, 1),
        message(Delivery.FRAME, Stream.SCREEN, 2, 0, flags=GROUP),
        message(Delivery.ORDERED, Stream.CHAT, 2, 3),
        message(Delivery.ORDERED, Stream.CHAT, 2, 0),
        message(Delivery.LATEST, Stream.CONTROL, 2, 1),
        message(Delivery.ORDERED, 4711, 2, 1),  # type: ignore[arg-type]
        message(Delivery.ORDERED, Stream.CHAT, 2, 1, b"good"),
    )
    assert (await host.message()).endswith(b"good")
    await host.nothing_but_pings()
    await other.nothing_but_pings()
    assert running.relay.server.counters.dropped == {"sender": 1, "stream": 2, "recipient": 2, "class": 1}


async def test_a_frame_in_fragments_is_taken(api: FakeApi, port: int) -> None:
    """Browsers and proxies may cut a frame."""
    host, viewer = await pair(api, port)
    host.send(BINARY, GOOD[:10], fin=False)
    host.send(CONTINUATION, GOOD[10:])
    assert await viewer.message() == CHAT


async def test_a_large_frame_of_many_messages_arrives_whole(api: FakeApi, port: int) -> None:
    host, viewer = await pair(api, port)
    sent = [message(Delivery.ORDERED, Stream.FILE, 1, 2, bytes([index]) * 50_000, seq=index) for index in range(5)]
    host.send_messages(*sent)
    assert [await viewer.message() for _ in sent] == sent


async def test_silence_is_a_lost_connection(api: FakeApi, running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("relay.link.DEAD_SECONDS", 0.3)
    monkeypatch.setattr("relay.server.PING_SECONDS", 0.1)
    host, viewer = await pair(api, running.port)
    assert await host.text("left") == {"type": "left", "sender": 2}, "it answers pings, the viewer does not"
    viewer.answers_pings = False
    assert await viewer.closed() == 4008
