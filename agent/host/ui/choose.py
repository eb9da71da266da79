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
    return TerminalInterface(lang, hotkey=hotkey_for(environ))


def has_desktop(environ: Mapping[str, str]) -> bool:
    """Whether a window could be shown here. Looks for tkinter without loading it."""
    if sys.platform not in ("win32", "darwin") and not environ.get("DISPLAY"):
        return False
    return all(importlib.util.find_spec(name) is not None for name in ("tkinter", "_tkinter"))
