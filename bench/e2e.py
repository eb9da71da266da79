"""The whole product against the X server's own time and against the bare web framework."""

import asyncio
import os
import select
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from agent.api_client import ApiClient
from agent.seat import Seat
from agent.viewer import events
from agent.viewer.session import ViewerSession
from bench import protocol
from bench.stop import stop_and_pause
from bench.table import Table
from tests.chaos import harness as chaos
from tests.chaos.__main__ import FREEZE_SECONDS
from tests.e2e.stack import TASUKI, Stack, accept, free_ports, run_stack
from tests.fixtures.xvfb import Xvfb, run_xvfb
from tools.demo import Customer, running, until_line
from wire.messages.input import KeyEvent

KEYS = 60
PLACE = (300, 200)
REST_SECONDS = 0.05
KILLS = 16
BARE = """
import fastapi, sqlmodel, uvicorn
app = fastapi.FastAPI()
@app.get("/")
def root() -> dict[str, bool]:
    return {"ok": True}
uvicorn.run(app, port=PORT, log_level="error")
"""


def key_to_damage(desktop: Xvfb) -> list[float]:
    """Milliseconds from an XTEST key press to the X server's damage event: nobody can show the key sooner."""
    from Xlib import XK, X, display
    from Xlib.ext import damage, xtest

    connection: Any = display.Display(desktop.display)
    connection.damage_query_version()
    mark = connection.screen().root.damage_create(damage.DamageReportNonEmpty)
    xtest.fake_input(connection, X.MotionNotify, x=PLACE[0], y=PLACE[1])
    connection.sync()
    code, times = connection.keysym_to_keycode(XK.XK_a), []
    for _ in range(KEYS):
        time.sleep(REST_SECONDS)
        while connection.pending_events():
            connection.next_event()
        connection.damage_subtract(mark)
        connection.sync()
        while connection.pending_events():
            connection.next_event()
        start = time.perf_counter()
        xtest.fake_input(connection, X.KeyPress, code)
        xtest.fake_input(connection, X.KeyRelease, code)
        connection.flush()
        select.select([connection], [], [], 5)
        times.append((time.perf_counter() - start) * 1e3)
    connection.close()
    return times


async def key_to_picture(stack: Stack, session: str, customer: Customer) -> list[float]:
    """Milliseconds from a key press at a headless viewer to the changed picture there, over the relay."""
    async with ApiClient(stack.url, token=stack.token) as api:
        seat = await Seat.take(api, await api.post(f"/v1/sessions/{session}/ticket"), "operator", "viewer")
        async with ViewerSession(seat, api) as viewer:
            digits = await _until(viewer, events.Digits)
            await asyncio.to_thread(accept, customer, digits.digits)
            viewer.confirm()
            await _until(viewer, events.Drawn)
            viewer.point(*PLACE)
            await asyncio.sleep(1)
            return [await _one_key(viewer, 0x61 + n % 26) for n in range(KEYS)]


async def _until(viewer: ViewerSession, kind: type[Any]) -> Any:
    while not isinstance(event := await asyncio.wait_for(viewer.next_event(), 30), kind):
        pass
    return event


async def _one_key(viewer: ViewerSession, keysym: int) -> float:
    await asyncio.sleep(REST_SECONDS)
    while viewer.pending:
        await viewer.next_event()
    start = time.perf_counter()
    viewer.send(KeyEvent(True, keysym), KeyEvent(False, keysym))
    await _until(viewer, events.Drawn)
    return (time.perf_counter() - start) * 1e3


def latency(table: Table) -> None:
    with run_stack() as stack, run_xvfb(1920, 1080) as desktop, desktop.program("xterm", "-geometry", "100x40+50+50"):
        time.sleep(1)
        made = stack.session()
        bound = key_to_damage(desktop)
        with stack.customer(made["code"], desktop.display) as customer:
            ours = asyncio.run(key_to_picture(stack, made["id"], customer))
        bound += key_to_damage(desktop)
    table.at_most(
        "key press to changed picture, headless, over the relay",
        statistics.median(ours),
        statistics.median(bound),
        10.0,
        f"ms, medians of {KEYS}; other: the X server's key-to-damage; p90 {sorted(ours)[KEYS * 9 // 10]:.1f}",
    )


def bare_start() -> float:
    """Seconds until a FastAPI process with one route answers."""
    [port] = free_ports(1)
    start = time.perf_counter()
    with running([sys.executable, "-c", BARE.replace("PORT", str(port))]):
        while True:
            try:
                httpx.get(f"http://127.0.0.1:{port}/", timeout=1)
            except httpx.TransportError:
                time.sleep(0.005)
            else:
                return time.perf_counter() - start


def serve_start(environment: dict[str, str]) -> float:
    """Seconds until `tasuki serve` says that api and relay are ready."""
    start = time.perf_counter()
    with running([*TASUKI, "serve"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        until_line(process, "Tasuki is ready")
        return time.perf_counter() - start


def startup(table: Table, rounds: int = 3) -> None:
    web, relay, admin = free_ports(3)
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {
            "TASUKI_DATA_DIR": str(Path(folder) / "data"),
            "TASUKI_PUBLIC_URL": f"http://localhost:{web}",
            "TASUKI_API_URL": f"http://localhost:{web}",
            "TASUKI_API_LISTEN": f"127.0.0.1:{web}",
            "TASUKI_RELAY_PUBLIC_URL": f"ws://localhost:{relay}",
            "TASUKI_RELAY_LISTEN": f"127.0.0.1:{relay}",
            "TASUKI_RELAY_ADMIN_LISTEN": f"127.0.0.1:{admin}",
        }
        bare_start()
        fresh = serve_start(environment)
        bare = [bare_start() for _ in range(rounds)]
        again = [serve_start(environment) for _ in range(rounds)]
    other = statistics.median(bare)
    note = "s; other: import FastAPI and SQLModel, uvicorn with one route answers"
    table.at_most("tasuki serve ready, first start (makes the database)", fresh, other, 5.0, note)
    table.at_most("tasuki serve ready, later starts", statistics.median(again), other, 5.0, note)


def relay_killed(table: Table, kills: int = KILLS) -> None:
    """kill -9 of the relay in use under typing and scrolling, half of the times with the api away: the harness of
    `make chaos`, which has more of them."""
    with tempfile.TemporaryDirectory() as folder:
        outcome = chaos.run(kills - kills // 2, kills // 2, Path(folder))
    p95 = statistics.quantiles(outcome.seconds, n=20, method="inclusive")[-1]
    note = f"s, {len(outcome.seconds)} kills, median {statistics.median(outcome.seconds):.2f}, worst {max(outcome.seconds):.2f}"
    table.at_most(
        "relay killed: time to next correct picture, p95", p95, FREEZE_SECONDS, 1.0, note + "; other: the limit"
    )
    lost, note = outcome.lost_or_doubled, f"of {outcome.typed} typed lines; other: one, which would be too many"
    table.at_most("relay killed: ordered messages lost or doubled", lost, 1.0, 0.0, note)


def main() -> int:
    table = Table("e2e")
    parts: list[Callable[[Table], None]] = [protocol.rows, latency, startup, stop_and_pause, relay_killed]
    for part in parts:
        part(table)
    return table.finish()


if __name__ == "__main__":
    sys.exit(main())
