"""The window on a real X server, used by mouse and keyboard as a customer does."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import mss
import pytest

from agent.host.grants import FEATURES
from agent.host.ui import CustomerStoppedError, How, Kind, Problem, Question, Sign, choose_interface
from agent.host.ui.hotkey import NoHotKey, PynputHotKey, hotkey_for
from agent.host.ui.terminal import TerminalInterface
from agent.host.ui.tk import look
from agent.host.ui.window import WindowInterface
from tests.fixtures.xvfb import Xvfb, run_xvfb

pytestmark = pytest.mark.x11

QUESTION = Question("Alice", "Acme", "password", "support.acme.example", "control", ("chat",))
SECONDS = 20.0


class Person:
    """Somebody at the screen: keyboard and mouse by xdotool."""

    def __init__(self, server: Xvfb, ui: WindowInterface) -> None:
        self.server = server
        self.ui = ui

    async def do(self, *words: str) -> str:
        process = await asyncio.create_subprocess_exec(
            "xdotool",
            *words,
            env=self.server.environ,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        out, _ = await process.communicate()
        return out.decode()

    async def window(self) -> tuple[int, int, int, int]:
        """Wait for the window that is shown: id, x, y, width."""
        while True:
            found = (await self.do("search", "--onlyvisible", "--class", "Tasuki")).split()
            if found:
                shape = dict(
                    line.split("=")
                    for line in (await self.do("getwindowgeometry", "--shell", found[-1])).split()
                    if "=" in line
                )
                if int(shape.get("WIDTH", 0)) > 100:
                    return int(found[-1]), int(shape["X"]), int(shape["Y"]), int(shape["WIDTH"])
            await asyncio.sleep(0.02)

    async def press(self, *keys: str, until: "asyncio.Task[object] | None" = None) -> None:
        """Press keys; again and again if `until` is given and not done (the page may still be on its way)."""
        await self.do("key", *keys)
        while until is not None and not until.done():
            await asyncio.sleep(0.1)
            if not until.done():
                await self.do("key", *keys)

    async def sees(self, colour: str) -> None:
        """Wait until a colour of `look` is somewhere on the screen."""
        wanted = bytes.fromhex(colour[1:])
        while True:
            with mss.MSS(display=self.server.display) as screen:
                pixels = screen.grab(screen.monitors[0]).rgb
            if any(pixels[at : at + 3] == wanted for at in range(0, len(pixels), 3 * 7)):
                return
            await asyncio.sleep(0.02)

    def pixel(self, x: int, y: int) -> tuple[int, ...]:
        with mss.MSS(display=self.server.display) as screen:
            shot = screen.grab({"left": x, "top": y, "width": 1, "height": 1})
            return tuple(shot.pixel(0, 0))


@asynccontextmanager
async def person(server: Xvfb, hot: bool = False, lang: str = "en") -> AsyncIterator[Person]:
    before = os.environ.get("DISPLAY")
    os.environ["DISPLAY"] = server.display
    try:
        async with WindowInterface(lang, hotkey=PynputHotKey() if hot else None) as ui, asyncio.timeout(SECONDS):
            yield Person(server, ui)
    finally:
        os.environ.pop("DISPLAY")
        if before is not None:
            os.environ["DISPLAY"] = before


@pytest.fixture(scope="module")
def server() -> Iterator[Xvfb]:
    with run_xvfb() as running:
        yield running


@contextmanager
def openbox(server: Xvfb) -> Iterator[None]:
    with server.program("openbox"):
        subprocess.run(
            ["sh", "-c", "until xprop -root _NET_SUPPORTING_WM_CHECK | grep -q window; do sleep 0.05; done"],
            env=server.environ,
            check=True,
            timeout=10,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        yield


async def test_digits_are_typed_and_sent_by_enter(server: Xvfb) -> None:
    async with person(server) as someone:
        await someone.ui.show_waiting(QUESTION)
        await someone.window()
        asked = asyncio.create_task(someone.ui.ask_digits(2, Problem.WRONG))
        await someone.sees(look.PROBLEM)
        await someone.do("type", "12a45 6x7")
        await someone.press("Return")
        await someone.do("type", "8")
        await someone.press("Return", until=asked)
        assert await asked == "124567"


async def test_enter_alone_means_no(server: Xvfb) -> None:
    async with person(server) as someone:
        asked = asyncio.create_task(someone.ui.ask_consent(QUESTION))
        await someone.press("Return", until=asked)
        assert await asked is False


async def test_yes_takes_a_deliberate_choice(server: Xvfb) -> None:
    async with person(server) as someone:
        asked = asyncio.create_task(someone.ui.ask_consent(QUESTION))
        await someone.sees(look.PRIMARY)
        await someone.press("Tab")
        await someone.press("Return")
        assert await asked is True


@pytest.mark.rule("R12")
async def test_yes_cannot_be_pressed_in_the_first_moment(server: Xvfb, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.host.ui.window.YES_DELAY_MS", 60_000)
    async with person(server) as someone:
        asked = asyncio.create_task(someone.ui.ask_consent(QUESTION))
        await someone.sees(look.WARNING)
        _, x, y, width = await someone.window()
        for below in range(300, 560, 20):
            await someone.do("mousemove", str(x + width - 100), str(y + below), "click", "1")
        await someone.press("Tab")
        await someone.press("Return", until=asked)
        assert await asked is False


@pytest.mark.parametrize("how", ["Escape", "close"])
async def test_escape_and_closing_mean_no(server: Xvfb, how: str) -> None:
    with openbox(server):
        async with person(server) as someone:
            asked = asyncio.create_task(someone.ui.ask_consent(QUESTION))
            window, *_ = await someone.window()
            await asyncio.sleep(0.2)
            if how == "close":
                await someone.do("windowquit", str(window))
                await someone.press("alt+F4", until=asked)
            else:
                await someone.press("Escape", until=asked)
            assert await asked is False


async def test_closing_while_digits_are_asked_is_a_stop(server: Xvfb) -> None:
    async with person(server) as someone:
        asked = asyncio.create_task(someone.ui.ask_digits(1))
        await someone.press("Escape", until=asked)
        with pytest.raises(CustomerStoppedError):
            await asked
        assert (await someone.ui.next_event()).kind is Kind.STOP


async def sign(someone: Person, question: Question = QUESTION, how: Sign | None = None) -> tuple[int, int, int, int]:
    """Show the sign and wait until it rests at its place."""
    await someone.ui.show_sign(question, how)
    await someone.sees(look.DOTS[how.state if how else question.mode])
    before, shape = None, await someone.window()
    while shape != before or shape[3] in (200, 600):
        await asyncio.sleep(0.1)
        before, shape = shape, await someone.window()
    return shape


async def test_the_signs_buttons(server: Xvfb) -> None:
    async with person(server) as someone:
        _, x, y, width = await sign(someone)
        await someone.do("mousemove", str(x + width - 130), str(y + 28), "click", "1")
        event = await someone.ui.next_event()
        assert (event.kind, event.how) == (Kind.PAUSE, How.BUTTON)
        _, x, y, width = await sign(someone, how=Sign("paused"))
        await someone.do("mousemove", str(x + width - 40), str(y + 28), "click", "1")
        assert (await someone.ui.next_event()).kind is Kind.STOP


async def test_a_long_name_hides_neither_stop_nor_the_answer(server: Xvfb) -> None:
    endless = Question("W" * 48, "W" * 48, "password", "support.acme.example", "control", ("chat",) * 9, "required")
    with run_xvfb(800, 600) as small:
        async with person(small) as someone:
            asked = asyncio.create_task(someone.ui.ask_consent(endless))
            await someone.press("Escape", until=asked)
            assert await asked is False
            all_of_it = Sign("control", granted=tuple(sorted(FEATURES)), others=("W" * 48,))
            _, x, y, width = await sign(someone, endless, all_of_it)
            assert x >= 0
            assert x + width <= 800
            await someone.do("mousemove", str(x + width - 40), str(y + 30), "click", "1")
            assert (await someone.ui.next_event()).kind is Kind.STOP


async def test_the_sign_comes_back(server: Xvfb) -> None:
    async with person(server) as someone:
        window, x, y, _ = await sign(someone)
        with server.program("xterm", "-geometry", "200x60+0+0"):
            cover = (await someone.do("search", "--sync", "--onlyvisible", "--class", "xterm")).split()[0]
            for action in (
                ("windowraise", cover),
                ("windowunmap", str(window)),
                ("windowmove", str(window), "5000", "5000"),
            ):
                await someone.do(*action)
                await asyncio.sleep(0.3)
                while someone.pixel(x + 3, y + 3) != (0x23, 0x30, 0x44):
                    await asyncio.sleep(0.02)


async def test_the_sign_in_a_desktop_cannot_be_minimised(server: Xvfb) -> None:
    with openbox(server):
        async with person(server) as someone:
            window, x, y, _ = await sign(someone)
            await someone.do("windowminimize", str(window))
            await asyncio.sleep(0.5)
            while someone.pixel(x + 3, y + 3) != (0x23, 0x30, 0x44):
                await asyncio.sleep(0.02)


@pytest.mark.rule("R12")
async def test_a_killed_window_is_a_stop(server: Xvfb) -> None:
    async with person(server) as someone:
        window, *_ = await sign(someone)
        await someone.do("windowkill", str(window))
        event = await someone.ui.next_event()
        assert (event.kind, event.how) == (Kind.STOP, How.LOST)
        with pytest.raises(CustomerStoppedError):
            await someone.ui.ask_consent(QUESTION)


async def test_a_window_that_hangs_is_a_stop(server: Xvfb, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.host.ui.window.HANG_SECONDS", 0.6)
    monkeypatch.setattr("agent.host.ui.window.PING_SECONDS", 0.1)
    async with person(server) as someone:
        await sign(someone)
        assert someone.ui._process is not None
        os.kill(someone.ui._process.pid, 19)
        event = await someone.ui.next_event()
        assert event.how is How.LOST
        os.kill(someone.ui._process.pid, 18)


async def test_the_hot_key_stops_from_anywhere(server: Xvfb) -> None:
    async with person(server, hot=True) as someone:
        await sign(someone)
        stopped = asyncio.create_task(someone.ui.next_event())
        with server.program("xterm"):
            cover = (await someone.do("search", "--sync", "--onlyvisible", "--class", "xterm")).split()[0]
            await someone.do("windowfocus", "--sync", cover)
            await someone.press("ctrl+shift+F12", until=stopped)
        event = await stopped
        assert (event.kind, event.how) == (Kind.STOP, How.HOTKEY)


async def test_without_the_agent_there_is_no_window(server: Xvfb) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "agent.host.ui.tk",
        "en",
        env=server.environ,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdin is not None
    assert b"ready" in await process.stdout.readline()
    process.stdin.close()
    async with asyncio.timeout(SECONDS):
        assert await process.wait() == 0


async def test_no_display_is_one_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":9998")
    with pytest.raises(OSError, match="TASUKI_UI=terminal"):
        await WindowInterface("en").open()


def test_which_interface(server: Xvfb) -> None:
    assert isinstance(choose_interface("en", {}), TerminalInterface)
    assert isinstance(choose_interface("en", {"DISPLAY": server.display}), WindowInterface)
    assert isinstance(choose_interface("en", {"DISPLAY": server.display, "TASUKI_UI": "terminal"}), TerminalInterface)
    assert isinstance(choose_interface("en", {"TASUKI_UI": "window"}), WindowInterface)
    assert isinstance(hotkey_for({}), NoHotKey)
    with pytest.raises(ValueError, match="TASUKI_UI"):
        choose_interface("en", {"TASUKI_UI": "curses"})


async def test_the_receipt_is_offered_on_the_last_page_and_what_came_of_it_is_said(server: Xvfb) -> None:
    saved = asyncio.Event()

    async def save() -> str:
        saved.set()
        return "Saved: /home/hanako/receipt.html"

    with openbox(server):
        async with person(server) as someone:
            await someone.ui.show_ended("customer", "ended")
            offered = asyncio.create_task(someone.ui.offer_receipt(save))
            await someone.sees(look.PRIMARY)
            await someone.press("Tab", "space")
            await offered
            assert saved.is_set()
            closed = asyncio.create_task(someone.ui._ended_seen.wait())
            await someone.press("Return", until=closed)


async def test_closing_the_last_page_says_no_to_the_receipt(server: Xvfb) -> None:
    async def save() -> str:
        raise AssertionError("nobody asked for it")

    with openbox(server):
        async with person(server) as someone:
            await someone.ui.show_ended("customer", "ended")
            offered = asyncio.create_task(someone.ui.offer_receipt(save))
            await someone.sees(look.PRIMARY)
            await someone.press("Return", until=offered)
