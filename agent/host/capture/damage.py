"""XDamage: the X server says that something was drawn, so that a still screen costs nothing."""

import asyncio
from typing import Any, Final

from wire.messages.picture import Rectangle

LONGEST_SECONDS: Final = 1.0


class DamageWatch:
    """Wakes when something is drawn and says where (X DAMAGE extension, level BoundingBox on the root window)."""

    def __init__(self, name: str | None = None) -> None:
        """Raises `OSError` when the display or its extension is not to be had."""
        from Xlib import display  # noqa: PLC0415 - X only where it is used
        from Xlib.ext import damage  # noqa: PLC0415

        try:
            self._display: Any = display.Display(name)
        except Exception as failure:
            raise OSError(f"cannot watch the display: {failure}") from failure
        if not self._display.has_extension("DAMAGE"):
            self._display.close()
            raise OSError("the display does not tell what changes")
        self._display.damage_query_version()
        self._notify = self._display.extension_event.DamageNotify
        self._damage = self._display.screen().root.damage_create(damage.DamageReportBoundingBox)
        self._display.sync()
        self._box: tuple[int, int, int, int] | None = None
        self._event = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._display.fileno(), self._readable)
        self._readable()  # `sync` may have read an event already

    async def wait(self) -> bool:
        """Until something was drawn (True), or a second is over (False: some drivers do not tell everything)."""
        try:
            await asyncio.wait_for(self._event.wait(), LONGEST_SECONDS)
        except TimeoutError:
            return False
        return True

    def take(self) -> Rectangle | None:
        """The box of everything drawn since the last call, in pixels of the display; None when nothing was.

        The server has forgotten it when this returns, so that what is drawn from here on is told again: capture after it.
        """
        self._event.clear()
        self._display.damage_subtract(self._damage)
        self._display.sync()
        self._readable()  # waiting for the server reads, too: an event that came along is of what is taken now
        self._event.clear()
        box, self._box = self._box, None
        return None if box is None else Rectangle(box[0], box[1], box[2] - box[0], box[3] - box[1])

    def _readable(self) -> None:
        try:
            while self._display.pending_events():
                event = self._display.next_event()
                if event.type == self._notify:  # other kinds come unasked, such as a changed keyboard layout
                    self._add(event.area)
        except OSError:
            self._loop.remove_reader(self._display.fileno())
            self._event.set()

    def _add(self, area: Any) -> None:
        left, top, right, bottom = self._box or (area.x, area.y, area.x, area.y)
        self._box = (
            min(left, area.x),
            min(top, area.y),
            max(right, area.x + area.width),
            max(bottom, area.y + area.height),
        )
        self._event.set()

    def close(self) -> None:
        self._loop.remove_reader(self._display.fileno())
        self._display.close()
