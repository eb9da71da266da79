"""The keyboard of an X11 display: keysyms and text as key presses by XTEST."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from Xlib import X
from Xlib.ext import xtest

from agent.host.input import keysyms as ks
from agent.host.input.x11_keymap import REST_SECONDS, Layout, Place, SpareKeys

_LOCK: Final = X.LockMask
_GROUP_SHIFT: Final = 13
HOLD_SECONDS: Final = 0.15
"""How long a key stays down at most, below the shortest delay after which X servers repeat a held key: the operator's
repeats are what counts, and a release that is late on the way must not become a row of characters."""
_PACE_CHARS: Final = 32
_PACE_SECONDS: Final = 0.02
"""After so many characters of a text, programs get so long to keep up."""
_AHEAD: Final = 200
"""Characters of a text that are looked at to lend spare keys together."""


class X11Keyboard:
    """Presses keys on `display` (an `Xlib.display.Display`) and knows which are down.

    `ignored` counts what could not be typed; `halted` is asked between the characters of a text.
    """

    def __init__(
        self, display: Any, ignored: Counter[str], halted: Callable[[], bool], sleep: Callable[[float], None]
    ) -> None:
        self._display = display
        self._root: Any = display.screen().root
        self._ignored = ignored
        self._halted = halted
        self._sleep = sleep
        self._held: dict[int, int] = {}
        """Keysyms the operator holds, and their keycodes."""
        self._since: dict[int, float] = {}
        """Those of `_held` that are down here, other than modifiers, and since when."""
        self._choosing: set[int] = set()
        self._spare = SpareKeys(display)
        self._read_layout()

    def key(self, down: bool, keysym: int) -> None:
        """A key goes down or up on the operator's side."""
        keysym = ks.normal(keysym)
        if not ks.is_known(keysym):
            self._ignored["unknown key"] += 1
        elif keysym in ks.CHOOSERS:
            (self._choosing.add if down else self._choosing.discard)(keysym)
        elif keysym in ks.LOCKS:
            pass
        elif down:
            self._press(keysym)
        else:
            self._release(keysym)

    def text(self, text: str) -> None:
        """Type it with no modifier held; characters that no keyboard has are counted."""
        symbols = [ks.keysym_of(char) for char in text.replace("\r\n", "\n")]
        known = [symbol for symbol in symbols if symbol is not None]
        if len(known) < len(symbols):
            self._ignored["unknown character"] += len(symbols) - len(known)
        with self._without(ks.HELD):
            for index, keysym in enumerate(known):
                if self._halted():
                    return
                self._tap(keysym, known[index:])
                if index % _PACE_CHARS == _PACE_CHARS - 1:
                    self._display.sync()
                    self._sleep(_PACE_SECONDS)

    def release_all(self) -> None:
        """Let go of every key."""
        self._choosing.clear()
        for keysym in reversed(list(self._held)):
            self._release(keysym)
        self._display.flush()

    def tick(self) -> float | None:
        """Let go of keys that were down long enough; the seconds until the next is due."""
        now = time.monotonic()
        for keysym in [held for held, since in self._since.items() if now - since >= HOLD_SECONDS]:
            self._lift_key(keysym)
        self._display.flush()
        return min(self._since.values()) + HOLD_SECONDS - now if self._since else None

    def notice_changes(self) -> None:
        """Read the keyboard again when somebody else changed it."""
        changed = False
        while self._display.pending_events():
            event = self._display.next_event()
            if event.type == X.MappingNotify and event.request != X.MappingPointer:
                ours = event.count == 1 and event.first_keycode in self._spare.keycodes
                changed = changed or not ours
        if changed:
            self._spare.forget()
            self._read_layout()

    def give_back(self) -> None:
        """Let go of everything and leave the keyboard as it was found."""
        self.release_all()
        if self._spare.lent:
            self._display.sync()
            self._sleep(REST_SECONDS)
        self._spare.give_back()
        self._display.sync()

    def _press(self, keysym: int) -> None:
        """Press, and hold for a while; a key that the operator's side repeats is pressed anew."""
        if keysym in self._held and keysym in ks.HELD:
            return
        if keysym in ks.CONSOLE and self._held.keys() & ks.CONTROL and self._held.keys() & ks.ALT:
            self._ignored["console key"] += 1
            return
        state = self._state()
        command = bool(self._held.keys() & (ks.CONTROL | ks.ALT | ks.SUPER)) and not self._choosing
        letter = command and ks.is_letter(keysym)
        place = self._place(ks.lower(keysym) if letter else keysym, state)
        if place is None:
            self._ignored["unknown key"] += 1
            return
        self._let_go(place.keycode)
        lifted = ks.CONTROL | ks.ALT if self._choosing and self._is_text(keysym) else frozenset[int]()
        with self._without(lifted), self._levelled(keysym, place, state, leave=letter):
            self._fake(True, place.keycode)
        self._held[keysym] = place.keycode
        if keysym not in ks.HELD:
            self._since[keysym] = time.monotonic()

    def _release(self, keysym: int) -> None:
        """Release what this keysym pressed; it may come as the other case when Shift changed in between."""
        if keysym not in self._held:
            same = [held for held in self._held if ks.lower(held) == ks.lower(keysym)]
            place = self._layout.find(keysym, 0)
            same += [held for held, keycode in self._held.items() if place and keycode == place.keycode]
            keysym = same[0] if same else keysym
        if keysym in self._held:
            self._lift_key(keysym)
            del self._held[keysym]

    def _lift_key(self, keysym: int) -> None:
        """Let the key up, if it is down here."""
        if self._since.pop(keysym, None) is not None or keysym in ks.HELD:
            self._fake(False, self._held[keysym])

    def _tap(self, keysym: int, ahead: Sequence[int]) -> None:
        state = self._state()
        place = self._place(keysym, state, ahead)
        if place is None:
            self._ignored["unknown character"] += 1
            return
        self._let_go(place.keycode)
        with self._levelled(keysym, place, state):
            self._fake(True, place.keycode)
            self._fake(False, place.keycode)

    def _place(self, keysym: int, state: int, ahead: Sequence[int] = ()) -> Place | None:
        """The key for it; one that the keyboard lacks gets a spare key, together with those that come next."""
        group = (state >> _GROUP_SHIFT) & 3
        found = self._layout.find(keysym, group) or self._spare.find(keysym, time.monotonic())
        if found or not self._spare.room or not self._is_text(keysym):
            return found
        window = [keysym, *(symbol for symbol in ahead[:_AHEAD] if not self._layout.find(symbol, group))]
        wanted = list(dict.fromkeys(window))
        while not self._halted():
            wait = self._spare.lend(wanted, time.monotonic())
            if found := self._spare.find(keysym, time.monotonic()):
                break
            self._display.flush()
            self._sleep(wait)
        return found

    @contextmanager
    def _levelled(self, keysym: int, place: Place, state: int, *, leave: bool = False) -> Iterator[None]:
        """Have Shift (and for spare keys Caps Lock) as `place` needs it, for a moment."""
        matters = place.shift or self._is_text(keysym) or ks.is_keypad(keysym)
        if leave or place.shift is None or not matters or keysym in ks.HELD:
            yield
            return
        caps = bool(state & _LOCK) and ks.is_letter(keysym)
        needed = place.shift
        if ks.is_keypad(keysym) and state & self._numlock_mask:
            needed = not needed
        if caps and not place.spare:
            needed = not needed
        with self._caps_off(caps and place.spare), self._shift(needed, state):
            yield

    @contextmanager
    def _shift(self, needed: bool, state: int) -> Iterator[None]:
        if not needed:
            with self._without(ks.SHIFT):
                yield
        elif state & X.ShiftMask or self._shift_key is None:
            yield
        else:
            self._fake(True, self._shift_key)
            try:
                yield
            finally:
                self._fake(False, self._shift_key)

    @contextmanager
    def _without(self, modifiers: frozenset[int]) -> Iterator[None]:
        """Lift those of `modifiers` that are held for the operator, for a moment; for good once it is halted."""
        lifted = [keycode for keysym, keycode in self._held.items() if keysym in modifiers]
        for keycode in lifted:
            self._fake(False, keycode)
        try:
            yield
        finally:
            for keycode in () if self._halted() else lifted:
                self._fake(True, keycode)

    @contextmanager
    def _caps_off(self, needed: bool) -> Iterator[None]:
        key = self._caps_key if needed else None
        self._tap_lock(key)
        try:
            yield
        finally:
            self._tap_lock(key)

    def _tap_lock(self, key: int | None) -> None:
        if key is not None:
            self._fake(True, key)
            self._fake(False, key)

    def _let_go(self, keycode: int) -> None:
        """A key that is already down cannot be pressed: let go of it first."""
        for keysym in [held for held, code in self._held.items() if code == keycode]:
            self._lift_key(keysym)
            del self._held[keysym]

    def _fake(self, down: bool, keycode: int) -> None:
        xtest.fake_input(self._display, X.KeyPress if down else X.KeyRelease, keycode)

    def _state(self) -> int:
        """The modifiers and the group as the server has them now, the customer's own keys included."""
        return int(self._root.query_pointer().mask)

    def _is_text(self, keysym: int) -> bool:
        return ks.char_of(keysym) is not None or 0x0100 <= keysym <= 0x20FF or 0xFE50 <= keysym <= 0xFE93

    def _read_layout(self) -> None:
        info = self._display.display.info
        rows = self._display.get_keyboard_mapping(info.min_keycode, info.max_keycode - info.min_keycode + 1)
        self._layout = Layout(info.min_keycode, rows, self._spare.keycodes)
        self._spare.offer(self._layout.empty)
        self._shift_key = self._layout.first(sorted(ks.SHIFT))
        self._caps_key = self._layout.first([0xFFE5])
        self._numlock_mask = self._mask_of(self._layout.first([0xFF7F]))

    def _mask_of(self, keycode: int | None) -> int:
        rows = self._display.get_modifier_mapping()
        return next((1 << index for index, row in enumerate(rows) if keycode and keycode in row), 0)
