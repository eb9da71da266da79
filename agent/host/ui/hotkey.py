"""The key combinations that stop and pause from anywhere: Ctrl+Shift+F12 and F11, where a program may listen for them.

Not Ctrl+Alt+F12: the X server takes that one for itself and switches to another console.
"""

import asyncio
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final, Protocol

STOP: Final = "<ctrl>+<shift>+<f12>"
PAUSE: Final = "<ctrl>+<shift>+<f11>"


class HotKey(Protocol):
    """Listens for the combinations."""

    active: bool
    """Whether pressing it does anything; only then is it named on the screen."""

    def start(self, stop: Callable[[], None], pause: Callable[[], None]) -> None:
        """Listen from now on; both are called on the running loop."""

    def stop(self) -> None:
        """Listen no more; may be called twice."""


class NoHotKey:
    """Where there is nothing to listen to."""

    active = False

    def start(self, stop: Callable[[], None], pause: Callable[[], None]) -> None:
        """Do nothing."""

    def stop(self) -> None:
        """Do nothing."""


class PynputHotKey:
    """Listens by pynput: X11 (RECORD), Windows and macOS (once the permission is given)."""

    active = False

    def __init__(self) -> None:
        self._listener: Any = None

    def start(self, stop: Callable[[], None], pause: Callable[[], None]) -> None:
        loop = asyncio.get_running_loop()
        try:
            from pynput import keyboard  # noqa: PLC0415 - raises where there is no display

            keys = {STOP: lambda: _call(loop, stop), PAUSE: lambda: _call(loop, pause)}
            self._listener = _quiet(keyboard.GlobalHotKeys)(keys)
            self._listener.start()
        except Exception:  # noqa: BLE001 - pynput raises what its platform's library raises; s and Stop remain
            self._listener = None
            return
        self.active = True

    def stop(self) -> None:
        if self._listener is not None:
            self._listener.stop()
            self._listener = None
        self.active = False


def hotkey_for(environ: Mapping[str, str] = os.environ) -> HotKey:
    """The one for this machine."""
    has_display = sys.platform in ("win32", "darwin") or bool(environ.get("DISPLAY"))
    return PynputHotKey() if has_display else NoHotKey()


def _call(loop: asyncio.AbstractEventLoop, pressed: Callable[[], None]) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(pressed)


def _quiet(kind: Any) -> Any:
    """The listener, ending without a traceback in the customer's terminal when its display goes away."""

    class QuietListener(kind):  # type: ignore[misc]
        def run(self) -> None:
            with suppress(Exception):
                super().run()

    return QuietListener
