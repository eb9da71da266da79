"""The way for Windows and macOS, tried where it can be here: pynput on a real X server."""

import builtins
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from Xlib.display import Display

from agent.host.input import NoDisplayError
from agent.host.input.base import Area
from agent.host.input.desktop import PynputInjector
from tests.fixtures.xvfb import Xvfb, run_xvfb
from tests.integration.agent.typing_targets import xterm
from wire.messages.input import ButtonEvent, KeyEvent, PointerMove, TextEvent, WheelEvent

pytestmark = pytest.mark.x11


@pytest.fixture(scope="module")
def server() -> Iterator[Xvfb]:
    """pynput binds to the display of its first import, so all tests here share one."""
    with run_xvfb() as running:
        before = os.environ.get("DISPLAY")
        os.environ["DISPLAY"] = running.display
        yield running
        os.environ.pop("DISPLAY")
        if before is not None:
            os.environ["DISPLAY"] = before


def test_keys_and_text_arrive(server: Xvfb, tmp_path: Path) -> None:
    with xterm(server, tmp_path, "-xrm", "*allowSendEvents: true") as target:  # pynput sends some keys as events on X11
        injector = PynputInjector(Area(0, 0, 1280, 800), sleep=lambda _seconds: None)
        injector.apply(TextEvent("plain text, 123\n"))
        for keysym in (ord("o"), ord("k"), 0xFFB7, 0xFF0D):
            injector.apply(KeyEvent(True, keysym))
            injector.apply(KeyEvent(False, keysym))
        assert target.until("plain text, 123\nok7\n") == "plain text, 123\nok7\n"
        injector.close()


def test_pointer_and_nothing_left_down(server: Xvfb) -> None:
    injector = PynputInjector(Area(0, 0, 1280, 800))
    injector.apply(PointerMove(0, 65535, 400))
    watch = Display(server.display)
    pointer = watch.screen().root.query_pointer()
    assert (pointer.root_x, pointer.root_y) == (1279, 400)
    for event in (
        KeyEvent(True, 0xFFE1),
        KeyEvent(True, ord("a")),
        ButtonEvent(True, 8, 5, 5),
        WheelEvent(0, -120, 5, 5),
    ):
        injector.apply(event)
    injector.apply(KeyEvent(True, 0x1008FF13))
    assert injector.ignored["unknown key"] == 1
    injector.close()
    assert not any(watch.query_keymap())
    assert watch.screen().root.query_pointer().mask & 0x1FFF == 0
    watch.close()


def test_no_display_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name, *rest):  # type: ignore[no-untyped-def]
        if name == "pynput":
            raise ImportError("this platform is not supported")
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(NoDisplayError, match="cannot be controlled"):
        PynputInjector(Area(0, 0, 1, 1))
