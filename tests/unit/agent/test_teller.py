"""How the host's word gets to the server: at changes, again while it is away, never once it is refused."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from agent.api_client import ApiClient
from agent.host import teller as tellers
from agent.host.consent import Ending
from agent.host.facts import Answer, Facts
from agent.host.teller import Teller, keep_telling


class Server:
    """Answers with these statuses, the last for ever; 0 is no answer."""

    def __init__(self, *statuses: int) -> None:
        self.statuses, self.reports, self.told = list(statuses), [], asyncio.Event()  # type: ignore[var-annotated]

    def __call__(self, request: httpx.Request) -> httpx.Response:
        assert (request.method, request.url.path) == ("PUT", "/v1/receipt/facts")
        assert request.headers["authorization"] == "Bearer ticket"
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        self.reports.append(json.loads(request.content))
        self.told.set()
        if not status:
            raise httpx.ConnectError("away")
        return httpx.Response(status)

    def api(self) -> ApiClient:
        return ApiClient("http://server.test", transport=httpx.MockTransport(self))


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tellers, "REST_SECONDS", 0)
    monkeypatch.setattr(tellers, "RETRY_SECONDS", 0)


@pytest.fixture
def left(monkeypatch: pytest.MonkeyPatch) -> list[Teller]:
    """What would be left to another process."""
    found: list[Teller] = []

    def leave(teller: Teller) -> None:
        found.append(teller)

    monkeypatch.setattr(Teller, "_leave", leave)
    return found


def facts(*, over: bool = False) -> Facts:
    made = Facts(number=1, answers=[Answer(2, True, 1.8e9)])
    if over:
        made.ended, made.ended_at = Ending("customer", "ended"), 1.8e9
    return made


async def running(teller: Teller, until: Callable[[], bool]) -> None:
    task = asyncio.ensure_future(teller.run())
    async with asyncio.timeout(5):
        while not until():
            await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_it_tells_at_a_change_and_again_until_it_is_taken() -> None:
    server = Server(0, 503, 429, 204)
    teller = Teller(server.api(), lambda: "ticket", facts())
    teller.changed()
    await running(teller, lambda: len(server.reports) == 4)
    assert not teller.refused


async def test_nothing_is_told_before_anybody_was_answered() -> None:
    server = Server(204)
    teller = Teller(server.api(), lambda: "ticket", Facts())
    teller.changed()
    await running(teller, lambda: not teller._changed.is_set())
    assert server.reports == []


@pytest.mark.parametrize("status", [401, 403, 404, 409, 410, 422])
async def test_what_the_server_will_not_take_is_not_told_again(status: int, left: list[Teller]) -> None:
    server = Server(status)
    teller = Teller(server.api(), lambda: "ticket", facts(over=True))
    teller.changed()
    async with asyncio.timeout(5):
        await teller.run()
    assert not await teller.last()
    assert len(server.reports) == 1
    assert left == []


async def test_the_last_word_is_told_once_also_that_nothing_was_allowed(left: list[Teller]) -> None:
    server = Server(204)
    teller = Teller(server.api(), lambda: "ticket", Facts(ended=Ending("customer", "refused"), ended_at=1.8e9))
    assert await teller.last()
    assert await teller.last()
    (report,) = server.reports
    assert (report["grants"], report["ended"]["reason"]) == ([], "refused")
    assert left == []


async def test_while_the_server_is_away_the_last_word_is_left_to_another_process(left: list[Teller]) -> None:
    teller = Teller(Server(0).api(), lambda: "ticket", facts(over=True))
    assert not await teller.last()
    assert left == [teller]


async def test_that_process_tells_until_it_is_taken_refused_or_too_late() -> None:
    report: dict[str, Any] = facts(over=True).report(1.8e9)
    clock = iter(range(100))

    async def rest(_: float) -> None:
        await asyncio.sleep(0)

    async def told(server: Server, until: float) -> bool:
        return await keep_telling(server.api(), "ticket", report, until, now=lambda: next(clock), sleep=rest)

    assert await told(Server(0, 0, 204), 50)
    assert not await told(Server(0, 410), 60)
    assert not await told(away := Server(0), 70)
    assert len(away.reports) > 1


async def test_the_other_process_is_real(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that comes back after the host's process is done hears the last word all the same."""
    heard: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(
            next(line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")).split()[1]
        )
        heard.set_result(head + await reader.readexactly(length))
        writer.write(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, ApiClient(f"http://127.0.0.1:{port}") as api, asyncio.timeout(30):
        Teller(api, lambda: "ticket", facts(over=True))._leave()
        told = await heard
    assert told.startswith(b"PUT /v1/receipt/facts")
    assert b"bearer ticket" in told.lower()
    assert b'"reason":"ended"' in told.replace(b" ", b"")
