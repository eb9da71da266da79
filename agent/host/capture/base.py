"""The interface of a screen that can be captured."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

from wire.messages.picture import Rectangle


class NoScreenError(Exception):
    """There is no screen to capture, or no permission to; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A captured picture: BGRX without padding, and where its top left pixel lies on the desktop."""

    pixels: bytes | bytearray | memoryview
    width: int
    height: int
    left: int = 0
    top: int = 0
    changed: Rectangle | None = None
    """Where alone it may differ from the frame before; None: anywhere."""


class Screen(ABC):
    """A screen. Opening it reads nothing; `grab` does, and is called with the customer's consent only."""

    @property
    @abstractmethod
    def area(self) -> tuple[int, int, int, int]:
        """`(left, top, width, height)` on the desktop, in pixels."""

    @abstractmethod
    def grab(self) -> Frame:
        """The picture now; raises `NoScreenError` when it cannot be had any more."""

    @abstractmethod
    async def changed(self) -> None:
        """Wait until something may have changed. May return early, never late by more than a polling interval."""

    @abstractmethod
    def hurry(self) -> None:
        """Input was applied: the next change is close."""

    @abstractmethod
    def close(self) -> None:
        """Let go of it; may be called twice."""
