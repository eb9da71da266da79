"""Stop and pause: from the hot key to the last input that was applied and the last picture that was captured, under full load.

The operator's side types without a break while the screen changes with every key; the customer presses the combination. When
a key is applied the X server itself says (a raw event of its XTEST keyboard), not anything of ours; when a picture was
captured, the host's process (bench/captures.py).
"""

import asyncio
import statistics
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from agent.api_client import ApiClient
from agent.seat import Seat
from agent.viewer import events
from agent.viewer.session import ViewerSession
from bench import captures
from bench.table import Table
from tests.e2e.stack import Stack, accept, run_stack
from tests.fixtures.xvfb import Xvfb, run_xvfb
from tools.demo import Customer
from wire.messages.input import ButtonEvent, KeyEvent

PAUSES, STOPS = 30, 12
"""A stop ends its session: each has one of its own."""
GOAL_MS = 200.0
WARM_SECONDS = 0.7
QUIET_SECONDS = 1.0
"""After the hot key everything is watched for so long."""
_RAW_KEY = 13


class Applied(threading.Thread):
    """When the X server last saw the operator's key go down."""

    def __init__(self, desktop: Xvfb) -> None:
        super().__init__(daemon=True)
        from Xlib import XK, display
        from Xlib.ext import xinput
        from Xlib.protocol import rq

        self._display: Any = display.Display(desktop.display)
        opcode = self._display.query_extension("XInputExtension").major_opcode
        layout = rq.Struct(
            xinput.DEVICEID("deviceid"), rq.Card32("time"), rq.Card32("detail"), rq.Card16("sourceid"), rq.Pad(10)
        )
        self._display.xinput_query_version()
        self._display.ge_add_event_data(opcode, _RAW_KEY, layout)
        self._display.screen().root.xinput_select_events([(xinput.AllMasterDevices, 1 << _RAW_KEY)])
        self._display.sync()
        self._code = self._display.keysym_to_keycode(XK.XK_a)
        self.last = 0.0

    def run(self) -> None:
        with suppress(Exception):
            while True:
                event = self._display.next_event()
                if event.type == 35 and event.evtype == _RAW_KEY and event.data.detail == self._code:
                    self.last = time.perf_counter()


class HotKey:
    """The customer's fingers on Ctrl+Shift and a function key."""

    def __init__(self, desktop: Xvfb) -> None:
        from Xlib import XK, X, display
        from Xlib.ext import xtest

        self._display: Any = display.Display(desktop.display)
        self._codes = {
            name: self._display.keysym_to_keycode(getattr(XK, f"XK_{name}"))
            for name in ("Control_L", "Shift_L", "F11", "F12")
        }
        self._fake, self._down, self._up = xtest.fake_input, X.KeyPress, X.KeyRelease

    def press(self, name: str) -> float:
        """The combination; returns when its last key went down."""
        for held in ("Control_L", "Shift_L"):
            self._fake(self._display, self._down, self._codes[held])
        self._display.sync()
        self._fake(self._display, self._down, self._codes[name])
        pressed = time.perf_counter()
        self._display.flush()
        for held in (name, "Shift_L", "Control_L"):
            self._fake(self._display, self._up, self._codes[held])
        self._display.sync()
        return pressed


async def _until(viewer: ViewerSession, kind: type[Any]) -> Any:
    while not isinstance(event := await asyncio.wait_for(viewer.next_event(), 60), kind):
        pass
    return event


async def _type(viewer: ViewerSession) -> None:
    """Keys as fast as a fast machine repeats them, whether or not they are taken."""
    while True:
        viewer.send(KeyEvent(True, 0x61), KeyEvent(False, 0x61))
        await asyncio.sleep(0.005)


async def _watch(viewer: ViewerSession) -> None:
    while True:
        await viewer.next_event()


async def _rounds(
    stack: Stack, session: str, customer: Customer, desktop: Xvfb, captured: Path, names: list[str]
) -> list[tuple[float, float]]:
    """Milliseconds to the last applied key and the last capture, for each press of a hot key."""
    applied, hotkey, found = Applied(desktop), HotKey(desktop), []
    async with ApiClient(stack.url, token=stack.token) as api:
        seat = await Seat.take(api, await api.post(f"/v1/sessions/{session}/ticket"), "operator", "viewer")
        async with ViewerSession(seat, api) as viewer:
            digits = await _until(viewer, events.Digits)
            await asyncio.to_thread(accept, customer, digits.digits)
            viewer.confirm()
            await _until(viewer, events.Drawn)
            viewer.send(ButtonEvent(True, 1, 300, 200), ButtonEvent(False, 1, 300, 200))
            applied.start()
            tasks = [asyncio.ensure_future(_type(viewer)), asyncio.ensure_future(_watch(viewer))]
            for name in names:
                await asyncio.sleep(WARM_SECONDS)
                before = time.perf_counter() - WARM_SECONDS
                assert applied.last > before, "input is applied before the hot key"
                assert captures.last(captured, before) > before, "and pictures are captured"
                at = await asyncio.to_thread(hotkey.press, name)
                await asyncio.sleep(QUIET_SECONDS)
                last = captures.last(captured, at)
                found.append(((max(applied.last, at) - at) * 1e3, (last - at) * 1e3))
                if name == "F11":
                    await asyncio.to_thread(hotkey.press, name)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    return found


def stop_and_pause(table: Table, pauses: int = PAUSES, stops: int = STOPS) -> None:
    """Worst of many rounds each, against what may pass."""
    found: dict[str, list[tuple[float, float]]] = {"pause": [], "stop": []}
    sessions = [("pause", ["F11"] * pauses), *[("stop", ["F12"])] * stops]
    with (
        tempfile.TemporaryDirectory() as folder,
        run_stack() as stack,
        run_xvfb(1280, 800) as desktop,
        desktop.program("xterm", "-geometry", "100x40+50+50"),
    ):
        captured = Path(folder) / "captures"
        for name, presses in sessions:
            made, hook = stack.session(), captures.variables(Path(folder), captured)
            with stack.customer(made["code"], desktop.display, **hook) as customer:
                found[name] += asyncio.run(_rounds(stack, made["id"], customer, desktop, captured, presses))
    for name, rounds in found.items():
        for what, times in zip(("applied input", "captured picture"), zip(*rounds, strict=True), strict=True):
            p95 = statistics.quantiles(times, n=20, method="inclusive")[-1] if len(times) > 1 else times[0]
            note = f"ms, worst of {len(times)} (median {statistics.median(times):.0f}, p95 {p95:.0f}); other: what may pass"
            table.at_most(f"{name}: hot key to last {what}", max(times), GOAL_MS, 1.0, note)
