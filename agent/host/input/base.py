"""Applying a viewer's input to this machine: the interface and what every way of doing it shares."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from wire.messages.input import ButtonEvent, Event, KeyEvent, PointerMove, ReleaseAll, TextEvent, WheelEvent

NOTCH: Final = 120
"""Wheel units of one click."""
MAX_NOTCHES: Final = 20
"""Clicks that one wheel event may make; the rest is dropped."""


class InputError(Exception):
    """Input cannot be applied; the text is one sentence for people."""


class NoDisplayError(InputError):
    """There is no display to apply input to."""


class InputLostError(InputError):
    """The display went away."""


@dataclass(frozen=True, slots=True)
class Area:
    """The part of the display that the picture shows, in its pixels."""

    x: int
    y: int
    width: int
    height: int

    def place(self, x: int, y: int) -> tuple[int, int]:
        """A place in the picture as a place on the display, moved inside if it is not."""
        return self.x + min(max(x, 0), self.width - 1), self.y + min(max(y, 0), self.height - 1)


class Injector(ABC):
    """Applies events; knows what it holds down, so that nothing stays down.

    Not safe for several threads, and `apply` may take a while for long text: see `worker.InputWorker`.
    """

    def __init__(self, area: Area) -> None:
        self.area = area
        self.ignored: Counter[str] = Counter()
        """What was not applied, by reason: ``unknown key``, ``unknown character``, ``console key`` …"""
        self.halted: Callable[[], bool] = _never
        """Asked between the characters of a text; True stops typing."""
        self._buttons: set[int] = set()
        self._wheel = [0, 0]

    def apply(self, event: Event | PointerMove) -> None:
        """Apply one event. Raises `InputLostError` when the display is gone."""
        match event:
            case KeyEvent(down, keysym):
                self._key(down, keysym)
            case TextEvent(text):
                self._text(text)
            case PointerMove(_, x, y):
                self._move(*self.area.place(x, y))
            case ButtonEvent(down, button, x, y):
                self._move(*self.area.place(x, y))
                self._press_button(down, button)
            case WheelEvent(dx, dy, x, y):
                self._move(*self.area.place(x, y))
                self._turn(dx, dy)
            case ReleaseAll():
                self.release_all()

    def release_all(self) -> None:
        """Let go of every key and button that is held; the wheel's remainder is forgotten."""
        self._wheel = [0, 0]
        for button in sorted(self._buttons):
            self._buttons.discard(button)
            self._button(False, button)
        self._release_keys()

    def tick(self) -> float | None:
        """Do what is due by the clock; the seconds until something is due again, or None."""
        return None

    def close(self) -> None:
        """Let go of everything and leave the display as it was; may be called twice."""
        self.release_all()

    def _press_button(self, down: bool, button: int) -> None:
        if down == (button in self._buttons):
            return
        (self._buttons.add if down else self._buttons.discard)(button)
        self._button(down, button)

    def _turn(self, dx: int, dy: int) -> None:
        """Whole notches are turned, the rest is kept for the next event (touch pads send small steps)."""
        notches = []
        for axis, units in enumerate((dx, dy)):
            total = self._wheel[axis] + units
            turned = int(total / NOTCH)
            self._wheel[axis] = total - turned * NOTCH
            notches.append(min(max(turned, -MAX_NOTCHES), MAX_NOTCHES))
        if any(notches):
            self._scroll(*notches)

    @abstractmethod
    def _key(self, down: bool, keysym: int) -> None:
        """A key goes down or up; one that is unknown is counted in `ignored`."""

    @abstractmethod
    def _text(self, text: str) -> None:
        """Type `text` as it is, whatever the layout and whatever is held down."""

    @abstractmethod
    def _release_keys(self) -> None:
        """Let go of every key held."""

    @abstractmethod
    def _move(self, x: int, y: int) -> None:
        """Move the pointer to a place on the display."""

    @abstractmethod
    def _button(self, down: bool, button: int) -> None:
        """A pointer button (X11 numbers) goes down or up."""

    @abstractmethod
    def _scroll(self, right: int, down: int) -> None:
        """Turn the wheel by whole notches."""


def _never() -> bool:
    return False
