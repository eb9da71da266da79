"""The relay and its api: registration, outages, commands, reports; and what is shown to whoever watches."""

import asyncio
import json
from pathlib import Path

import pytest

from relay.main import Relay
from tests.integration.relay.client import Client, Refusal, message
from tests.integration.relay.conftest import Running, settings_for, start, until
from tests.integration.relay.fake_api import RELAY_ID, RELAY_TOKEN, FakeApi
from wire.header import Delivery, Stream

PARTS = ["process", "keys", "api", "loop", "connections", "certificate"]


async def get(relay: Relay, path: str) -> tuple[int, str]:
    """A plain HTTP request to the admin listener."""
    assert relay.admin.port
    reader, writer = await asyncio.open_connection("127.0.0.1", relay.admin.port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    answer = (await asyncio.wait_for(reader.read(), 5)).decode()
    writer.close()
    await writer.wait_closed()
    head, _, body = answer.partition("\r\n\r\n")
    return int(head.split(" ")[1]), body


async def test_a_relay_registers_and_keeps_in_touch(api: FakeApi, running: Running) -> None:
    [registration] = api.registrations
    assert registration["public_url"] == "ws://localhost:8443"
    await Client.join(running.port, api.ticket("ses_1", 1))
    await until(lambda: api.heartbeats and api.heartbeats[-1]["sessions"] == 1)
    assert api.heartbeats[-1] == {"sessions": 1, "participants": 1, "draining": False}


async def test_a_relay_may_start_before_the_api(tmp_path: Path) -> None:
    later = FakeApi()
    await later.start()
    port = later.port
    await later.stop()
    running = await start(settings_for(f"http://127.0.0.1:{port}", tmp_path / "token"))
    try:
        assert await get(running.relay, "/healthz") == (503, "not registered with the api yet\n")
        status, said = await get(running.relay, "/readyz")
        assert (status, json.loads(said)["status"]) == (503, "failing")
        assert {part for part, word in json.loads(said)["parts"].items() if word != "ok"} == {"keys", "api"}
        with pytest.raises(Refusal) as refusal:
            await Client.open(running.port, later.ticket("ses_1", 1))
        assert (refusal.value.status, refusal.value.slug) == (503, "relay-not-ready")
        await later.start(port)
        await until(lambda: running.relay.server.desk.ready)
        client = await Client.join(running.port, later.ticket("ses_1", 1))
        assert await get(running.relay, "/healthz") == (200, "ok\n")
        status, said = await get(running.relay, "/readyz")
        assert (status, json.loads(said)) == (200, {"status": "ok", "parts": dict.fromkeys(PARTS, "ok")})
        client.close()
    finally:
        await running.relay.stop()
        await later.stop()


@pytest.mark.rule("R37")
async def test_a_session_resumes_on_another_relay_while_the_api_is_away(api: FakeApi, tmp_path: Path) -> None:
    """The first relay and the api are lost at once; the second knows the keys from before and needs nobody."""
    settings = settings_for(api.url, tmp_path / "token", data_dir=tmp_path / "data")
    first = await start(settings)
    await first.relay.stop()
    await api.stop()
    second = await start(settings)
    try:
        host = await Client.join(second.port, api.resume("ses_1", 1, 3))
        viewer = await Client.join(second.port, api.resume("ses_1", 2, 1))
        await host.text("joined")
        chat = message(Delivery.ORDERED, Stream.CHAT, 1, 2)
        host.send_messages(chat)
        assert await viewer.message() == chat
        for client in (host, viewer):
            client.close()
    finally:
        await second.relay.stop()
        await api.start()


@pytest.mark.rule("R23")
async def test_what_is_on_disk_is_public(api: FakeApi, tmp_path: Path) -> None:
    running = await start(settings_for(api.url, tmp_path / "token", data_dir=tmp_path / "data"))
    await running.relay.stop()
    [kept] = (tmp_path / "data").iterdir()
    text = kept.read_text()
    assert set(json.loads(text)) == {"relay_id", "issuer", "jwks"}
    assert '"d"' not in text
    assert RELAY_TOKEN not in text


async def test_reports_survive_an_outage_and_are_not_counted_twice(api: FakeApi, running: Running) -> None:
    api.down = True
    client = await Client.join(running.port, api.ticket("ses_1", 1))
    client.close()
    await until(lambda: len(running.relay.reports) == 2)
    assert api.reports == {}
    api.down = False
    await until(lambda: len(api.reports) == 2)
    assert api.facts == [("joined", 1), ("left", 1)]
    await until(lambda: len(running.relay.reports) == 0)


async def test_a_report_that_is_refused_does_not_hold_up_the_others(api: FakeApi, running: Running) -> None:
    api.down = True
    api.refuse_sessions = {"ses_bad"}
    for session in ("ses_1", "ses_bad", "ses_2"):
        await Client.join(running.port, api.ticket(session, 1))
    api.down = False
    await until(lambda: len(api.reports) == 2)
    assert {report["session_id"] for report in api.reports.values()} == {"ses_1", "ses_2"}
    await until(lambda: len(running.relay.reports) == 0)
    assert running.relay.reports.dropped == 1


async def test_sessions_that_ended_meanwhile_end_here_when_the_api_is_back(api: FakeApi, running: Running) -> None:
    client = await Client.join(running.port, api.ticket("ses_1", 1))
    api.down = True
    await until(lambda: not running.relay.control.registered)
    api.tombstones = [
        {"session_id": "ses_1", "by": "operator", "reason": "ended", "until": "2099-01-01T00:00:00Z"},
        {"session_id": "ses_2", "by": "system", "reason": "expired", "until": "2099-01-01T00:00:00Z"},
    ]
    api.down = False
    assert await client.text("ended") == {"type": "ended", "by": "operator", "reason": "ended"}
    for session in ("ses_1", "ses_2"):
        with pytest.raises(Refusal) as refusal:
            await Client.open(running.port, api.ticket(session, 1))
        assert refusal.value.status == 410
    assert json.loads(refusal.value.body)["reason"] == "expired"


async def test_a_wrong_relay_token_is_said(api: FakeApi, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = settings_for(api.url, tmp_path / "token")
    (tmp_path / "token").write_text("rly_wrong")
    running = await start(settings)
    try:
        assert "tasuki admin relay add" in capsys.readouterr().out
        assert "rly_wrong" not in capsys.readouterr().out
        assert not running.relay.server.desk.ready
    finally:
        await running.relay.stop()


async def test_a_drain_command_empties_the_relay(api: FakeApi, running: Running) -> None:
    client = await Client.join(running.port, api.ticket("ses_1", 1))
    await until(lambda: running.relay.commands.caught_up)
    api.command("drain")
    await asyncio.wait_for(running.relay.stopping.wait(), 5)
    draining = asyncio.create_task(running.relay.server.drain(grace=0.1))
    await client.text("drain")
    with pytest.raises(Refusal) as refusal:
        await Client.open(running.port, api.resume("ses_1", 2, 1))
    assert (refusal.value.status, refusal.value.slug) == (503, "relay-draining")
    assert await client.closed() == 4005
    await draining
    assert (await get(running.relay, "/healthz"))[0] == 503


async def test_stale_drain_commands_are_not_for_a_relay_that_starts_later(api: FakeApi, tmp_path: Path) -> None:
    api.command("drain")
    api.command("end", session_id="ses_1", by="operator", reason="ended")
    running = await start(settings_for(api.url, tmp_path / "token"))
    try:
        await until(lambda: len(running.relay.server.registry.tombstones) == 1)
        assert not running.relay.stopping.is_set()
    finally:
        await running.relay.stop()
    assert api.heartbeats[-1]["draining"] is True


async def test_unknown_commands_are_passed_over(api: FakeApi, running: Running) -> None:
    client = await Client.join(running.port, api.ticket("ses_1", 1))
    api.command("dance")
    api.command("end", session_id=7)
    api.command("end", session_id="ses_1", by="administrator", reason="ended")
    assert (await client.text("ended"))["by"] == "administrator"


async def test_metrics_show_what_goes_on_and_no_secrets(api: FakeApi, running: Running) -> None:
    host = await Client.join(running.port, api.ticket("ses_1", 1))
    viewer = await Client.join(running.port, api.ticket("ses_1", 2))
    host.send_messages(message(Delivery.ORDERED, Stream.CHAT, 1, 2, b"payload-marker"))
    await viewer.message()
    viewer.send_messages(message(Delivery.ORDERED, Stream.CHAT, 9, 1))
    await viewer.sync()
    with pytest.raises(Refusal):
        await Client.open(running.port, "x")
    status, body = await get(running.relay, "/metrics")
    assert status == 200
    values = dict(line.rsplit(" ", 1) for line in body.splitlines() if not line.startswith("#"))
    assert values["tasuki_relay_sessions"] == "1.0"
    assert values["tasuki_relay_participants"] == "2.0"
    assert values["tasuki_relay_sent_messages_total"] == "1.0"
    assert float(values["tasuki_relay_received_bytes_total"]) > 50
    assert values['tasuki_relay_dropped_messages_total{reason="sender"}'] == "1.0"
    assert values['tasuki_relay_refused_handshakes_total{reason="ticket-malformed"}'] == "1.0"
    assert values["tasuki_relay_api_reachable"] == "1.0"
    assert not [word for word in ("payload-marker", "ses_1", RELAY_ID, "jti_", RELAY_TOKEN) if word in body]


@pytest.mark.rule("R06")
@pytest.mark.parametrize(
    ("request_bytes", "answer"),
    [
        (b"GET /nothing HTTP/1.1\r\n\r\n", b"HTTP/1.1 404"),
        (b"POST /metrics HTTP/1.1\r\n\r\n", b"HTTP/1.1 405"),
        (b"nonsense\r\n\r\n", b"HTTP/1.1 400"),
        (b"GET / HTTP/1.1\r\nX: " + b"a" * 100_000, b""),
    ],
)
async def test_evil_requests_to_the_admin_listener(running: Running, request_bytes: bytes, answer: bytes) -> None:
    assert running.relay.admin.port
    reader, writer = await asyncio.open_connection("127.0.0.1", running.relay.admin.port)
    writer.write(request_bytes)
    try:
        received = await asyncio.wait_for(reader.read(), 5)
    except ConnectionError:
        received = b""
    assert received.startswith(answer)
    writer.close()
