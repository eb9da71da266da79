"""Input on X11 by the XTEST extension.

Why not pynput here: for a character that the layout lacks it changes the keyboard for each press, or sends an event
that programs like xterm ignore, and both lose characters at speed.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final

from Xlib import X, display, error
from Xlib.ext import xtest

from agent.host.input import keysyms as ks
from agent.host.input.base import Area, Injector, InputLostError, NoDisplayError
from agent.host.input.x11_keymap import REST_SECONDS, Layout, Place, SpareKeys
from wire.messages.input import Event, PointerMove

_LOCK: Final = X.LockMask
_GROUP_SHIFT: Final = 13
_WHEEL_BUTTONS: Final = {"up": 4, "down": 5, "left": 6, "right": 7}
_LOST: Final = (error.ConnectionClosedError, error.XError, OSError)
_PACE_CHARS: Final = 32
_PACE_SECONDS: Final = 0.02
"""After so many characters of a text, programs get so long to keep up."""


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
        self._root: Any = self._display.screen().root
        size = self._root.get_geometry()
        super().__init__(Area(0, 0, size.width, size.height))
        self._sleep = sleep
        self._display.set_error_handler(lambda *_: None)
        self._held: dict[int, int] = {}
        self._choosing: set[int] = set()
        self._spare = SpareKeys(self._display)
        self._closed = False
        self._read_layout()

    def apply(self, event: Event | PointerMove) -> None:
        """Apply one event and send it off. Raises `InputLostError` when the display is gone."""
        try:
            self._notice_changes()
            super().apply(event)
            self._display.flush()
        except _LOST as problem:
            raise InputLostError("the display went away") from problem

    def close(self) -> None:
        """Let go of everything, give the spare keys back and close the connection."""
        if self._closed:
            return
        self._closed = True
        with suppress(*_LOST):
            self.release_all()
            if self._spare.room:
                self._display.sync()
                self._sleep(REST_SECONDS)
            self._spare.give_back()
            self._display.sync()
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

    def _key(self, down: bool, keysym: int) -> None:
        keysym = ks.normal(keysym)
        if not ks.is_known(keysym):
            self.ignored["unknown key"] += 1
        elif keysym in ks.CHOOSERS:
            (self._choosing.add if down else self._choosing.discard)(keysym)
        elif keysym in ks.LOCKS:
            pass
        elif down:
            self._press(keysym)
        else:
            self._release(keysym)

    def _press(self, keysym: int) -> None:
        """Press and hold; the server repeats a held key itself, so the operator's repeats are left out."""
        if keysym in self._held:
            return
        if keysym in ks.CONSOLE and self._held.keys() & ks.CONTROL and self._held.keys() & ks.ALT:
            self.ignored["console key"] += 1
            return
        state = self._state()
        command = bool(self._held.keys() & (ks.CONTROL | ks.ALT | ks.SUPER)) and not self._choosing
        letter = command and ks.is_letter(keysym)
        place = self._place(ks.lower(keysym) if letter else keysym, state)
        if place is None:
            self.ignored["unknown key"] += 1
            return
        self._let_go(place.keycode)
        lifted = ks.CONTROL | ks.ALT if self._choosing and self._is_text(keysym) else frozenset[int]()
        with self._without(lifted), self._levelled(keysym, place, state, leave=letter):
            self._fake(True, place.keycode)
        self._held[keysym] = place.keycode

    def _release(self, keysym: int) -> None:
        """Release what this keysym pressed; it may come as the other case when Shift changed in between."""
        if keysym not in self._held:
            same = [held for held in self._held if ks.lower(held) == ks.lower(keysym)]
            place = self._layout.find(keysym, 0)
            same += [held for held, keycode in self._held.items() if place and keycode == place.keycode]
            keysym = same[0] if same else keysym
        keycode = self._held.pop(keysym, None)
        if keycode is not None:
            self._fake(False, keycode)

    def _release_keys(self) -> None:
        self._choosing.clear()
        while self._held:
            _, keycode = self._held.popitem()
            self._fake(False, keycode)
        self._display.flush()

    def _text(self, text: str) -> None:
        """Type it with no modifier held; characters that no keyboard has are counted."""
        symbols = [ks.keysym_of(char) for char in text.replace("\r\n", "\n")]
        known = [symbol for symbol in symbols if symbol is not None]
        if len(known) < len(symbols):
            self.ignored["unknown character"] += len(symbols) - len(known)
        with self._without(ks.HELD):
            for index, keysym in enumerate(known):
                if self.halted():
                    return
                self._tap(keysym, known[index:])
                if index % _PACE_CHARS == _PACE_CHARS - 1:
                    self._display.sync()
                    self._sleep(_PACE_SECONDS)

    def _tap(self, keysym: int, ahead: Sequence[int]) -> None:
        state = self._state()
        place = self._place(keysym, state, ahead)
        if place is None:
            self.ignored["unknown character"] += 1
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
        window = [keysym, *(symbol for symbol in ahead[:200] if not self._layout.find(symbol, group))]
        wanted = list(dict.fromkeys(window))
        while not self.halted():
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
        """Lift those of `modifiers` that are held for the operator, for a moment."""
        lifted = [keycode for keysym, keycode in self._held.items() if keysym in modifiers]
        for keycode in lifted:
            self._fake(False, keycode)
        try:
            yield
        finally:
            for keycode in lifted:
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
            del self._held[keysym]
            self._fake(False, keycode)

    def _fake(self, down: bool, keycode: int) -> None:
        xtest.fake_input(self._display, X.KeyPress if down else X.KeyRelease, keycode)

    def _state(self) -> int:
        """The modifiers and the group as the server has them now, the customer's own keys included."""
        return int(self._root.query_pointer().mask)

    def _is_text(self, keysym: int) -> bool:
        return ks.char_of(keysym) is not None or 0x0100 <= keysym <= 0x20FF or 0xFE50 <= keysym <= 0xFE93

    def _notice_changes(self) -> None:
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
