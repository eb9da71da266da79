"""A relay or the api that is away: who is told what, and what goes on."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.api_client import ApiClient
from agent.seat import Seat
from agent.viewer import events
from agent.viewer.session import ViewerSession
from tests.e2e.operator import until
from tests.e2e.stack import Parts, Stack, accept, run_parts
from tests.fixtures.xvfb import Xvfb
from tools.demo import Customer
from wire.messages.input import ButtonEvent, TextEvent

pytestmark = [pytest.mark.x11, pytest.mark.xdist_group("outages")]


@pytest.fixture
def product() -> Iterator[tuple[Stack, Parts]]:
    with run_parts() as running:
        yield running


async def until_event(viewer: ViewerSession, kind: type[Any]) -> Any:
    while not isinstance(event := await asyncio.wait_for(viewer.next_event(), 40), kind):
        pass
    return event


async def type_words(viewer: ViewerSession, *words: str) -> None:
    for word in words:
        async with asyncio.timeout(30):
            while not viewer.send(TextEvent(word + "\n")):
                await asyncio.sleep(0.05)


async def join(stack: Stack, api: ApiClient, session: str) -> ViewerSession:
    return ViewerSession(
        await Seat.take(api, await api.post(f"/v1/sessions/{session}/ticket"), "operator", "viewer"), api
    )


def test_a_killed_relay_and_a_killed_api_cost_no_session(
    product: tuple[Stack, Parts], desktop: Xvfb, tmp_path: Path
) -> None:
    """Ordered input over a relay that dies and comes back, then while the api is away: nothing lost, nothing twice."""
    stack, parts = product
    parts.start("relay")
    written, made = tmp_path / "typed.txt", stack.session()

    async def operate(customer: Customer) -> None:
        async with ApiClient(stack.url, token=stack.token) as api:
            viewer = await join(stack, api, made["id"])
            async with viewer:
                digits = await until_event(viewer, events.Digits)
                await asyncio.to_thread(accept, customer, digits.digits)
                viewer.confirm()
                await until_event(viewer, events.Drawn)
                viewer.send(ButtonEvent(True, 1, 200, 100), ButtonEvent(False, 1, 200, 100))
                await type_words(viewer, "one")
                parts.kill("relay")
                await until_event(viewer, events.HostAway)
                await asyncio.to_thread(parts.start, "relay")
                await until_event(viewer, events.Drawn)
                await type_words(viewer, "two")
                parts.kill("api")
                await type_words(viewer, "three")
                await asyncio.to_thread(until, lambda: written.read_text().count("\n") == 3, 20, "the third line")
                await asyncio.to_thread(parts.start, "api")
                viewer.end()
                await until_event(viewer, events.Ended)

    with (
        desktop.program("xterm", "-geometry", "80x24+20+20", "-e", f"sh -c 'cat > {written}'"),
        stack.customer(made["code"], desktop.display) as customer,
    ):
        until(written.exists, what="the program")
        asyncio.run(operate(customer))
        customer.until("other side ended it")
        assert customer.seen.count("yes or no, then Enter") == 1, "nobody was asked again"
    assert written.read_text() == "one\ntwo\nthree\n"
    until(lambda: stack.ok("GET", f"/v1/sessions/{made['id']}")["state"] == "ended", 20, "the end at the api")


def test_a_customer_is_told_that_the_relay_is_away_and_joins_when_it_is_back(product: tuple[Stack, Parts]) -> None:
    stack, parts = product
    parts.start("relay")
    made = stack.session()
    parts.kill("relay")
    with stack.customer(made["code"]) as customer:
        customer.until("does not answer; trying again")
        parts.start("relay")
        with stack.viewer(made["id"]) as viewer:
            accept(customer, viewer.until("digits")["digits"])
            viewer.until("accepted")
            customer.type("s")
            viewer.until("ended")


def test_the_operator_is_told_that_the_api_is_away(product: tuple[Stack, Parts]) -> None:
    stack, parts = product
    parts.kill("api")
    said = stack.tasuki("session", "list")
    assert said.returncode == 3
    assert "does not answer" in said.stderr
    assert len(said.stderr.strip().splitlines()) == 1
