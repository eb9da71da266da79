"""Input by pynput: Windows and macOS (on X11 `x11` is used)."""

import sys
import time
from collections.abc import Callable
from typing import Any, Final

from agent.host.input import keysyms as ks
from agent.host.input.base import Area, Injector, NoDisplayError
from agent.host.input.desktop_keys import KEY_NAMES, KEYPAD_CHARACTERS

_BUTTON_NAMES: Final = {1: ("left",), 2: ("middle",), 3: ("right",), 8: ("x1", "button8"), 9: ("x2", "button9")}
_PACE_SECONDS: Final = 0.002


class PynputInjector(Injector):
    """Raises `NoDisplayError` where pynput finds nothing to control."""

    def __init__(self, area: Area | None = None, *, sleep: Callable[[float], None] = time.sleep) -> None:
        try:
            from pynput import keyboard, mouse  # noqa: PLC0415 - raises on import where there is no display

            self._keys: Any = keyboard.Controller()
            self._mouse: Any = mouse.Controller()
        except Exception as problem:
            raise NoDisplayError(f"This machine's keyboard and mouse cannot be controlled: {problem}") from problem
        self._keyboard: Any = keyboard
        self._buttons_of: Any = mouse.Button
        self._sleep = sleep
        self._held: dict[int, Any] = {}
        self._choosing: set[int] = set()
        super().__init__(area or _whole_desktop())

    def _move(self, x: int, y: int) -> None:
        self._mouse.position = (x, y)

    def _button(self, down: bool, button: int) -> None:
        known = self._buttons_of.__members__
        name = next((name for name in _BUTTON_NAMES.get(button, ()) if name in known), None)
        if name is None:
            self.ignored["unknown button"] += 1
            return
        (self._mouse.press if down else self._mouse.release)(known[name])

    def _scroll(self, right: int, down: int) -> None:
        self._mouse.scroll(right, -down)

    def _key(self, down: bool, keysym: int) -> None:
        keysym = ks.normal(keysym)
        if keysym in ks.CHOOSERS:
            (self._choosing.add if down else self._choosing.discard)(keysym)
        elif keysym in ks.LOCKS:
            pass
        elif down:
            self._press(keysym)
        else:
            self._release(keysym)

    def _press(self, keysym: int) -> None:
        """Press and hold. These systems do not repeat a key pressed by a program: a repeat is pressed again."""
        key = self._key_for(keysym)
        if key is None:
            self.ignored["unknown key"] += 1
            return
        lifted = self._lift(ks.CONTROL | ks.ALT) if self._choosing and ks.char_of(keysym) else []
        self._keys.press(key)
        self._held[keysym] = key
        for modifier in lifted:
            self._keys.press(modifier)

    def _release(self, keysym: int) -> None:
        if keysym not in self._held:
            keysym = next((held for held in self._held if ks.lower(held) == ks.lower(keysym)), keysym)
        key = self._held.pop(keysym, None)
        if key is not None:
            self._keys.release(key)

    def _release_keys(self) -> None:
        self._choosing.clear()
        while self._held:
            self._keys.release(self._held.popitem()[1])

    def _text(self, text: str) -> None:
        lifted = self._lift(ks.HELD)
        for char in text.replace("\r\n", "\n"):
            if self.halted():
                break
            keysym = ks.keysym_of(char)
            key = self._key_for(keysym) if keysym is not None else None
            if key is None:
                self.ignored["unknown character"] += 1
                continue
            self._keys.press(key)
            self._keys.release(key)
            self._sleep(_PACE_SECONDS)
        for modifier in lifted:
            self._keys.press(modifier)

    def _lift(self, modifiers: frozenset[int]) -> list[Any]:
        """Let go of these for a moment; the caller presses what is returned again."""
        lifted = [key for keysym, key in self._held.items() if keysym in modifiers]
        for key in lifted:
            self._keys.release(key)
        return lifted

    def _key_for(self, keysym: int) -> Any:
        """pynput's key: a character as the small letter while Ctrl, Alt or Super is held, so that shortcuts match."""
        if not ks.is_known(keysym):
            return None
        if (char := KEYPAD_CHARACTERS.get(keysym) or ks.char_of(keysym)) is not None:
            command = self._held.keys() & (ks.CONTROL | ks.ALT | ks.SUPER) and not self._choosing
            return self._keyboard.KeyCode.from_char(char.lower() if command else char)
        members = self._keyboard.Key.__members__
        return next((members[name] for name in KEY_NAMES.get(keysym, ()) if name in members), None)


def _whole_desktop() -> Area:
    import mss  # noqa: PLC0415 - needs a display

    with mss.MSS() as screen:
        whole = screen.monitors[0]
    left, top = (whole["left"], whole["top"]) if sys.platform in ("win32", "darwin") else (0, 0)
    return Area(left, top, whole["width"], whole["height"])
