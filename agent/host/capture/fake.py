"""A drawn screen for tests and for `tasuki join --screen drawn`, where no display can be had."""

import asyncio

from agent.host.capture.base import Frame, Screen
from wire.messages.picture import Rectangle


class FakeScreen(Screen):
    """Pixels in memory; `fill` draws and wakes whoever waits for a change."""

    def __init__(self, width: int = 640, height: int = 400) -> None:
        self.width, self.height = width, height
        self.pixels = bytearray(b"\x60\x40\x20\xff") * (width * height)
        self.grabs = 0
        self._changed = asyncio.Event()

    def fill(self, place: Rectangle, colour: tuple[int, int, int]) -> None:
        """Paint a rectangle in an (R, G, B) colour."""
        row = bytes((*reversed(colour), 255)) * place.width
        for y in range(place.y, place.y + place.height):
            start = (y * self.width + place.x) * 4
            self.pixels[start : start + len(row)] = row
        self._changed.set()

    @property
    def area(self) -> tuple[int, int, int, int]:
        return 0, 0, self.width, self.height

    def grab(self) -> Frame:
        self.grabs += 1
        return Frame(bytes(self.pixels), self.width, self.height)

    async def changed(self) -> None:
        await self._changed.wait()
        self._changed.clear()

    def hurry(self) -> None:
        """Nothing to hurry: `fill` wakes at once."""

    def close(self) -> None:
        """Nothing to let go of."""
