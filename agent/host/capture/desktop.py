"""The desktop's screen through `mss`; woken by XDamage where there is X, else by polling."""

import asyncio
import os
import sys
from typing import Any, Final

from agent.host.capture.base import Frame, NoScreenError, Screen
from agent.host.capture.damage import DamageWatch
from agent.host.capture.polling import Backoff
from ext import paste
from wire.messages.picture import Rectangle

X11_BACKENDS: Final = ("default", "xlib")
"""mss's default fails on some X servers (Xvnc); the older one works there."""


def _open(monitor: int) -> tuple[Any, dict[str, int]]:
    """`(mss, monitor)`. Raises `NoScreenError`."""
    import mss  # noqa: PLC0415 - heavy, and bound to a display
    import mss.exception  # noqa: PLC0415

    problem: Exception | None = None
    for backend in X11_BACKENDS if sys.platform.startswith("linux") else X11_BACKENDS[:1]:
        try:
            source = mss.MSS(backend=backend) if backend != "default" else mss.MSS()
            monitors = source.monitors
            if len(monitors) < 2:
                raise NoScreenError("this computer says that it has no monitor")
            return source, monitors[min(monitor, len(monitors) - 1)]
        except (mss.exception.ScreenShotError, OSError, ValueError) as error:
            problem = error
    where = f"the display {os.environ.get('DISPLAY')}" if sys.platform.startswith("linux") else "the screen"
    raise NoScreenError(f"{where} does not answer, or this user may not see it ({problem})") from problem


class DesktopScreen(Screen):
    """One monitor of this desktop."""

    def __init__(self, monitor: int = 1) -> None:
        """`monitor` counts from 1. Raises `NoScreenError` with what to do."""
        if sys.platform.startswith("linux") and not os.environ.get("DISPLAY"):
            raise NoScreenError("there is no display here: start this in the desktop session, or set DISPLAY")
        self._source, self._monitor = _open(monitor)
        self._backoff = Backoff()
        self._pixels: bytearray | None = None
        self._fell_back = False
        self._watch: DamageWatch | None = None
        if sys.platform.startswith("linux"):
            try:
                self._watch = DamageWatch()
            except OSError:
                self._watch = None

    @property
    def area(self) -> tuple[int, int, int, int]:
        return (self._monitor["left"], self._monitor["top"], self._monitor["width"], self._monitor["height"])

    def grab(self) -> Frame:
        place = self._changed_place()
        left, top, width, height = self.area
        if place is None or self._pixels is None:
            self._pixels = self._shoot(self.area)
            return Frame(self._pixels, width, height, left, top)
        part = self._shoot((left + place.x, top + place.y, place.width, place.height))
        paste(part, self._pixels, width * 4, *place)
        return Frame(self._pixels, width, height, left, top, place)

    def _changed_place(self) -> Rectangle | None:
        """The part of this monitor that was drawn on since the last grab; None: take all of it."""
        if self._watch is None:
            return None
        box = self._watch.take()
        if box is None:
            return None
        left, top, width, height = self.area
        x, y = max(box.x - left, 0), max(box.y - top, 0)
        right, bottom = min(box.x + box.width - left, width), min(box.y + box.height - top, height)
        place = Rectangle(min(x, width - 1), min(y, height - 1), max(right - x, 1), max(bottom - y, 1))
        return None if place.width * place.height * 2 > width * height else place

    def _shoot(self, area: tuple[int, int, int, int]) -> bytearray:
        import mss.exception  # noqa: PLC0415

        place = dict(zip(("left", "top", "width", "height"), area, strict=True))
        try:
            pixels: bytearray = self._source.grab(place).raw
            return pixels
        except mss.exception.ScreenShotError:
            self._fall_back()
            return self._shoot(area)

    def _fall_back(self) -> None:
        """Once, from mss's default to its older way; after that a failure is final."""
        if self._source is None or self._fell_back or not sys.platform.startswith("linux"):
            raise NoScreenError("the screen cannot be captured any more")
        import mss  # noqa: PLC0415

        self._fell_back = True
        self._source.close()
        self._source = mss.MSS(backend="xlib")

    async def changed(self) -> None:
        if self._watch is None:
            await self._backoff.wait()
            return
        await self._watch.wait()
        await asyncio.sleep(0)  # one turn, so that input already here is applied before the picture is taken

    def hurry(self) -> None:
        self._backoff.hurry()

    def close(self) -> None:
        if self._watch is not None:
            self._watch.close()
            self._watch = None
        if self._source is not None:
            self._source.close()
            self._source = None
