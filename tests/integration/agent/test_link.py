"""The agent's connection to real relays: the list is walked, what a relay says for good is final."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from agent.link import Link, RelayAddress
from agent.outbox import Outbox
from tests.integration.relay.conftest import Running, settings_for, start, until
from tests.integration.relay.fake_api import FakeApi


class Core:
    """Records what the link calls."""

    def __init__(self) -> None:
        self.outbox = Outbox()
        self.texts: list[dict[str, Any]] = []
        self.connected = self.lost = 0
        self.unreachable: list[str] = []
        self.away = False

    def on_connected(self) -> None:
        self.connected += 1
        self.outbox.open()

    def on_lost(self) -> None:
        self.lost += 1

    def on_text(self, text: dict[str, Any]) -> None:
        self.texts.append(text)

    def on_frame(self, data: bytes) -> None:
        raise AssertionError("nobody sends frames here")

    def on_unreachable(self, relay_id: str, why: str) -> None:
        self.unreachable.append(relay_id)

    def alone(self) -> bool:
        return self.away

    def may_move_on(self) -> bool:
        return True


@pytest.fixture
async def api() -> AsyncIterator[FakeApi]:
    fake = FakeApi()
    await fake.start()
    yield fake
    await fake.stop()


@pytest.fixture
async def relay(api: FakeApi, tmp_path: Path) -> AsyncIterator[Running]:
    running = await start(settings_for(api.url, tmp_path / "token"))
    yield running
    await running.relay.stop()


def address(running: Running) -> RelayAddress:
    return RelayAddress("rel_01", f"ws://127.0.0.1:{running.port}")


DEAD = RelayAddress("rel_dead", "ws://127.0.0.1:9")


async def test_a_dead_relay_is_passed_over_with_the_resume_ticket(api: FakeApi, relay: Running) -> None:
    core = Core()
    resume = api.resume("ses_1", 1, 1)
    link = Link(core, [DEAD, address(relay)], api.ticket("ses_1", 1), lambda: resume)
    task = asyncio.ensure_future(link.run())
    await until(lambda: core.texts)
    assert core.unreachable == ["rel_dead"]
    assert core.texts[0]["type"] == "welcome"
    await link.close()
    await asyncio.wait_for(task, 5)
    assert link.final is None


async def test_an_end_is_final_and_a_second_connection_replaces(api: FakeApi, relay: Running) -> None:
    first, second = Core(), Core()
    resume = api.resume("ses_1", 1, 1)
    links = [Link(first, [address(relay)], api.ticket("ses_1", 1), lambda: resume)]
    tasks = [asyncio.ensure_future(links[0].run())]
    await until(lambda: first.texts)
    links.append(Link(second, [address(relay)], resume, lambda: resume))
    tasks.append(asyncio.ensure_future(links[1].run()))
    await asyncio.wait_for(tasks[0], 5)
    assert links[0].final == "replaced"
    await until(lambda: second.texts)
    api.command("end", session_id="ses_1", by="administrator", reason="ended")
    await asyncio.wait_for(tasks[1], 5)
    assert links[1].final == "ended"
    assert second.texts[-1] == {"type": "ended", "by": "administrator", "reason": "ended"}


async def test_a_lonely_viewer_goes_on_to_the_next_relay(api: FakeApi, relay: Running) -> None:
    core = Core()
    core.away = True
    resume = api.resume("ses_1", 2, 1)
    link = Link(core, [address(relay), DEAD], api.ticket("ses_1", 2), lambda: resume, alone_seconds=0.5)
    task = asyncio.ensure_future(link.run())
    await until(lambda: core.unreachable and core.connected >= 2)
    await link.close()
    await asyncio.wait_for(task, 5)
    assert core.lost >= 1
