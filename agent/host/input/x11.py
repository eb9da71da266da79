"""Input on X11 by the XTEST extension.

Why not pynput here: for a character that the layout lacks it changes the keyboard for each press, or sends an event
that programs like xterm ignore, and both lose characters at speed.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

from Xlib import X, display, error
from Xlib.ext import xtest

from agent.host.input.base import Area, Injector, InputLostError, NoDisplayError
from agent.host.input.x11_keyboard import X11Keyboard
from wire.messages.input import Event, PointerMove

_WHEEL_BUTTONS: Final = {"up": 4, "down": 5, "left": 6, "right": 7}
_LOST: Final = (error.ConnectionClosedError, error.XError, OSError)


class X11Injector(Injector):
    """Input on the display `name` (the one of ``DISPLAY`` without it).

    Raises `NoDisplayError` when there is no such display or it lacks XTEST.
    """

    def __init__(self, name: str | None = None, *, sleep: Callable[[float], None] = time.sleep) -> None:
        try:
            self._display: Any = display.Display(name)
        except (error.DisplayError, error.ConnectionClosedError, error.XauthError, OSError) as problem:
            raise NoDisplayError(f"the display {name or '(DISPLAY)'} cannot be opened: {problem}") from problem
        if not self._display.query_extension("XTEST"):
            raise NoDisplayError("the X server does not allow input by programs (it has no XTEST extension)")
        self._display.set_error_handler(lambda *_: None)
        self._root: Any = self._display.screen().root
        size = self._root.get_geometry()
        super().__init__(Area(0, 0, size.width, size.height))
        self._keyboard = X11Keyboard(self._display, self.ignored, self._is_halted, sleep)
        self._closed = False

    def apply(self, event: Event | PointerMove) -> None:
        """Apply one event and send it off. Raises `InputLostError` when the display is gone."""
        with _lost_display():
            self._keyboard.notice_changes()
            super().apply(event)
            self._display.flush()

    def tick(self) -> float | None:
        """Let go of keys that were down long enough. Raises `InputLostError` when the display is gone."""
        with _lost_display():
            return self._keyboard.tick()

    def close(self) -> None:
        """Let go of everything, give the spare keys back and close the connection."""
        if self._closed:
            return
        self._closed = True
        with suppress(*_LOST):
            self.release_all()
            self._keyboard.give_back()
        with suppress(*_LOST):
            self._display.close()

    def _move(self, x: int, y: int) -> None:
        xtest.fake_input(self._display, X.MotionNotify, x=x, y=y, root=self._root)

    def _button(self, down: bool, button: int) -> None:
        xtest.fake_input(self._display, X.ButtonPress if down else X.ButtonRelease, button)

    def _scroll(self, right: int, down: int) -> None:
        for count, more, less in ((down, "down", "up"), (right, "right", "left")):
            for _ in range(abs(count)):
                button = _WHEEL_BUTTONS[more if count > 0 else less]
                self._button(True, button)
                self._button(False, button)

    def _is_halted(self) -> bool:
        return self.halted()

    def _key(self, down: bool, keysym: int) -> None:
        self._keyboard.key(down, keysym)

    def _text(self, text: str) -> None:
        self._keyboard.text(text)

    def _release_keys(self) -> None:
        self._keyboard.release_all()


@contextmanager
def _lost_display() -> Iterator[None]:
    try:
        yield
    except _LOST as problem:
        raise InputLostError("the display went away") from problem
