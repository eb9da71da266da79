"""After a real session: database, disk and memory of the server hold nothing of the screen and nothing that was typed."""

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from agent.api_client import ApiClient
from agent.seat import Seat
from agent.viewer import events
from agent.viewer.session import ViewerSession
from tests.e2e.operator import until
from tests.e2e.stack import Stack, accept
from tests.fixtures.xvfb import Xvfb
from tools.demo import Customer
from wire.messages.input import ButtonEvent, TextEvent

pytestmark = [pytest.mark.x11, pytest.mark.xdist_group("cli")]

COLOUR = (0xA7, 0x3C, 0x91)
PIXELS = bytes((*reversed(COLOUR), 0)) * 16
"""Sixteen pixels in a row, as the capture holds them (BGRX)."""
OPAQUE = bytes((*reversed(COLOUR), 255)) * 16
RGBA = bytes((*COLOUR, 255)) * 16
TYPED = "tasuki-marker-4f1c9e77"


def memory(pid: int) -> Iterator[bytes]:
    """The writable memory of a process of ours, region by region."""
    with Path(f"/proc/{pid}/maps").open() as maps, Path(f"/proc/{pid}/mem").open("rb", 0) as content:
        for line in maps:
            span = re.match(r"([0-9a-f]+)-([0-9a-f]+) rw", line)
            if span is None:
                continue
            start, end = (int(part, 16) for part in span.groups())
            try:
                content.seek(start)
                yield content.read(end - start)
            except (OSError, ValueError, OverflowError):
                continue


def holds(pid: int, *patterns: bytes) -> bool:
    return any(pattern in region for region in memory(pid) for pattern in patterns)


async def watch_and_type(stack: Stack, session: str, customer: Customer, written: Path) -> bytes:
    """The operator's side: see the marker, type the marker; returns what was seen."""
    async with ApiClient(stack.url, token=stack.token) as api:
        seat = await Seat.take(api, await api.post(f"/v1/sessions/{session}/ticket"), "operator", "viewer")
        async with ViewerSession(seat, api) as viewer:
            digits: Any = await _until(viewer, events.Digits)
            await asyncio.to_thread(accept, customer, digits.digits)
            viewer.confirm()
            await _until(viewer, events.Drawn)
            await _until_shown(viewer, OPAQUE)
            click = ButtonEvent(True, 1, 200, 100), ButtonEvent(False, 1, 200, 100)
            assert viewer.send(*click, TextEvent(TYPED + "\n"))
            await asyncio.to_thread(until, lambda: TYPED in written.read_text(), 20, "what was typed")
            return bytes(viewer.protocol.picture.sync.decoder.pixels)


async def _until_shown(viewer: ViewerSession, pixels: bytes) -> None:
    while pixels not in viewer.protocol.picture.sync.decoder.pixels:
        await _until(viewer, events.Drawn)


async def _until(viewer: ViewerSession, kind: type[Any]) -> Any:
    while not isinstance(event := await asyncio.wait_for(viewer.next_event(), 30), kind):
        pass
    return event


@pytest.mark.rule("R13")
def test_nothing_of_the_session_is_on_the_server(stack: Stack, desktop: Xvfb, tmp_path: Path) -> None:
    written, made = tmp_path / "typed.txt", stack.session()
    background = f"#{bytes(COLOUR).hex()}"
    command = ("xterm", "-bg", background, "-geometry", "100x30+20+20", "-e", f"sh -c 'cat > {written}'")
    with desktop.program(*command), stack.customer(made["code"], desktop.display) as customer:
        until(written.exists, what="the program")
        seen = asyncio.run(watch_and_type(stack, made["id"], customer, written))
        assert OPAQUE in seen, "the operator saw the marker"
        assert TYPED in written.read_text(), "and what was typed arrived"
        server = psutil.Process(stack.process.pid).children(recursive=True)
        names = {" ".join(process.cmdline()) for process in server}
        assert any("relay.main" in name for name in names)
        assert any("api.main" in name for name in names)
        agents = [psutil.Process(customer.pid), *psutil.Process(customer.pid).children(recursive=True)]
        found = any(holds(process.pid, PIXELS, OPAQUE) for process in agents)
        assert found, "the search finds it where it must be: at the customer's"
        for process in server:
            assert not holds(process.pid, PIXELS, OPAQUE, RGBA, TYPED.encode()), (
                f"{process.cmdline()} holds the session"
            )
        stack.ok("POST", f"/v1/sessions/{made['id']}/end")
    for path in (path for path in stack.data.parent.rglob("*") if path.is_file()):
        content = path.read_bytes()
        assert TYPED.encode() not in content, path
        assert PIXELS not in content, path
        assert RGBA not in content, path
        assert made["code"].encode() not in content, f"{path} holds the code"
