"""A viewer that does not keep up is cut and comes back by a catch-up picture; the others see every picture in time."""

from tests.integration.relay.client import PING, Client, message
from tests.integration.relay.conftest import Running, until
from tests.integration.relay.fake_api import FakeApi
from wire.header import CATCHUP, FIRST, GROUP, LAST, Delivery, Stream
from wire.limits import LIVE_QUEUE_BYTES

WHOLE = FIRST | LAST
PART = 20_000
PICTURES = 80
ON_ITS_WAY_BYTES = 512 * 1024
"""What may be under way to a stopped viewer besides the room's queue: one write, the kernel's buffers, and the 256 KiB
that asyncio's TLS takes in at the client."""


def live(number: int) -> bytes:
    return message(
        Delivery.FRAME, Stream.SCREEN, 1, body=number.to_bytes(4, "big") * (PART // 4), seq=number, flags=WHOLE
    )


def catchup(seq: int, flags: int, size: int = 60_000) -> bytes:
    return message(Delivery.FRAME, Stream.SCREEN, 1, body=b"c" * size, seq=seq, flags=CATCHUP | flags)


def group(seq: int) -> bytes:
    return message(Delivery.FRAME, Stream.SCREEN, 1, body=b"g" * 100, seq=seq, flags=GROUP | WHOLE)


async def audience(api: FakeApi, running: Running) -> tuple[Client, Client, Client]:
    """Host, a viewer that keeps up, and one that reads nothing until the test does."""
    port, tls = running.port, running.tls
    host = await Client.join(port, api.ticket("ses_1", 1), tls=tls)
    fast = await Client.join(port, api.ticket("ses_1", 2), tls=tls)
    slow = await Client.join(port, api.ticket("ses_1", 3), tls=tls, limit=1 << 12, window=1 << 12)
    for sender in (2, 3):
        await host.text("joined")
        host.send_text(type="admit", sender=sender)
    return host, fast, slow


async def test_a_slow_viewer_is_cut_and_recovers_while_the_other_stays_fresh(api: FakeApi, running: Running) -> None:
    await cut_and_recover(api, running)


async def test_the_same_over_tls(api: FakeApi, running_tls: Running) -> None:
    await cut_and_recover(api, running_tls)


async def cut_and_recover(api: FakeApi, running: Running) -> None:
    host, fast, slow = await audience(api, running)
    host.send_messages(catchup(1, WHOLE), group(2))
    assert [await fast.message(), await fast.message()] == [catchup(1, WHOLE), group(2)]

    for number in range(10, 10 + PICTURES):  # the slow one reads nothing
        host.send_messages(live(number))
        assert await fast.message() == live(number)
    assert running.relay.server.counters.cuts == 1
    assert await host.text("behind") == {"type": "behind", "sender": 3}

    again = [catchup(200, FIRST), catchup(201, 0), catchup(202, LAST), group(203)]
    host.send_messages(*again[:2])
    host.send_messages(*again[2:])
    assert await fast.message() == group(203), "a catch-up is not for who is in step"

    received: list[bytes] = []
    while not received or received[-1] != group(203):
        received.append(await slow.message())
    assert received[-4:] == again, "whole, in order, and before its group"
    stale = received[2:-4]
    assert stale == [live(10 + index) for index in range(len(stale))]
    assert len(stale) * PART < ON_ITS_WAY_BYTES < PICTURES * PART
    host.send_messages(live(300))
    assert await slow.message() == await fast.message() == live(300)


async def test_input_and_news_do_not_wait_behind_pictures(api: FakeApi, running: Running) -> None:
    host, _, slow = await audience(api, running)
    host.send_messages(catchup(1, WHOLE), group(2))
    for number in range(10, 20):
        host.send_messages(live(number))
    cursor = message(Delivery.LATEST, Stream.CURSOR, 1, body=b"x" * 500, seq=1)
    newest = message(Delivery.LATEST, Stream.CURSOR, 1, body=b"y" * 500, seq=2)
    chat = message(Delivery.ORDERED, Stream.CHAT, 1, 3, b"hello" * 100)
    host.send_messages(cursor, newest, chat)
    await host.sync()
    received: list[bytes] = []
    while not received or received[-1] != newest:
        received.append(await slow.message())
    assert received[-2:] == [chat, newest]
    assert cursor not in received


async def test_a_stopped_viewer_costs_bounded_memory(api: FakeApi, running: Running) -> None:
    host, fast, slow = await audience(api, running)
    host.send_messages(catchup(1, WHOLE), group(2))
    for number in range(10, 210):
        host.send_messages(live(number), message(Delivery.LATEST, Stream.CURSOR, 1, body=bytes(1000), seq=number))
        slow.send(PING, b"alive")
        while await fast.message() != live(number):
            pass
    [room] = running.relay.server.registry.rooms.values()
    assert room.members[3].outbox.size < LIVE_QUEUE_BYTES + PART


async def test_a_participant_that_takes_no_ordered_messages_is_closed(api: FakeApi, running: Running) -> None:
    host, fast, slow = await audience(api, running)
    chunk = message(Delivery.ORDERED, Stream.FILE, 1, 3, bytes(60_000))
    for _ in range(100):
        host.send_messages(chunk)
        await host.writer.drain()
    assert (await host.text("left"))["sender"] == 3
    assert running.relay.server.counters.closed["slow"] == 1
    await until(lambda: running.relay.server.gate.open == 2, 5)
    await fast.nothing_but_pings()
    assert await slow.closed() in {0, 4004}
