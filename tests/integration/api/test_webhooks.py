"""R30: `session.ended` goes out signed, once taken never again, until taken with growing pauses. R29: never into our network."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from standardwebhooks import Webhook

from api.sessions.models import Session
from api.webhooks import outbox, sender
from tests.integration.api.support import Api, Installation, problem, running, wait_until

pytestmark = pytest.mark.both_databases


class Receiver:
    """A small HTTP server that writes down what it is sent and answers what it is told to."""

    def __init__(self) -> None:
        self.requests: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[bytes] = []
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        headers = {
            name.lower(): value for name, _, value in (line.partition(": ") for line in head.split("\r\n")[1:] if line)
        }
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        self.requests.append((headers, body))
        status = self.answers.pop(0) if self.answers else b"204 No Content"
        writer.write(b"HTTP/1.1 " + status + b"\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
        await writer.drain()
        writer.close()


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0)
    receiver.port = server.sockets[0].getsockname()[1]
    async with server:
        yield receiver


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


@pytest.fixture
async def open_api(installation: Installation, clock: Any) -> AsyncIterator[Api]:
    """An app that may send to loopback."""
    async with running(installation, clock, webhook_allow_networks="127.0.0.0/8") as api:
        await api.register_relays()
        yield api


async def subscribe(api: Api, receiver: Receiver) -> dict[str, Any]:
    return await api.post("/v1/webhook-endpoints", {"url": f"http://127.0.0.1:{receiver.port}/hook"})


async def sent(receiver: Receiver, count: int = 1) -> list[tuple[dict[str, str], bytes]]:
    async def enough() -> bool:
        return len(receiver.requests) >= count

    await wait_until(enough)
    return receiver.requests


@pytest.mark.rule("R30")
async def test_the_whole_story_of_a_session(open_api: Api, receiver: Receiver) -> None:
    api = open_api
    endpoint = await subscribe(api, receiver)
    session = await api.active(
        customer={"name": "Hanako", "email": "h@example.jp"},
        reference={"system": "crm", "id": "4711"},
        metadata={"team": "blue"},
    )
    await api.report(
        session["id"],
        {"type": "usage", "sender": 1, "bytes_in": 1000, "bytes_out": 10},
        {"type": "usage", "sender": 2, "bytes_in": 20, "bytes_out": 900},
    )
    await api.post(f"/v1/sessions/{session['id']}/end", {"reason": "solved", "note": "done"}, status=200)
    assert receiver.requests == []
    await api.report(
        session["id"],
        {"type": "usage", "sender": 1, "bytes_in": 1},
        {"type": "left", "sender": 1},
        {"type": "left", "sender": 2},
    )
    ((headers, body),) = await sent(receiver)
    Webhook(endpoint["secret"]).verify(body, headers)
    assert headers["content-type"] == "application/json"
    message = json.loads(body)
    data = message["data"]
    assert message["type"] == "session.ended"
    assert message["timestamp"] == data["ended_at"]
    assert (data["session_id"], data["mode"]) == (session["id"], "control")
    assert data["reference"] == {"system": "crm", "id": "4711", "url": None}
    assert data["customer"] == {"name": "Hanako", "email": "h@example.jp"}
    assert data["operator"]["id"] == api.alice.id
    assert data["organisation"]["name"] == "acme"
    assert data["metadata"] == {"team": "blue"}
    assert (data["ended_by"], data["reason"], data["note"]) == ("operator", "solved", "done")
    assert data["bytes"] == {"from_host": 1001, "from_viewers": 20}
    assert data["created_at"] <= data["claimed_at"] <= data["started_at"] <= data["ended_at"]
    listed = (await api.get(f"/v1/webhook-endpoints/{endpoint['id']}/deliveries"))["items"]
    assert [(row["id"], row["attempts"]) for row in listed] == [(headers["webhook-id"], 1)]


@pytest.mark.rule("R30")
async def test_without_the_last_counts_it_goes_out_after_a_while(open_api: Api, receiver: Receiver) -> None:
    api = open_api
    await subscribe(api, receiver)
    session = await api.active()
    await api.post(f"/v1/sessions/{session['id']}/end", status=200)
    api.clock.advance(seconds=6)
    ((_, body),) = await sent(receiver)
    assert json.loads(body)["data"]["bytes"] == {"from_host": 0, "from_viewers": 0}


@pytest.mark.rule("R30")
async def test_it_is_sent_again_until_it_is_taken(open_api: Api, receiver: Receiver) -> None:
    api = open_api
    endpoint = await subscribe(api, receiver)
    receiver.answers = [b"500 Internal Server Error", b"302 Found\r\nlocation: http://127.0.0.1:1/", b"200 OK"]
    session = await api.create()
    await api.post(f"/v1/sessions/{session['id']}/end", status=200)
    for attempt in (1, 2, 3):
        await sent(receiver, attempt)

        async def noted(attempt: int = attempt) -> bool:
            rows = (await api.get(f"/v1/webhook-endpoints/{endpoint['id']}/deliveries"))["items"]
            return rows[0]["attempts"] == attempt and (rows[0]["last_status"] is not None)

        await wait_until(noted)
        api.clock.advance(minutes=3)
        api.app.state.context.waker.wake([outbox.TOPIC])
    bodies = {body for _, body in receiver.requests}
    ids = {headers["webhook-id"] for headers, _ in receiver.requests}
    assert (len(bodies), len(ids)) == (1, 1)

    async def delivered() -> bool:
        rows = (await api.get(f"/v1/webhook-endpoints/{endpoint['id']}/deliveries"))["items"]
        return (rows[0]["state"], rows[0]["last_status"]) == ("delivered", 200)

    await wait_until(delivered)
    api.clock.advance(days=1)
    assert await sender.send_due(api.app.state.context) == 0
    assert len(receiver.requests) == 3


@pytest.mark.rule("R30")
async def test_it_is_given_up_after_ten_repetitions(open_api: Api, receiver: Receiver) -> None:
    api = open_api
    endpoint = await subscribe(api, receiver)
    receiver.answers = [b"500 Internal Server Error"] * 50
    session = await api.create()
    await api.post(f"/v1/sessions/{session['id']}/end", status=200)

    started = api.clock.now()

    async def dead() -> bool:
        """Jump to whenever the next attempt is due, but not while one is under way (leased for 60 s)."""
        (row,) = (await api.get(f"/v1/webhook-endpoints/{endpoint['id']}/deliveries"))["items"]
        wait = (datetime.fromisoformat(row["next_at"]) - api.clock.now()).total_seconds()
        if wait > 0 and not 55 < wait <= 60:
            api.clock.advance(seconds=wait)
            api.app.state.context.waker.wake([outbox.TOPIC])
        return bool(row["state"] == "dead")

    await wait_until(dead, 20)
    assert len(receiver.requests) == 1 + len(sender.PAUSES)
    assert timedelta(days=2) < api.clock.now() - started < timedelta(days=4)


async def test_one_that_cannot_be_read_holds_up_no_other(open_api: Api, receiver: Receiver) -> None:
    api = open_api
    endpoint = await subscribe(api, receiver)
    damaged, good = [await api.active(customer={"name": name}) for name in ("Hanako", "Taro")]
    for session in (damaged, good):
        await api.post(f"/v1/sessions/{session['id']}/end", status=200)
    async with api.app.state.context.database.write() as db:
        row = await db.get_one(Session, damaged["id"])
        row.customer_sealed = bytes(reversed(row.customer_sealed or b""))
        db.add(row)
    api.clock.advance(seconds=6)
    api.app.state.context.waker.wake([outbox.TOPIC])
    ((_, body),) = await sent(receiver)
    assert json.loads(body)["data"]["session_id"] == good["id"]
    rows = (await api.get(f"/v1/webhook-endpoints/{endpoint['id']}/deliveries"))["items"]
    [told] = [row for row in rows if row["session_id"] == damaged["id"]]
    assert (told["state"], told["last_error"]) == ("pending", "it cannot be read on the server; see its log")


async def test_other_organisations_hear_nothing(open_api: Api, receiver: Receiver) -> None:
    api = open_api
    await api.post("/v1/webhook-endpoints", {"url": f"http://127.0.0.1:{receiver.port}/"}, api.gina)
    session = await api.create(api.alice)
    await api.post(f"/v1/sessions/{session['id']}/end", status=200)
    assert await sender.send_due(api.app.state.context) == 0
    assert receiver.requests == []


async def test_a_deleted_endpoint_hears_nothing(open_api: Api, receiver: Receiver) -> None:
    api = open_api
    receiver.answers = [b"500 Internal Server Error"]
    endpoint = await subscribe(api, receiver)
    session = await api.create()
    await api.post(f"/v1/sessions/{session['id']}/end", status=200)
    await sent(receiver)
    path = f"/v1/webhook-endpoints/{endpoint['id']}"
    problem(await api.http.delete(path, headers=api.gina.headers), 404, "not-found")
    assert (await api.http.delete(path, headers=api.alice.headers)).status_code == 204
    api.clock.advance(days=1)
    await sender.send_due(api.app.state.context)
    assert len(receiver.requests) == 1
    assert (await api.get("/v1/webhook-endpoints"))["items"] == []


@pytest.mark.rule("R29")
@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/", "https://localhost/", "https://10.1.2.3/", "https://169.254.169.254/latest/meta-data",
        "https://[::1]/", "https://[::ffff:127.0.0.1]/", "https://[64:ff9b::7f00:1]/", "https://[2002:7f00:1::]/",
        "https://2130706433/", "https://0x7f000001/", "https://0177.0.0.1/", "https://127.1/", "https://0.0.0.0/",
        "https://224.0.0.1/", "https://192.0.0.8/", "https://[fec0::1]/", "https://100.64.0.1/", "http://8.8.8.8/",
        "https://user:pass@8.8.8.8/", "https://no-such-host.invalid/",
    ],
)  # fmt: skip
async def test_it_never_sends_into_our_network(api: Api, url: str) -> None:
    answer = await api.http.post("/v1/webhook-endpoints", json={"url": url}, headers=api.alice.headers)
    problem(answer, 400, "url-not-allowed")


@pytest.mark.rule("R29")
async def test_the_address_is_checked_again_before_sending(open_api: Api, receiver: Receiver) -> None:
    api = open_api
    endpoint = await subscribe(api, receiver)
    context = api.app.state.context
    context.settings = context.settings.model_copy(update={"webhook_allow_networks": ()})
    session = await api.create()
    await api.post(f"/v1/sessions/{session['id']}/end", status=200)

    async def refused() -> bool:
        rows = (await api.get(f"/v1/webhook-endpoints/{endpoint['id']}/deliveries"))["items"]
        return bool(rows[0]["last_error"])

    await wait_until(refused)
    assert receiver.requests == []


@pytest.mark.parametrize("url", ["ftp://x/", "javascript:alert(1)", "https://", "x", "https://a b/"])
async def test_a_malformed_url(api: Api, url: str) -> None:
    answer = await api.http.post("/v1/webhook-endpoints", json={"url": url}, headers=api.alice.headers)
    assert answer.status_code in {400, 422}


async def test_deliveries_are_listed_page_by_page(open_api: Api, receiver: Receiver) -> None:
    endpoint = await subscribe(open_api, receiver)
    for _ in range(3):
        session = await open_api.create()
        await open_api.post(f"/v1/sessions/{session['id']}/end", status=200)
    path = f"/v1/webhook-endpoints/{endpoint['id']}/deliveries"
    whole = [row["id"] for row in (await open_api.get(path))["items"]]
    first = await open_api.get(path, limit=2)
    second = await open_api.get(path, limit=2, cursor=first["next_cursor"])
    assert [row["id"] for row in first["items"] + second["items"]] == whole == sorted(whole, reverse=True)
    assert (len(whole), second["next_cursor"]) == (3, None)
