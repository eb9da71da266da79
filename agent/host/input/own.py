"""Notices that the person at this machine uses mouse or keyboard by hand, apart from what a viewer's input makes (row P2).

X11: XInput2 raw events say which device they came from. What a program injects comes from the server's XTEST devices, one
pair for each master; everything else is somebody's hand. Windows and macOS: pynput marks what was injected.
"""

import os
import select
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final, Protocol

THROTTLE_SECONDS: Final = 0.1
"""While somebody moves the mouse it is told no more often than this; the first time at once."""
_GENERIC: Final = 35
_HIERARCHY, _RAW_KEY, _RAW_BUTTON, _RAW_MOTION = 11, 13, 15, 17
_XTEST: Final = "XTEST"


class OwnInput(Protocol):
    """Watches until `stop`."""

    def start(self, used: Callable[[], None]) -> None:
        """From now on `used` is called, from a thread of its own, whenever something was used by hand."""

    def stop(self) -> None:
        """Watch no more; may be called twice."""


class NoOwnInput:
    """Where nothing can be told apart: the viewer's input is never suspended by itself."""

    def start(self, used: Callable[[], None]) -> None:
        """Do nothing."""

    def stop(self) -> None:
        """Do nothing."""


class _Throttled:
    """Calls on at most once in `THROTTLE_SECONDS`."""

    def __init__(self, used: Callable[[], None]) -> None:
        self._used, self._last = used, 0.0

    def __call__(self) -> None:
        now = time.monotonic()
        if now - self._last >= THROTTLE_SECONDS:
            self._last = now
            self._used()


class X11OwnInput:
    """Reads raw events on a connection of its own. Raises `OSError` when the server has no XInput2."""

    def __init__(self, name: str | None = None) -> None:
        from Xlib import display, error  # noqa: PLC0415 - only where there is X11
        from Xlib.ext import xinput  # noqa: PLC0415
        from Xlib.protocol import rq  # noqa: PLC0415

        try:
            self._display: Any = display.Display(name)
        except (error.DisplayError, error.ConnectionClosedError, error.XauthError) as problem:
            raise OSError(str(problem)) from problem
        extension = self._display.query_extension("XInputExtension")
        if extension is None or self._display.xinput_query_version().major_version < 2:
            self._display.close()
            raise OSError("the X server has no XInput2")
        self._display.set_error_handler(lambda *_: None)
        self._all_devices: Final = xinput.AllDevices
        layout = rq.Struct(
            xinput.DEVICEID("deviceid"), rq.Card32("time"), rq.Card32("detail"), rq.Card16("sourceid"), rq.Pad(10)
        )
        for kind in (_RAW_KEY, _RAW_BUTTON, _RAW_MOTION):
            self._display.ge_add_event_data(extension.major_opcode, kind, layout)
        raw = (1 << _RAW_KEY) | (1 << _RAW_BUTTON) | (1 << _RAW_MOTION)
        root = self._display.screen().root
        root.xinput_select_events([(xinput.AllMasterDevices, raw), (xinput.AllDevices, 1 << _HIERARCHY)])
        self._injecting = self._devices()
        self._wake, self._woken = os.pipe()
        self._thread: threading.Thread | None = None

    def start(self, used: Callable[[], None]) -> None:
        self._thread = threading.Thread(target=self._run, args=(_Throttled(used),), name="own input", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        thread, self._thread = self._thread, None
        if thread is None:
            return
        os.write(self._woken, b".")
        thread.join(2.0)
        os.close(self._wake)
        os.close(self._woken)

    def _devices(self) -> frozenset[int]:
        """The devices through which programs inject."""
        devices = self._display.xinput_query_device(self._all_devices).devices
        return frozenset(device.deviceid for device in devices if _XTEST in str(device.name))

    def _run(self, used: Callable[[], None]) -> None:
        with suppress(Exception):  # the display went away: so did the session's screen
            while True:
                while self._display.pending_events():
                    self._take(self._display.next_event(), used)
                ready, _, _ = select.select([self._display, self._wake], [], [])
                if self._wake in ready:
                    break
        with suppress(Exception):
            self._display.close()

    def _take(self, event: Any, used: Callable[[], None]) -> None:
        if event.type != _GENERIC:
            return
        if event.evtype == _HIERARCHY:
            self._injecting = self._devices()
        elif event.evtype in (_RAW_KEY, _RAW_BUTTON, _RAW_MOTION) and event.data.sourceid not in self._injecting:
            used()


class PynputOwnInput:
    """Listens by pynput, which tells what was injected (Windows, macOS)."""

    def __init__(self) -> None:
        self._listeners: list[Any] = []

    def start(self, used: Callable[[], None]) -> None:
        from pynput import keyboard, mouse  # noqa: PLC0415 - needs a desktop

        once = _Throttled(used)

        def pressed(_key: Any, injected: bool) -> None:
            by_hand(injected)

        def moved(_x: int, _y: int, injected: bool) -> None:
            by_hand(injected)

        def clicked(_x: int, _y: int, _button: Any, _down: bool, injected: bool) -> None:
            by_hand(injected)

        def turned(_x: int, _y: int, _dx: int, _dy: int, injected: bool) -> None:
            by_hand(injected)

        def by_hand(injected: bool) -> None:
            if not injected:
                once()

        self._listeners = [  # pynput counts the arguments: only who takes `injected` is told
            keyboard.Listener(on_press=pressed),
            mouse.Listener(on_move=moved, on_click=clicked, on_scroll=turned),
        ]
        for listener in self._listeners:
            listener.start()

    def stop(self) -> None:
        for listener in self._listeners:
            listener.stop()
        self._listeners = []


def own_input(environ: Mapping[str, str] = os.environ) -> OwnInput:
    """What this machine has to notice its person by."""
    if sys.platform in ("win32", "darwin"):
        return PynputOwnInput()
    if not environ.get("DISPLAY"):
        return NoOwnInput()
    try:
        return X11OwnInput(environ["DISPLAY"])
    except OSError:
        return NoOwnInput()
