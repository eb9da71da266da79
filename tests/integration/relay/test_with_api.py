"""The relay with the real api: what the fake one in the other tests stands for."""

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.e2e.stack import COMPANY, PASSWORD, Stack, run_stack
from tests.integration.relay.client import Client, Refusal, message
from wire.header import Delivery, Stream

pytestmark = pytest.mark.xdist_group("relay_with_api")


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with run_stack() as running:
        yield running


def port_of(relays: list[dict[str, str]]) -> int:
    return int(relays[0]["url"].rsplit(":", 1)[1])


async def meet(stack: Stack) -> tuple[dict[str, Any], dict[str, Any], Client, Client]:
    """A session with both sides connected: (session, the customer's join answer, host, viewer)."""
    session = stack.session()
    joined = httpx.post(f"{stack.url}/v1/join", json={"code": session["code"]}, timeout=10).json()
    ticket = stack.ok("POST", f"/v1/sessions/{session['id']}/ticket")
    host = await Client.open(port_of(joined["relays"]), joined["ticket"])
    welcome = await host.text("welcome")
    assert welcome["session"] == session["id"]
    assert welcome["relays"] == joined["relays"]
    viewer = await Client.join(port_of(ticket["relays"]), ticket["ticket"])
    assert (await host.text("joined"))["sender"] == ticket["participant"]["sender"]
    return session, joined, host, viewer


async def state(stack: Stack, session: dict[str, Any], wanted: str) -> dict[str, Any]:
    """The session once it is in a state."""
    until = time.monotonic() + 10
    while (found := stack.ok("GET", f"/v1/sessions/{session['id']}"))["state"] != wanted:
        assert time.monotonic() < until, found
        await asyncio.sleep(0.05)
    return found


async def test_a_session_from_ticket_to_end(stack: Stack) -> None:
    session, joined, host, viewer = await meet(stack)
    host.send_text(type="admit", sender=2)
    await state(stack, session, "active")
    chat = message(Delivery.ORDERED, Stream.CHAT, 1, 2, bytes(5_000))
    host.send_messages(chat)
    assert await viewer.message() == chat
    stack.ok("POST", f"/v1/sessions/{session['id']}/end", {"reason": "ended"})
    async with asyncio.timeout(5):
        for client in (host, viewer):
            assert await client.text("ended") == {"type": "ended", "by": "operator", "reason": "ended"}
            assert await client.closed() == 4003
    with pytest.raises(Refusal) as refusal:
        await Client.open(port_of(joined["relays"]), joined["resume_ticket"])
    assert refusal.value.status == 410


async def test_the_hosts_end_reaches_the_api(stack: Stack) -> None:
    session, _, host, viewer = await meet(stack)
    host.send_text(type="end", reason="refused")
    assert (await viewer.text("ended"))["by"] == "customer"
    over = await state(stack, session, "ended")
    assert (over["ended_by"], over["reason"]) == ("customer", "refused")


async def test_a_lost_session_is_interrupted_and_comes_back_by_resume_ticket(stack: Stack) -> None:
    session, joined, host, viewer = await meet(stack)
    host.send_text(type="admit", sender=2)
    await state(stack, session, "active")
    host.close()
    viewer.close()
    await state(stack, session, "interrupted")
    await Client.join(port_of(joined["relays"]), joined["resume_ticket"])
    await state(stack, session, "active")
    stack.ok("POST", f"/v1/sessions/{session['id']}/end", {})


def bob(stack: Stack) -> tuple[str, str]:
    """Another operator, signed in: id and access token."""
    made = stack.ok("POST", "/v1/operators", {"login": f"bob{time.monotonic_ns()}", "name": "Bob"})
    login = {"username": f"{COMPANY}/{made['login']}", "password": made["one_time_password"]}
    answer = httpx.post(f"{stack.url}/v1/auth/password", json=login | {"new_password": PASSWORD + "-bob"}, timeout=30)
    assert answer.is_success, answer.text
    return made["id"], answer.json()["access_token"]


async def test_after_a_transfer_the_operator_before_is_out_and_the_next_comes_in(stack: Stack) -> None:
    session, joined, host, viewer = await meet(stack)
    host.send_text(type="admit", sender=2)
    await state(stack, session, "active")
    path, (bob_id, token) = f"/v1/sessions/{session['id']}", bob(stack)
    before = stack.ok("POST", f"{path}/ticket")
    stack.ok("POST", f"{path}/transfer", {"operator_id": bob_id})
    async with asyncio.timeout(5):
        assert await viewer.closed() == 4002
        assert await host.text("left") == {"type": "left", "sender": 2}
    for old in (before["ticket"], before["resume_ticket"]):
        with pytest.raises(Refusal) as refusal:
            await Client.open(port_of(joined["relays"]), old)
        assert refusal.value.status == 410
    resumed = httpx.post(
        f"{stack.url}/v1/resume", headers={"Authorization": f"Bearer {before['resume_ticket']}"}, timeout=10
    )
    assert resumed.status_code == 401
    ticket = stack.api("POST", f"{path}/ticket", token=token).json()
    await Client.join(port_of(ticket["relays"]), ticket["ticket"])
    assert (await host.text("joined"))["sender"] == 3
    assert stack.ok("GET", path)["state"] == "active", "the session of the customer has gone on"
    stack.ok("POST", f"{path}/end", {})


async def test_a_pause_of_the_host_reaches_the_api(stack: Stack) -> None:
    session, _, host, viewer = await meet(stack)
    host.send_text(type="admit", sender=2)
    await state(stack, session, "active")
    viewer.send_text(type="paused")
    host.send_text(type="paused")
    await state(stack, session, "paused")
    host.send_text(type="resumed")
    await state(stack, session, "active")
    stack.ok("POST", f"/v1/sessions/{session['id']}/end", {})
