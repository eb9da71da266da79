"""Strangers and ill-behaved guests, bounded and on loopback: they cost little, and a running session does not notice."""

import asyncio

import pytest

from relay.gate import Gate
from tests.integration.relay.client import Client, Refusal, dial, message, rest_of, upgrade_request
from tests.integration.relay.conftest import Running, until
from tests.integration.relay.fake_api import FakeApi
from wire.header import Delivery, Stream
from wire.limits import MAX_SLOTS

CROWD = 150


async def still_works(host: Client, viewer: Client, marker: bytes) -> None:
    """A message there and one back, at once."""
    async with asyncio.timeout(2):
        viewer.send_messages(message(Delivery.ORDERED, Stream.INPUT, 2, 1, marker))
        assert (await host.message()).endswith(marker)
        host.send_messages(message(Delivery.ORDERED, Stream.CHAT, 1, 2, marker))
        assert (await viewer.message()).endswith(marker)


async def pair(api: FakeApi, port: int) -> tuple[Client, Client]:
    host = await Client.join(port, api.ticket("ses_1", 1))
    return host, await Client.join(port, api.ticket("ses_1", 2))


async def test_evil_half_open_handshakes(api: FakeApi, running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("relay.door.HANDSHAKE_SECONDS", 0.5)
    host, viewer = await pair(api, running.port)
    for _ in range(CROWD):
        _, writer = await dial(running.port)
        writer.write(b"GET /v1/connect HTTP/1.1\r\nHost: x\r\nX: ")
    await still_works(host, viewer, b"one")
    await until(lambda: running.relay.server.gate.open == 2)
    await still_works(host, viewer, b"two")


async def test_evil_crowd_over_the_limit_is_cut_unheard(api: FakeApi, running: Running) -> None:
    running.relay.server.gate = Gate(total=10)
    host, viewer = await pair(api, running.port)
    readers = [(await dial(running.port))[0] for _ in range(20)]
    for reader in readers[8:]:
        assert await rest_of(reader) == b""
    await still_works(host, viewer, b"one")


async def test_evil_flood_of_bad_tickets(api: FakeApi, running: Running) -> None:
    host, viewer = await pair(api, running.port)
    good = api.ticket("ses_1", 3)
    forged = good[:-10] + "A" * 10

    async def knock() -> None:
        with pytest.raises(Refusal) as refusal:
            await Client.open(running.port, forged)
        assert refusal.value.status == 401

    for _ in range(4):
        await asyncio.gather(*(knock() for _ in range(CROWD // 4)))
        await still_works(host, viewer, b"one")
    assert sum(running.relay.server.counters.refused.values()) == CROWD // 4 * 4
    await until(lambda: running.relay.server.gate.open == 2)


async def test_connections_cut_at_every_part_of_the_handshake(api: FakeApi, running: Running) -> None:
    host, viewer = await pair(api, running.port)
    request = upgrade_request(api.ticket("ses_1", 3))
    for size in range(1, len(request), 29):
        _, writer = await dial(running.port)
        writer.write(request[:size])
        writer.transport.abort()
    await until(lambda: running.relay.server.gate.open == 2)
    await still_works(host, viewer, b"one")
    await Client.join(running.port, None, request=request)  # type: ignore[arg-type]


async def test_evil_flood_of_tiny_messages(api: FakeApi, running: Running) -> None:
    host, viewer = await pair(api, running.port)
    evil = await Client.join(running.port, api.ticket("ses_2", 1))
    victim = await Client.join(running.port, api.ticket("ses_2", 2))
    tiny = [message(Delivery.LATEST, Stream.CURSOR, 1, body=b"", slot=slot) for slot in range(2 * MAX_SLOTS)]
    for _ in range(10):
        evil.send_messages(*tiny)
        await still_works(host, viewer, b"one")
    await evil.sync()
    [room] = [room for room in running.relay.server.registry.rooms.values() if room.session == "ses_2"]
    assert len(room.members[2].outbox) <= MAX_SLOTS
    await victim.sync()


async def test_evil_reconnecting_does_not_pile_up(
    api: FakeApi, running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("relay.link.CLOSE_SECONDS", 0.1)
    host, viewer = await pair(api, running.port)
    for counter in range(30):
        await Client.join(running.port, api.resume("ses_1", 3, counter))
    await until(lambda: running.relay.server.gate.open == 3)
    [room] = running.relay.server.registry.rooms.values()
    assert set(room.members) == {1, 2, 3}
    await still_works(host, viewer, b"one")
