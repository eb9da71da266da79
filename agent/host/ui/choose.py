"""Which interface the customer gets."""

import importlib.util
import os
import sys
from collections.abc import Mapping
from typing import Final

from agent.host.ui.base import CustomerInterface
from agent.host.ui.hotkey import hotkey_for
from agent.host.ui.terminal import TerminalInterface
from texts import language_from_env

SETTING: Final = "TASUKI_UI"


def choose_interface(lang: str | None = None, environ: Mapping[str, str] = os.environ) -> CustomerInterface:
    """A window where there is a desktop and tkinter, else the terminal; ``TASUKI_UI`` decides otherwise.

    Raises `ValueError` for another value of ``TASUKI_UI``.
    """
    lang = lang or language_from_env(environ)
    wanted = environ.get(SETTING, "")
    if wanted not in ("", "window", "terminal"):
        raise ValueError(f"{SETTING} is 'window' or 'terminal', not {wanted!r}")
    if wanted == "terminal" or (not wanted and not has_desktop(environ)):
        return TerminalInterface(lang, hotkey=hotkey_for(environ))
    from agent.host.ui.window import WindowInterface  # noqa: PLC0415 - not needed in a terminal

    return WindowInterface(lang, hotkey=hotkey_for(environ))


def has_desktop(environ: Mapping[str, str]) -> bool:
    """Whether a window could be shown here. Looks for tkinter without loading it."""
    if not all(importlib.util.find_spec(name) is not None for name in ("tkinter", "_tkinter")):
        return False
    return sys.platform in ("win32", "darwin") or _answers(environ.get("DISPLAY", ""))


def _answers(display: str) -> bool:
    """Whether an X server is there (a ``DISPLAY`` may be left over from a session that is gone)."""
    if not display:
        return False
    try:
        from Xlib.display import Display  # noqa: PLC0415 - only where there is X11

        Display(display).close()
    except Exception:  # noqa: BLE001 - Xlib raises a dozen kinds here, and all of them mean no
        return False
    return True
