"""A desktop that is drawn, not captured: a wallpaper, a window and a clock hand, for demonstrations without an X server."""

import asyncio
import math

from agent.host.capture.fake import FakeScreen
from wire.messages.picture import Rectangle

WALL, BAR, PAPER, INK, RED = (38, 70, 83), (24, 40, 48), (250, 248, 242), (60, 60, 60), (200, 60, 50)


class DrawnScreen(FakeScreen):
    """Changes by itself ten times a second, so that a viewer sees that it is live."""

    def __init__(self) -> None:
        super().__init__(960, 600)
        self.fill(Rectangle(0, 0, 960, 600), WALL)
        self.fill(Rectangle(0, 0, 960, 28), BAR)
        self.fill(Rectangle(180, 110, 600, 380), PAPER)
        self.fill(Rectangle(180, 110, 600, 34), INK)
        self._step = 0

    async def changed(self) -> None:
        await asyncio.sleep(0.1)
        self._step += 1
        self.fill(self._place(self._step - 1), PAPER)
        self.fill(self._place(self._step), RED)

    @staticmethod
    def _place(step: int) -> Rectangle:
        angle = step * math.tau / 60
        return Rectangle(470 + round(120 * math.sin(angle)), 300 - round(120 * math.cos(angle)), 20, 20)
