"""Real programs that receive what is typed, and what arrived in them."""

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.fixtures.xvfb import Xvfb

DEADLINE_SECONDS = 20.0


class Target:
    """A program with the focus; `text` is what has arrived in it."""

    def __init__(self, text: Callable[[], str]) -> None:
        self._text = text

    @property
    def text(self) -> str:
        return self._text()

    def until(self, expected: str) -> str:
        """Wait until exactly `expected` has arrived; returns what has arrived at last, for the assertion."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while (got := self.text) != expected and time.monotonic() < deadline:
            time.sleep(0.02)
        return got


@contextmanager
def xterm(server: Xvfb, folder: Path, *options: str) -> Iterator[Target]:
    """An xterm in which ``cat`` writes whole lines to a file."""
    out = folder / "typed"
    with server.program("xterm", *options, "-u8", "-e", "sh", "-c", f"stty -echo; > {folder}/ready; exec cat > {out}"):
        _wait(lambda: (folder / "ready").exists() and out.exists())
        focus(server, "xterm")
        yield Target(lambda: out.read_text("utf-8", "replace"))


@contextmanager
def mousepad(server: Xvfb, folder: Path) -> Iterator[Target]:
    """A GTK editor; what it holds is read by saving with Ctrl+S, typed by xdotool."""
    file = folder / "note.txt"
    file.write_text("")
    with server.program("dbus-run-session", "--", "mousepad", "--disable-server", str(file)):
        focus(server, "mousepad")

        def saved() -> str:
            subprocess.run(["xdotool", "key", "--clearmodifiers", "ctrl+s"], env=server.environ, check=True)
            time.sleep(0.2)
            return file.read_text("utf-8")

        yield Target(saved)


def focus(server: Xvfb, name: str) -> None:
    """Wait for the program's window and give it the keyboard (there is no window manager)."""
    search = ["xdotool", "search", "--sync", "--onlyvisible", "--class", name]
    found = subprocess.run(search, env=server.environ, check=True, capture_output=True, text=True, timeout=30)
    window = found.stdout.split()[0]
    subprocess.run(["xdotool", "windowfocus", "--sync", window], env=server.environ, check=True, timeout=30)


def _wait(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)
