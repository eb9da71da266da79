"""The customer on a desktop: `tasuki join` opens a window; everything there by keyboard, as `xdotool` presses it."""

import os
import subprocess

import mss
import pytest

from agent.host.ui.tk import look
from tests.e2e.operator import until
from tests.e2e.stack import TASUKI, Stack
from tests.fixtures.xvfb import Xvfb
from tools.demo import running

pytestmark = [pytest.mark.x11, pytest.mark.xdist_group("cli")]


def shows(desktop: Xvfb, colour: str) -> bool:
    """Whether a colour of the window's look is on the screen."""
    wanted = bytes.fromhex(colour[1:])
    with mss.MSS(display=desktop.display) as screen:
        pixels = screen.grab(screen.monitors[0]).rgb
    return any(pixels[at : at + 3] == wanted for at in range(0, len(pixels), 3 * 7))


def press(desktop: Xvfb, *words: str) -> None:
    subprocess.run(["xdotool", *words], env=os.environ | {"DISPLAY": desktop.display}, check=True, capture_output=True)


def closed(desktop: Xvfb, customer: "subprocess.Popen[str]") -> bool:
    """Press Escape on what is there; True when the customer's command has ended."""
    press(desktop, "key", "Escape")
    return customer.poll() is not None


def test_a_whole_session_in_a_window(stack: Stack, xvfb: Xvfb) -> None:
    made = stack.session()
    environment = stack.environment | {"DISPLAY": xvfb.display, "LC_ALL": "C.UTF-8"}
    join = [*TASUKI, "join", made["code"], "--server", stack.url]
    with (
        xvfb.program("openbox"),
        running(join, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as customer,
        stack.viewer(made["id"]) as viewer,
    ):
        digits = viewer.until("digits")["digits"]
        until(lambda: shows(xvfb, look.PRIMARY), what="the page for the digits")
        press(xvfb, "search", "--sync", "--onlyvisible", "--class", "Tasuki", "windowfocus", "--sync")
        press(xvfb, "type", "--delay", "40", digits)
        press(xvfb, "key", "Return")
        viewer.until("verified")
        until(lambda: shows(xvfb, look.WARNING) and shows(xvfb, look.PRIMARY), what="the question, with Yes enabled")
        press(xvfb, "key", "Tab")
        press(xvfb, "key", "Return")
        assert viewer.until("accepted")["grants"] == ["chat", "control", "view"]
        until(lambda: shows(xvfb, look.STOP), what="the sign")
        press(xvfb, "key", "ctrl+shift+F12")
        assert viewer.until("ended") == {"event": "ended", "by": "customer", "reason": "ended"}
        until(lambda: closed(xvfb, customer), seconds=30, what="the end, after Escape on the last page")
        assert customer.returncode == 0
