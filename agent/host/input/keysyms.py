"""X11 keysyms (X.Org keysymdef.h, XK and Unicode ranges): which are characters, which are keys."""

import unicodedata
from typing import Final

UNICODE: Final = 0x01000000

RETURN: Final = 0xFF0D
TAB: Final = 0xFF09
SHIFT: Final = frozenset({0xFFE1, 0xFFE2})
CONTROL: Final = frozenset({0xFFE3, 0xFFE4})
ALT: Final = frozenset({0xFFE7, 0xFFE8, 0xFFE9, 0xFFEA})
"""Alt and Meta."""
SUPER: Final = frozenset({0xFFEB, 0xFFEC, 0xFFED, 0xFFEE})
"""Super and Hyper."""
HELD: Final = SHIFT | CONTROL | ALT | SUPER
"""Modifiers that are held down on this machine while the operator holds them."""
CHOOSERS: Final = frozenset({0xFE03, 0xFE04, 0xFE05, 0xFE11, 0xFE12, 0xFE13, 0xFF7E})
"""AltGr and its kind: they choose among the characters of the operator's keyboard, and the character arrives chosen."""
LOCKS: Final = frozenset({0xFFE5, 0xFFE6, 0xFF7F})
"""Caps Lock, Shift Lock, Num Lock: what they do is already in the keysyms that follow."""
_REFUSED: Final = frozenset({0xFED5})
"""Terminate_Server."""
CONSOLE: Final = frozenset({0xFF08, *range(0xFFBE, 0xFFCA)})
"""With Ctrl and Alt these end the X server or switch to another console, where nobody sees the sign."""
_KEYPAD: Final = range(0xFF80, 0xFFBE)
_EURO: Final = 0x20AC
"""The one older keysym that common layouts have for a character beyond Latin-1 (its number is its code point)."""


def keysym_of(char: str) -> int | None:
    """The keysym of a character, a line end or a tab; None for other control characters and lone surrogates."""
    code = ord(char)
    if char in "\n\r":
        return RETURN
    if char == "\t":
        return TAB
    if unicodedata.category(char) in ("Cc", "Cs", "Cn"):
        return None
    return code if _is_latin1(code) or code == _EURO else UNICODE + code


def char_of(keysym: int) -> str | None:
    """The character of a keysym, or None for a key that is none. Keypad keys are keys."""
    if _is_latin1(keysym) or keysym == _EURO:
        return chr(keysym)
    if UNICODE + 0x100 <= keysym <= UNICODE + 0x10FFFF:
        return chr(keysym - UNICODE)
    return None


def normal(keysym: int) -> int:
    """The one keysym for a character that has two (0x010000e4 is 0xe4)."""
    code = keysym - UNICODE
    return code if _is_latin1(code) or code == _EURO else keysym


def is_known(keysym: int) -> bool:
    """Whether a viewer may send it: a character, an older character keysym, or a key of a keyboard.

    Vendor keys (volume, brightness, switching consoles) and what ends the X server are not.
    """
    if keysym in _REFUSED:
        return False
    char = char_of(keysym)
    if char is not None:
        return unicodedata.category(char) not in ("Cc", "Cs", "Cn")
    return 0x0100 <= keysym <= 0x20FF or 0xFE00 <= keysym <= 0xFFFF


def is_keypad(keysym: int) -> bool:
    """Whether Num Lock changes what its key means."""
    return keysym in _KEYPAD


def is_letter(keysym: int) -> bool:
    """Whether Caps Lock changes what its key means."""
    char = char_of(keysym)
    return char is not None and char.lower() != char.upper()


def lower(keysym: int) -> int:
    """The small letter of a letter; everything else as it is."""
    char = char_of(keysym)
    small = char.lower() if char else ""
    return (keysym_of(small) or keysym) if len(small) == 1 else keysym


def _is_latin1(code: int) -> bool:
    return 0x20 <= code <= 0x7E or 0xA0 <= code <= 0xFF
