"""Which key of an X11 keyboard gives which keysym, and the spare keys that are lent to those it has not.

X clients look a key up when they handle its event, so a spare key must keep its keysym until a slow client has done
so. Each spare key therefore keeps what it was given, in two levels (plain and with Shift), and the one unused for
longest is given away only after `REST_SECONDS` without use. A fresh one needs no rest: clients are told of the change
before they get the event.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from agent.host.input.keysyms import normal

REST_SECONDS: Final = 0.3
"""How long after its last use a spare key keeps its keysym at least."""
_FIRST_SPARE: Final = 9
"""Keycode 8 is no key on some servers."""
_SHIFT_LEVELS: Final = 2


@dataclass(frozen=True, slots=True)
class Place:
    """A key, and whether Shift must be down for the keysym; `shift` None: both ways give it."""

    keycode: int
    shift: bool | None
    spare: bool = False


class Layout:
    """The keys of the keyboard as the customer has it, read from the server."""

    def __init__(self, first: int, rows: Sequence[Sequence[int]], lent: Iterable[int]) -> None:
        lent = frozenset(lent)
        keys = {first + index: list(row) for index, row in enumerate(rows)}
        self.empty = [code for code, row in keys.items() if code >= _FIRST_SPARE and not any(row) and code not in lent]
        self._groups = (_places(keys, 0, lent), _places(keys, 2, lent))

    def find(self, keysym: int, group: int) -> Place | None:
        """Where the keyboard has it while `group` (0 the first layout) is chosen; None if only lent keys can give it."""
        return self._groups[group].get(keysym) if group < len(self._groups) else None

    def first(self, keysyms: Iterable[int]) -> int | None:
        """The keycode of the first of these that the first group has."""
        places = (self._groups[0].get(keysym) for keysym in keysyms)
        return next((place.keycode for place in places if place), None)


class SpareKeys:
    """What is lent. `display` is an `Xlib.display.Display`; times are seconds of one monotonic clock."""

    def __init__(self, display: Any) -> None:
        self._display = display
        self._rows: dict[int, list[int]] = {}
        self._used: dict[tuple[int, int], float] = {}
        self._where: dict[int, tuple[int, int]] = {}

    @property
    def keycodes(self) -> frozenset[int]:
        """The keys that hold, or held, something lent."""
        return frozenset(self._rows)

    @property
    def lent(self) -> bool:
        """Whether any of them holds something."""
        return bool(self._where)

    @property
    def room(self) -> int:
        """How many keysyms fit at once."""
        return len(self._used)

    def offer(self, empty: Iterable[int]) -> None:
        """Take more keys of the keyboard that have no use of their own."""
        for keycode in empty:
            self._rows[keycode] = [0] * _SHIFT_LEVELS
        for level in range(_SHIFT_LEVELS):
            for keycode in self._rows:
                self._used.setdefault((keycode, level), 0.0)

    def forget(self) -> None:
        """The keyboard was set anew, by somebody else: nothing is lent any more."""
        self._rows.clear()
        self._used.clear()
        self._where.clear()

    def find(self, keysym: int, now: float) -> Place | None:
        """The spare key that has it; using it keeps it."""
        where = self._where.get(keysym)
        if where is None:
            return None
        self._used[where] = now
        keycode, level = where
        return Place(keycode, bool(level), spare=True)

    def lend(self, keysyms: Sequence[int], now: float) -> float:
        """Give spare keys to as many of the first of `keysyms` as may be; 0, or the seconds until the next can be.

        Those already lent are not given away while they are in `keysyms`.
        """
        wanted = [keysym for keysym in dict.fromkeys(keysyms[: self.room]) if keysym not in self._where]
        kept = {self._where[keysym] for keysym in keysyms[: self.room] if keysym in self._where}
        free = sorted((used, where) for where, used in self._used.items() if where not in kept)
        changed: set[int] = set()
        wait = 0.0
        for keysym, (used, where) in zip(wanted, free, strict=False):
            if used and now - used < REST_SECONDS:
                wait = used + REST_SECONDS - now
                break
            self._put(keysym, where, now)
            changed.add(where[0])
        self._tell(changed)
        return wait

    def give_back(self) -> None:
        """Leave the keys as they were found."""
        for keycode in self._rows:
            if any(self._rows[keycode]):
                self._display.change_keyboard_mapping(keycode, [[0]])
        self.forget()

    def _put(self, keysym: int, where: tuple[int, int], now: float) -> None:
        keycode, level = where
        self._where.pop(self._rows[keycode][level], None)
        self._rows[keycode][level] = keysym
        self._where[keysym] = where
        self._used[where] = now

    def _tell(self, keycodes: set[int]) -> None:
        for keycode in sorted(keycodes):
            plain, shifted = self._rows[keycode]
            row = [plain or shifted, shifted or plain]
            self._display.change_keyboard_mapping(keycode, [row * 2])


def _places(keys: dict[int, list[int]], column: int, lent: frozenset[int]) -> dict[int, Place]:
    """Keysym to place for the two columns of one group; the plain level and the lower keycode win."""
    places: dict[int, Place] = {}
    for shifted in (False, True):
        for keycode, row in keys.items():
            if keycode in lent or len(row) < column + 2:
                continue
            keysym, other = normal(row[column + shifted]), normal(row[column + (not shifted)])
            if keysym:
                shift = None if not shifted and other in (0, keysym) else shifted
                places.setdefault(keysym, Place(keycode, shift))
    return places
