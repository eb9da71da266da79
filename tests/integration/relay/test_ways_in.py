"""Who is let in: tickets, Origin, handshakes as browsers and attackers write them."""

import base64
import time

import pytest

from relay.gate import Gate
from tests.integration.relay.client import Client, Refusal, dial, message, rest_of, upgrade_request
from tests.integration.relay.conftest import Running, until
from tests.integration.relay.fake_api import FakeApi
from wire.header import Delivery, Stream
from wire.tokens import SigningKey

PAGE = "http://localhost:8080"


async def refused(
    port: int, ticket: str | None, *, headers: dict[str, str] | None = None, request: bytes | None = None
) -> Refusal:
    with pytest.raises(Refusal) as refusal:
        await Client.open(port, ticket, headers, request=request)
    return refusal.value


async def test_replayed_ticket_is_refused(api: FakeApi, port: int) -> None:
    ticket = api.ticket("ses_1", 1)
    first = await Client.join(port, ticket)
    refusal = await refused(port, ticket)
    assert (refusal.status, refusal.slug) == (401, "ticket-used")
    await first.nothing_but_pings()


async def test_a_ticket_shown_in_a_handshake_that_failed_still_works(api: FakeApi, port: int) -> None:
    ticket = api.ticket("ses_1", 1)
    refusal = await refused(port, ticket, headers={"Sec-WebSocket-Key": "short"})
    assert refusal.status == 400
    await Client.join(port, ticket)


async def test_stale_ticket_is_refused(api: FakeApi, port: int) -> None:
    now = int(time.time())
    refusal = await refused(port, api.ticket("ses_1", 1, iat=now - 100, exp=now - 1))
    assert (refusal.status, refusal.slug) == (401, "ticket-expired")
    assert b"ask for a new one" in refusal.body


@pytest.mark.parametrize(
    ("changes", "slug"),
    [
        ({"aud": "rel_02"}, "ticket-audience"),
        ({"iss": "http://evil.example"}, "ticket-issuer"),
        ({"snd": 0}, "ticket-claims"),
    ],
)
async def test_foreign_tickets_are_refused(api: FakeApi, port: int, changes: dict[str, object], slug: str) -> None:
    refusal = await refused(port, api.ticket("ses_1", 1, **changes))
    assert (refusal.status, refusal.slug) == (401, slug)


async def test_tampered_ticket_is_refused(api: FakeApi, port: int) -> None:
    head, _, signature = api.ticket("ses_1", 2).split(".")
    other = api.ticket("ses_2", 1).split(".")[1]
    assert (await refused(port, f"{head}.{other}.{signature}")).slug == "ticket-forged"


async def test_missing_ticket_is_refused(port: int) -> None:
    assert (await refused(port, None)).slug == "ticket-missing"


@pytest.mark.rule("R03")
async def test_the_page_of_the_ticket_is_let_in(api: FakeApi, port: int) -> None:
    client = await Client.join(port, api.ticket("ses_1", 2, origin=PAGE), headers={"Origin": PAGE})
    assert "sec-websocket-protocol: tasuki.v1\r\n" in client.head.lower()


@pytest.mark.rule("R03")
@pytest.mark.parametrize(
    ("claim", "origin"),
    [
        (PAGE, "http://evil.example"),
        (PAGE, "null"),
        (PAGE, None),
        (PAGE, "http://sub.localhost:8080"),
        (PAGE, "http://localhost:8081"),
        (PAGE, "http://localhost"),
        (PAGE, "https://localhost:8080"),
        (None, PAGE),
        (None, "null"),
    ],
)
async def test_evil_origin_is_refused_before_the_upgrade(
    api: FakeApi, port: int, claim: str | None, origin: str | None
) -> None:
    ticket = api.ticket("ses_1", 2, origin=claim)
    refusal = await refused(port, ticket, headers={"Origin": origin} if origin else None)
    assert (refusal.status, refusal.slug) == (403, "origin-not-allowed")
    await Client.join(port, ticket, headers={"Origin": claim} if claim else None)


async def test_firefox_is_let_in(api: FakeApi, port: int) -> None:
    """The bytes that Firefox 132 sends, with our ticket and page in them."""
    request = (
        "GET /v1/connect HTTP/1.1\r\n"
        f"Host: localhost:{port}\r\n"
        "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0\r\n"
        "Accept: */*\r\n"
        "Accept-Language: en-US,en;q=0.5\r\n"
        "Accept-Encoding: gzip, deflate, br, zstd\r\n"
        "Sec-WebSocket-Version: 13\r\n"
        f"Origin: {PAGE}\r\n"
        f"Sec-WebSocket-Protocol: tasuki.v1, ticket.{api.ticket('ses_1', 2, origin=PAGE)}\r\n"
        "Sec-WebSocket-Extensions: permessage-deflate\r\n"
        f"Sec-WebSocket-Key: {base64.b64encode(bytes(16)).decode()}\r\n"
        "Connection: keep-alive, Upgrade\r\n"
        "Cookie: theme=dark\r\n"
        "Sec-Fetch-Dest: empty\r\n"
        "Sec-Fetch-Mode: websocket\r\n"
        "Sec-Fetch-Site: same-site\r\n"
        "Pragma: no-cache\r\n"
        "Cache-Control: no-cache\r\n"
        "Upgrade: websocket\r\n\r\n"
    ).encode()
    client = await Client.open(port, None, request=request)
    assert "sec-websocket-extensions" not in client.head.lower()
    assert (await client.text("welcome"))["role"] == "viewer"


async def test_resume_tickets_work_again_but_not_an_older_one(api: FakeApi, port: int) -> None:
    first = await Client.join(port, api.resume("ses_1", 2, 5))
    second = await Client.join(port, api.resume("ses_1", 2, 5))
    assert await first.closed() == 4001
    refusal = await refused(port, api.resume("ses_1", 2, 4))
    assert (refusal.status, refusal.slug) == (401, "ticket-old")
    await second.nothing_but_pings()


async def test_plain_http_gets_an_answer(port: int) -> None:
    for path, status in (("/", 404), ("/v1/connect", 400)):
        request = f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
        assert (await refused(port, None, request=request)).status == status


async def test_wrong_path_is_not_found(api: FakeApi, port: int) -> None:
    refusal = await refused(port, None, request=upgrade_request(api.ticket("ses_1", 1), path="/v1/connect?x=1"))
    assert refusal.status == 404


async def test_a_new_signing_key_is_learnt(api: FakeApi, port: int) -> None:
    api.key = SigningKey.generate()
    assert (await refused(port, api.ticket("ses_1", 1))).slug == "ticket-key"
    await until(lambda: len(api.registrations) == 2)
    await Client.join(port, api.ticket("ses_1", 1))


@pytest.mark.rule("R06")
async def test_evil_handshakes_end(running: Running) -> None:
    for request in (
        b"\x16\x03\x01\x02\x00" + bytes(300) + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nX: " + b"a" * 20_000,
        b"POST / HTTP/1.1\r\n\r\n",
    ):
        reader, writer = await dial(running.port)
        writer.write(request)
        answer = await rest_of(reader)
        assert answer == b"" or answer.startswith(b"HTTP/1.1 4"), answer
        writer.close()
    await until(lambda: running.relay.server.gate.open == 0)


async def test_a_handshake_that_takes_too_long_is_cut(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("relay.door.HANDSHAKE_SECONDS", 0.1)
    reader, writer = await dial(running.port)
    writer.write(b"GET /v1/connect HTTP/1.1\r\n")
    assert await rest_of(reader) == b""
    assert running.relay.server.counters.refused["timeout"] == 1


async def test_connections_are_bounded(api: FakeApi, running: Running) -> None:
    running.relay.server.gate = Gate(total=100, per_address=2)
    await Client.join(running.port, api.ticket("ses_1", 1))
    second = await Client.join(running.port, api.ticket("ses_1", 2))
    refusal = await refused(running.port, api.ticket("ses_1", 3))
    assert (refusal.status, refusal.slug) == (503, "relay-full")
    second.abort()
    await until(lambda: running.relay.server.gate.open == 1)
    await Client.join(running.port, api.ticket("ses_1", 3))


async def test_a_fault_of_ours_says_nothing(api: FakeApi, running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(token: str) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(running.relay.server, "check_ticket", fail)
    refusal = await refused(running.port, api.ticket("ses_1", 1))
    assert refusal.status == 500
    assert b"secret" not in refusal.body
    assert "secret" not in refusal.head


async def test_a_fault_after_the_upgrade_leaves_nothing_behind(
    api: FakeApi, running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(running.relay.server.registry, "join", fail)
    client = await Client.open(running.port, api.ticket("ses_1", 1))
    assert await client.closed() == 0
    await until(lambda: running.relay.server.gate.open == 0)


async def test_messages_in_the_same_packet_as_the_handshake_are_taken(api: FakeApi, port: int) -> None:
    host = await Client.join(port, api.ticket("ses_1", 1))
    hello = message(Delivery.ORDERED, Stream.HANDSHAKE, 2, 1, b"M1")
    payload = len(hello).to_bytes(4, "big") + hello
    frame = bytes([0x82, 0x80 | len(payload)]) + bytes(4) + payload
    await Client.open(port, None, request=upgrade_request(api.ticket("ses_1", 2)) + frame)
    assert await host.message() == hello
