"""The customer's own mouse and keyboard come first: over the running product, with a hand on a real X device (P2)."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from agent.api_client import ApiClient
from agent.seat import Seat
from agent.viewer import events
from agent.viewer.session import ViewerSession
from tests.e2e.operator import until
from tests.e2e.stack import Stack, accept
from tests.fixtures.xvnc import Hand, run_xvnc
from tools.demo import Customer
from wire.messages.input import ButtonEvent, TextEvent

pytestmark = [pytest.mark.x11, pytest.mark.xdist_group("moment")]
REST = "1"


async def until_event(viewer: ViewerSession, kind: type[Any]) -> Any:
    while not isinstance(event := await asyncio.wait_for(viewer.next_event(), 40), kind):
        pass
    return event


async def operate(stack: Stack, session: str, customer: Customer, hand: Hand, written: Path) -> None:
    async with ApiClient(stack.url, token=stack.token) as api:
        viewer = ViewerSession(
            await Seat.take(api, await api.post(f"/v1/sessions/{session}/ticket"), "operator", "viewer"), api
        )
        async with viewer:
            digits = await until_event(viewer, events.Digits)
            await asyncio.to_thread(accept, customer, digits.digits)
            viewer.confirm()
            await until_event(viewer, events.Drawn)
            click = (ButtonEvent(True, 1, 200, 100), ButtonEvent(False, 1, 200, 100))
            viewer.send(*click, TextEvent("before\n"))
            await asyncio.to_thread(until, lambda: written.read_text() == "before\n", 15, "the first line")
            hand.moves(640, 400)
            assert (await until_event(viewer, events.Holder)).who == "host"
            assert not viewer.send(TextEvent("meanwhile\n")), "the viewer knows that it waits"
            await asyncio.to_thread(customer.until, "You are in control")
            assert (await until_event(viewer, events.Holder)).who == "viewer", "after a rest"
            await asyncio.to_thread(customer.until, "You are in control(?s:.)*sees and controls")
            hand.presses(0xFFE3)
            assert (await until_event(viewer, events.Holder)).who == "host"
            customer.type("g")
            assert (await until_event(viewer, events.Holder)).who == "viewer", "given back by hand"
            async with asyncio.timeout(20):
                while not viewer.send(*click, TextEvent("after\n")):
                    await asyncio.sleep(0.05)
            await asyncio.to_thread(until, lambda: written.read_text() == "before\nafter\n", 15, "the last line")
            viewer.end()


def noted(stack: Stack, path: str) -> int | None:
    """How often the receipt says that the customer's own hand took over."""
    host = stack.ok("GET", path)["receipt"]["host"]
    return None if host is None or host["ended"] is None else int(host["own_input"])


def test_the_operator_waits_while_the_customer_uses_the_mouse(stack: Stack, tmp_path: Path) -> None:
    written, made = tmp_path / "typed.txt", stack.session()
    with (
        run_xvnc() as (desktop, hand),
        desktop.program("xterm", "-geometry", "80x24+20+20", "-e", f"sh -c 'cat > {written}'"),
        stack.customer(made["code"], desktop.display, TASUKI_OWN_INPUT_SECONDS=REST) as customer,
    ):
        until(written.exists, what="the program")
        asyncio.run(operate(stack, made["id"], customer, hand, written))
        customer.until("other side ended it")
        path = f"/v1/sessions/{made['id']}/receipt?wait=10"
        until(lambda: noted(stack, path) == 2, what="the host's word, in the receipt that both sides can have")
