"""Capturing real X displays: what changed, where, and what is said when it cannot be."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from Xlib import display as xlib

from agent.host.capture import NoScreenError, open_screen
from agent.host.capture.desktop import DesktopScreen
from tests.fixtures.xvfb import Xvfb

pytestmark = pytest.mark.x11


def fill(name: str, box: tuple[int, int, int, int], colour: int) -> None:
    """Draw a rectangle on the root window."""
    connection: Any = xlib.Display(name)
    root = connection.screen().root
    root.fill_rectangle(root.create_gc(foreground=colour), *box)
    connection.sync()
    connection.close()


def pixel(frame: Any, x: int, y: int) -> tuple[int, ...]:
    at = (y * frame.width + x) * 4
    return tuple(frame.pixels[at : at + 3])


async def test_only_what_was_drawn_is_captured_again(xvfb: Xvfb, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", xvfb.display)
    screen = open_screen()
    try:
        whole = screen.grab()
        assert (whole.width, whole.height, whole.changed) == (xvfb.width, xvfb.height, None)
        for n, box in enumerate([(10, 20, 30, 40), (1279, 799, 1, 1), (0, 0, 5, 5), (600, 300, 64, 64)]):
            fill(xvfb.display, box, 0x112233 + n)
            await asyncio.wait_for(screen.changed(), 5)
            frame = screen.grab()
            assert frame.changed is not None
            assert tuple(frame.changed) == box
            assert pixel(frame, box[0], box[1]) == (0x33 + n, 0x22, 0x11)
    finally:
        screen.close()


async def test_drawing_between_two_captures_is_never_lost(xvfb: Xvfb, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", xvfb.display)
    screen = open_screen()
    try:
        screen.grab()
        for n in range(200):
            fill(xvfb.display, (n * 5 % 1200, n * 3 % 700, 9, 9), n * 77)
            if n % 7 == 0:
                await asyncio.wait_for(screen.changed(), 5)
                screen.grab()
        kept = bytes(screen.grab().pixels)
        other = DesktopScreen()
        try:
            assert bytes(other.grab().pixels) == kept
        finally:
            other.close()
    finally:
        screen.close()


def test_a_server_on_which_the_usual_way_fails() -> None:
    """Xvnc: mss falls back to its older way by itself. In a process of its own: python-xlib takes one server a process."""
    command = [
        "Xvnc",
        "-displayfd",
        "1",
        "-geometry",
        "640x480",
        "-SecurityTypes",
        "None",
        "-localhost",
        "-rfbport",
        "-1",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as server:
        try:
            assert server.stdout is not None
            environment = os.environ | {"DISPLAY": ":" + server.stdout.readline().decode().strip()}
            doctor = [sys.executable, "-m", "agent", "doctor", "--json"]
            said = subprocess.run(doctor, env=environment, capture_output=True, text=True, check=True)
            found = {row["check"]: (row["ok"], row["finding"]) for row in json.loads(said.stdout)}
            assert found["screen"] == (True, "640x480 can be captured")
        finally:
            server.terminate()


async def test_no_permission_and_no_display_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cookie = tmp_path / "cookie"
    subprocess.run(["xauth", "-f", str(cookie), "add", ":0", ".", "0123456789abcdef0123456789abcdef"], check=True)
    monkeypatch.setenv("XAUTHORITY", str(tmp_path / "none"))
    command = ["Xvfb", "-displayfd", "1", "-auth", str(cookie), "-nolisten", "tcp"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as server:
        try:
            assert server.stdout is not None
            monkeypatch.setenv("DISPLAY", ":" + server.stdout.readline().decode().strip())
            with pytest.raises(NoScreenError, match="may not see it"):
                open_screen()
        finally:
            server.terminate()
    monkeypatch.setenv("DISPLAY", ":9999")
    with pytest.raises(NoScreenError, match=":9999 does not answer"):
        open_screen()
    monkeypatch.delenv("DISPLAY")
    with pytest.raises(NoScreenError, match="no display here"):
        open_screen()
