"""SIGTERM under load: whoever spreads requests hears first, every request that was taken is answered rightly, exit code 0."""

import asyncio
import json
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx

from tests.integration.api.support import Installation
from tests.integration.api.test_process import serving

WORKERS = 6


class Balancer:
    """As a load balancer does: asks /readyz again and again, and sends nothing more once it says no."""

    def __init__(self, url: str, installation: Installation) -> None:
        self.client = httpx.AsyncClient(base_url=url, timeout=30, headers=installation.alice.headers)
        self.gone = asyncio.Event()
        self.refusal: dict[str, Any] = {}
        self.answers: list[tuple[int, Any]] = []

    async def watch(self) -> None:
        while not self.gone.is_set():
            answer = await self.client.get("/readyz")
            if answer.status_code == 503:
                self.refusal = {**answer.json(), **answer.headers}
                self.gone.set()
            await asyncio.sleep(0.05)

    async def work(self, one: Callable[[], Awaitable[httpx.Response]]) -> None:
        while not self.gone.is_set():
            answer = await one()
            self.answers.append((answer.status_code, answer.json()))

    async def create(self) -> httpx.Response:
        return await self.client.post("/v1/sessions", json={"mode": "view"})

    async def read(self) -> httpx.Response:
        return await self.client.get("/v1/sessions", params={"limit": 50})


async def test_nothing_that_was_taken_is_lost(installation: Installation, tmp_path: Path) -> None:
    file = tmp_path / "log"
    with file.open("w") as log, serving(installation.folder, log, TASUKI_STOP_DELAY="PT1H") as (process, url):
        balancer = Balancer(url, installation)
        first = (await balancer.create()).json()
        events = f"/v1/sessions/{first['id']}/events"
        last = (await balancer.client.get(events)).json()["items"][-1]["id"]
        polls = [asyncio.create_task(balancer.client.get(events, params={"after": last, "wait": 25})) for _ in range(4)]
        workers = [asyncio.create_task(balancer.work(balancer.create)) for _ in range(WORKERS)]
        workers += [asyncio.create_task(balancer.work(balancer.read)) for _ in range(WORKERS)]
        watcher = asyncio.create_task(balancer.watch())
        while len(balancer.answers) < 3 * WORKERS:
            await asyncio.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        await asyncio.gather(watcher, *workers)
        let_go = [(answer.status_code, answer.json()["items"]) for answer in await asyncio.gather(*polls)]
        await balancer.client.aclose()
        process.send_signal(signal.SIGTERM)  # the second does not wait for the delay
        assert await asyncio.to_thread(process.wait, 30) == 0
    assert let_go == [(200, [])] * 4
    assert balancer.refusal["parts"]["process"] == "failing"
    assert (balancer.refusal["retry-after"], balancer.refusal["connection"]) == ("5", "close")
    assert {status for status, _ in balancer.answers} == {200, 201}
    made = {body["id"] for status, body in balancer.answers if status == 201}
    logged = [json.loads(line) for line in file.read_text().splitlines()]
    assert {line["event"] for line in logged} == {"api.request"}, "something broke off"
    with (
        serving(installation.folder) as (_, url),
        httpx.Client(base_url=url, headers=installation.alice.headers) as after,
    ):
        kept: set[str] = set()
        cursor: dict[str, str] = {}
        while len(kept) <= len(made):
            page = after.get("/v1/sessions", params={"limit": 100, **cursor}).json()
            kept |= {session["id"] for session in page["items"]}
            if page["next_cursor"] is None:
                break
            cursor = {"cursor": page["next_cursor"]}
    assert kept == made | {first["id"]}, "every session that was promised is there, and no other"
