"""A session's life on a relay: reconnecting, being sent away, ending, and leaving nothing behind."""

import asyncio
import gc

import pytest

from relay.link import Link
from relay.room import Room
from tests.integration.relay.client import Client, Refusal, message
from tests.integration.relay.conftest import Running, until
from tests.integration.relay.fake_api import FakeApi
from wire.header import CATCHUP, FIRST, LAST, RETAIN, Delivery, Stream


async def trio(api: FakeApi, port: int) -> tuple[Client, Client, Client]:
    host = await Client.join(port, api.ticket("ses_1", 1))
    viewers = [await Client.join(port, api.ticket("ses_1", sender)) for sender in (2, 3)]
    for _ in viewers:
        await host.text("joined")
    return host, viewers[0], viewers[1]


async def test_f5_replaces_the_connection_without_left(api: FakeApi, port: int) -> None:
    host, viewer, _ = await trio(api, port)
    again = await Client.join(port, api.ticket("ses_1", 2))
    assert await viewer.closed() == 4001
    assert await host.text("joined") == {"type": "joined", "sender": 2, "role": "viewer", "side": "operator"}
    again.send_messages(message(Delivery.ORDERED, Stream.CHAT, 2, 1, b"back"))
    assert (await host.message()).endswith(b"back")
    assert "left" not in [text["type"] for text in host.texts]


async def test_a_host_that_comes_back_is_joined_to_everybody(api: FakeApi, port: int) -> None:
    host, viewer, _ = await trio(api, port)
    again = await Client.open(port, api.ticket("ses_1", 1))
    assert [entry["sender"] for entry in (await again.text("welcome"))["present"]] == [2, 3]
    assert await host.closed() == 4001
    assert (await viewer.text("joined"))["sender"] == 1
    assert "left" not in [text["type"] for text in viewer.texts]


async def test_kick_closes_and_keeps_out(api: FakeApi, port: int) -> None:
    host, viewer, other = await trio(api, port)
    host.send_text(type="kick", sender=2)
    assert await viewer.closed() == 4002
    assert (await host.text("left"))["sender"] == 2
    for ticket in (api.ticket("ses_1", 2), api.resume("ses_1", 2, 1)):
        with pytest.raises(Refusal) as refusal:
            await Client.open(port, ticket)
        assert (refusal.value.status, refusal.value.slug) == (410, "session-ended")
    await other.nothing_but_pings()


async def test_the_host_ends_it_and_both_see_why(api: FakeApi, port: int) -> None:
    host, viewer, _ = await trio(api, port)
    host.send_text(type="end", reason="lost")
    for client in (host, viewer):
        assert await client.text("ended") == {"type": "ended", "by": "customer", "reason": "lost"}
        assert await client.closed() == 4003
    await until(lambda: "ended" in dict(api.facts))
    [report] = [report for report in api.reports.values() if report["type"] == "ended"]
    assert (report["session_id"], report["by"], report["reason"]) == ("ses_1", "customer", "lost")


async def test_an_end_without_words_is_an_end(api: FakeApi, port: int) -> None:
    """The api takes a reason away when the customer is forgotten before the relay has asked."""
    host, *_ = await trio(api, port)
    api.command("end", session_id="ses_1", by="operator", reason=None)
    assert await host.text("ended") == {"type": "ended", "by": "operator", "reason": "ended"}


async def test_the_api_ends_it_within_a_second_and_ghosts_stay_out(api: FakeApi, port: int) -> None:
    host, viewer, _ = await trio(api, port)
    api.command("end", session_id="ses_1", by="operator", reason="ended")
    for client in (host, viewer):
        assert await client.text("ended") == {"type": "ended", "by": "operator", "reason": "ended"}
        assert await client.closed() == 4003
    for ticket in (api.ticket("ses_1", 2), api.resume("ses_1", 1, 9)):
        with pytest.raises(Refusal) as refusal:
            await Client.open(port, ticket)
        assert refusal.value.status == 410
    await Client.join(port, api.ticket("ses_2", 1))


async def test_ended_reaches_a_viewer_that_is_far_behind(api: FakeApi, port: int) -> None:
    host = await Client.join(port, api.ticket("ses_1", 1))
    viewer = await Client.join(port, api.ticket("ses_1", 2), limit=1 << 14)
    part = message(Delivery.ORDERED, Stream.FILE, 1, 2, bytes(60_000))
    for _ in range(30):
        host.send_messages(part)
    host.send_text(type="end", reason="ended")
    assert await host.closed() == 4003
    assert (await viewer.text("ended"))["reason"] == "ended"


async def test_a_session_over_its_longest_time_ends(api: FakeApi, port: int) -> None:
    limits = {"seconds": 1, "bytes_per_second": None}
    host = await Client.join(port, api.ticket("ses_1", 1, limits=limits))
    viewer = await Client.join(port, api.ticket("ses_1", 2, limits=limits))
    host.send_text(type="admit", sender=2)
    for client in (host, viewer):
        assert await client.text("ended") == {"type": "ended", "by": "system", "reason": "time_limit"}
        assert await client.closed() == 4003


async def test_bytes_per_second_of_the_ticket_hold(api: FakeApi, port: int) -> None:
    limits = {"seconds": None, "bytes_per_second": 1_000_000}
    host = await Client.join(port, api.ticket("ses_1", 1, limits=limits))
    viewer = await Client.join(port, api.ticket("ses_1", 2))
    chunk = message(Delivery.ORDERED, Stream.FILE, 1, 2, bytes(50_000))
    loop = asyncio.get_running_loop()
    start = loop.time()
    for _ in range(40):
        host.send_messages(chunk)
    for _ in range(40):
        await viewer.message()
    assert 0.5 < loop.time() - start < 5.0, "2 MB, of which one second's may go at once"
    await host.sync()


async def test_sessions_do_not_see_each_other(api: FakeApi, port: int) -> None:
    host = await Client.join(port, api.ticket("ses_1", 1))
    other = await Client.join(port, api.ticket("ses_2", 2))
    host.send_messages(message(Delivery.LATEST, Stream.BEACON, 1, flags=RETAIN))
    await host.sync()
    await other.nothing_but_pings()
    assert host.texts[-1]["type"] == "welcome"


async def test_nothing_of_an_ended_session_is_kept(api: FakeApi, running: Running) -> None:
    host, viewer, other = await trio(api, running.port)
    host.send_text(type="admit", sender=2)
    marker = b"unique marker of this test" * 100
    host.send_messages(
        message(Delivery.LATEST, Stream.BEACON, 1, body=marker, flags=RETAIN),
        message(Delivery.FRAME, Stream.SCREEN, 1, body=marker, flags=CATCHUP | FIRST | LAST),
    )
    await viewer.message()
    api.command("end", session_id="ses_1", by="system", reason="ended")
    for client in (host, viewer, other):
        await client.closed()
    await until(lambda: running.relay.server.gate.open == 0)
    gc.collect()
    assert [thing for thing in gc.get_objects() if isinstance(thing, (Room, Link))] == []
    assert running.relay.server.registry.rooms == {}


async def test_a_narrowed_policy_reaches_everybody_and_who_comes_later(api: FakeApi, port: int) -> None:
    host, viewer, other = await trio(api, port)
    token = api.policy("ses_1", 2, features=["chat"])
    api.command("policy", session_id="ses_1", token="not a token")
    api.command("policy", session_id="ses_1", token=api.policy("ses_2", 9, features=[]))
    api.command("policy", session_id="ses_1", token=token)
    api.command("policy", session_id="ses_1", token=api.policy("ses_1", 1, features=["chat", "voice"]))
    for client in (host, viewer, other):
        assert await client.text("policy") == {"type": "policy", "token": token}
    clipboard = message(Delivery.ORDERED, Stream.CLIPBOARD, 1, 2, b"secret")
    chat = message(Delivery.ORDERED, Stream.CHAT, 1, 2, b"hello")
    host.send_messages(clipboard, chat)
    assert (await viewer.message()).endswith(b"hello"), "what the policy took away is not forwarded, the rest is"
    late = await Client.join(port, api.ticket("ses_1", 4))
    assert await late.text("policy") == {"type": "policy", "token": token}
    await viewer.nothing_but_pings()


async def test_a_room_that_begins_after_the_policy_knows_it(api: FakeApi, port: int, running: Running) -> None:
    token = api.policy("ses_1", 1, features=[], seconds=60, bytes_per_second=100_000)
    api.command("policy", session_id="ses_1", token=token)
    await until(lambda: len(running.relay.server.registry.policies) == 1)
    host = await Client.join(port, api.ticket("ses_1", 1))
    assert await host.text("policy") == {"type": "policy", "token": token}
    room = running.relay.server.registry.rooms["ses_1"]
    assert room.limit_seconds == 60


async def test_bytes_and_time_are_reported_per_participant(api: FakeApi, port: int) -> None:
    host, viewer, other = await trio(api, port)
    beacon = message(Delivery.LATEST, Stream.BEACON, 1, body=bytes(1000))
    host.send_messages(beacon)
    await viewer.message()
    await other.message()
    for client in (host, viewer, other):
        client.close()
    await until(lambda: len([report for report in api.reports.values() if report["type"] == "left"]) == 3)
    usage = {report["sender"]: report for report in api.reports.values() if report["type"] == "left"}
    assert usage[1]["bytes_in"] == usage[2]["bytes_out"] == usage[3]["bytes_out"] == len(beacon) + 4
    assert usage[1]["bytes_out"] == usage[2]["bytes_in"] == 0
