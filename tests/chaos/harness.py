"""A session over several relay processes, an operator who never stops working, and somebody who kills relays."""

import asyncio
import itertools
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from agent.api_client import ApiClient
from agent.seat import Seat
from agent.viewer import events
from agent.viewer.session import ViewerSession
from tests.e2e.stack import ROOT, TASUKI, Parts, Stack, accept, free_ports, run_parts
from tests.fixtures.xvfb import Xvfb, run_xvfb
from tools.demo import Customer, until_line
from wire.messages.input import ButtonEvent, TextEvent, WheelEvent

PATIENCE_SECONDS: Final = 30.0
TYPING_SECONDS: Final = 0.05


class Relays:
    """Relay processes of one installation, each with its own port, token and folder."""

    def __init__(self, parts: Parts, folder: Path, count: int) -> None:
        self._parts, self._folder = parts, folder
        self._environments: dict[str, dict[str, str]] = {}
        self._running: dict[str, subprocess.Popen[str]] = {}
        ports = free_ports(2 * count)
        for number in range(count):
            self._add(number, ports[2 * number], ports[2 * number + 1])

    @property
    def urls(self) -> list[str]:
        return list(self._environments)

    def _add(self, number: int, port: int, admin: int) -> None:
        url, token = f"ws://localhost:{port}", self._folder / f"relay-{number}.token"
        command = [*TASUKI, "admin", "relay", "add", "--url", url, "--out", str(token)]
        subprocess.run(command, env=self._parts.environment, cwd=ROOT, check=True, capture_output=True)
        self._environments[url] = self._parts.environment | {
            "TASUKI_DATA_DIR": str(self._folder / f"relay-{number}"),
            "TASUKI_RELAY_PUBLIC_URL": url,
            "TASUKI_RELAY_LISTEN": f"127.0.0.1:{port}",
            "TASUKI_RELAY_ADMIN_LISTEN": f"127.0.0.1:{admin}",
            "TASUKI_RELAY_TOKEN_FILE": str(token),
        }

    def start(self, url: str) -> None:
        """Until it says that it is ready."""
        process = subprocess.Popen(
            [*TASUKI, "serve", "relay"], env=self._environments[url], cwd=ROOT, text=True, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self._running[url] = process
        until_line(process, "ready")

    def kill(self, url: str) -> None:
        """kill -9."""
        process = self._running.pop(url)
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()

    def stop(self) -> None:
        for url in list(self._running):
            self.kill(url)


@contextmanager
def installation(count: int, folder: Path) -> Iterator[tuple[Stack, Parts, Relays, Xvfb]]:
    """Api, relays and a virtual desktop."""
    with run_xvfb(800, 600) as desktop, run_parts() as (stack, parts):
        relays = Relays(parts, folder, count)
        try:
            for url in relays.urls:
                relays.start(url)
            yield stack, parts, relays, desktop
        finally:
            relays.stop()


@dataclass
class Work:
    """An operator who types numbered lines, scrolls and writes, for as long as it lasts."""

    viewer: ViewerSession
    typing: "asyncio.Task[None]" = field(init=False)
    typed: int = 0
    drawn_at: float = 0.0
    false: bool = False
    """A picture was drawn that the host did not vouch for."""
    ended: events.Ended | None = None
    _drawn: asyncio.Event = field(default_factory=asyncio.Event)

    async def type(self) -> None:
        """One line after another; a line that could not be sent is tried again, as a person would."""
        for number in itertools.count(1):
            while not self.viewer.send(TextEvent(f"{number}\n"), WheelEvent(0, 120, 300, 200)):
                await asyncio.sleep(TYPING_SECONDS)
            self.typed = number
            await asyncio.sleep(TYPING_SECONDS)

    async def look(self) -> None:
        """Take in what happens."""
        while self.ended is None:
            event = await self.viewer.next_event()
            if isinstance(event, events.Drawn):
                self.drawn_at = time.monotonic()
                self._drawn.set()
            elif isinstance(event, events.PictureFalse):
                self.false = True
            elif isinstance(event, events.Ended):
                self.ended = event

    async def next_picture(self, after: float) -> float:
        """Seconds from `after` to the first picture drawn since."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while self.drawn_at <= after:
                self._drawn.clear()
                await self._drawn.wait()
        return self.drawn_at - after

    @property
    def relay(self) -> str:
        """Where the operator is connected."""
        return self.viewer._link.address.url

    async def stop(self) -> None:
        """Type no more."""
        self.typing.cancel()
        await asyncio.gather(self.typing, return_exceptions=True)


@asynccontextmanager
async def working(stack: Stack, session: str, customer: Customer) -> AsyncIterator[Work]:
    """An accepted session with somebody at work in it."""
    async with ApiClient(stack.url, token=stack.token) as api:
        seat = await Seat.take(api, await api.post(f"/v1/sessions/{session}/ticket"), "operator", "viewer")
        async with ViewerSession(seat, api) as viewer:
            while not isinstance(event := await asyncio.wait_for(viewer.next_event(), PATIENCE_SECONDS), events.Digits):
                pass
            await asyncio.to_thread(accept, customer, event.digits)
            viewer.confirm()
            work = Work(viewer)
            looking = asyncio.ensure_future(work.look())
            await work.next_picture(0.0)
            viewer.send(ButtonEvent(True, 1, 300, 200), ButtonEvent(False, 1, 300, 200))
            work.typing = asyncio.ensure_future(work.type())
            try:
                yield work
            finally:
                await work.stop()
                looking.cancel()
                await asyncio.gather(looking, return_exceptions=True)


@dataclass
class Outcome:
    """What the kills cost."""

    seconds: list[float]
    """From each kill to the next picture."""
    typed: int
    written: list[str]
    """The lines that the program on the customer's screen got."""

    @property
    def lost_or_doubled(self) -> int:
        """Lines that are missing, or there twice, or out of place."""
        expected = [str(number) for number in range(1, self.typed + 1)]
        return sum(1 for have, want in itertools.zip_longest(self.written, expected) if have != want)


def run(kills: int, kills_without_api: int, folder: Path, *, relays: int = 2) -> Outcome:
    """Kill the relay in use again and again, each time after some work, first with the api there and then with the api
    killed as well; the relay that was killed comes back meanwhile."""
    with installation(relays, folder) as (stack, parts, running, desktop):
        made, written = stack.session(), folder / "typed.txt"
        with (
            desktop.program("xterm", "-geometry", "100x30+20+20", "-e", f"sh -c 'cat > {written}'"),
            stack.customer(made["code"], desktop.display) as customer,
        ):
            attack = Attack(kills, kills_without_api, stack, parts, running)
            seconds, typed = asyncio.run(attack.carry_out(made["id"], customer, written))
            customer.type("s")
            customer.until("ended")
            assert customer.seen.count("yes or no, then Enter") == 1, "nobody was asked again"
        return Outcome(seconds, typed, written.read_text().splitlines())


@dataclass
class Attack:
    """So many kills with the api there, and so many without."""

    kills: int
    kills_without_api: int
    stack: Stack
    parts: Parts
    relays: Relays

    async def carry_out(self, session: str, customer: Customer, written: Path) -> tuple[list[float], int]:
        """`(seconds from each kill to the next picture, lines typed)`; every line had time to arrive."""
        async with working(self.stack, session, customer) as work:
            seconds = [await self._kill(work) for _ in range(self.kills)]
            self.parts.kill("api")
            seconds += [await self._kill(work) for _ in range(self.kills_without_api)]
            await work.next_picture(time.monotonic())
            await work.stop()
            await asyncio.to_thread(_settled, written, work.typed)
            await asyncio.to_thread(self.parts.start, "api")
            return seconds, work.typed

    async def _kill(self, work: Work) -> float:
        await work.next_picture(time.monotonic())
        url, began = work.relay, time.monotonic()
        self.relays.kill(url)
        seconds = await work.next_picture(began)
        assert work.ended is None, work.ended
        assert not work.false
        await asyncio.to_thread(self.relays.start, url)
        return seconds


def _settled(written: Path, typed: int) -> None:
    """Until the program has as many lines as were typed; the outcome says when it never gets there."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while len(written.read_text().splitlines()) < typed and time.monotonic() < deadline:
        time.sleep(0.1)
