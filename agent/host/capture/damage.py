"""XDamage: the X server says that something was drawn, so that a still screen costs nothing."""

import asyncio
from typing import Any


class DamageWatch:
    """Wakes on the first drawing since the last `wait` (X DAMAGE extension, level NonEmpty on the root window)."""

    def __init__(self, name: str | None = None) -> None:
        """Raises `OSError` when the display or its extension is not to be had."""
        from Xlib import display, error  # noqa: PLC0415 - X only where it is used
        from Xlib.ext import damage  # noqa: PLC0415

        try:
            self._display: Any = display.Display(name)
        except (error.DisplayError, error.XError, OSError) as failure:
            raise OSError(f"cannot watch the display: {failure}") from failure
        if not self._display.has_extension("DAMAGE"):
            self._display.close()
            raise OSError("the display does not tell what changes")
        self._display.damage_query_version()
        self._damage = self._display.screen().root.damage_create(damage.DamageReportNonEmpty)
        self._display.sync()
        self._event = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._display.fileno(), self._readable)

    async def wait(self) -> None:
        """Until something was drawn; what is drawn from here on is told by the next call."""
        await self._event.wait()
        self._event.clear()
        self._display.damage_subtract(self._damage)
        self._display.flush()

    def _readable(self) -> None:
        try:
            while self._display.pending_events():
                self._display.next_event()
        except OSError:
            self._loop.remove_reader(self._display.fileno())
        self._event.set()

    def close(self) -> None:
        self._loop.remove_reader(self._display.fileno())
        self._display.close()
