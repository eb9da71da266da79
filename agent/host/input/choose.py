"""Which way of applying input this machine has."""

import os
import sys
from collections.abc import Mapping

from agent.host.input.base import Area, Injector, NoDisplayError


def open_injector(environ: Mapping[str, str] = os.environ, area: Area | None = None) -> Injector:
    """XTEST on X11, pynput on Windows and macOS; loaded only here. Raises `NoDisplayError`, with what to do.

    `area` is the part of the display that the picture shows; all of it unless given.
    """
    if sys.platform in ("win32", "darwin"):
        from agent.host.input.desktop import PynputInjector  # noqa: PLC0415 - needs a desktop

        return PynputInjector(area)
    name = environ.get("DISPLAY")
    if not name:
        wayland = " Wayland alone does not allow input by programs." if environ.get("WAYLAND_DISPLAY") else ""
        raise NoDisplayError(f"There is no X display (DISPLAY is not set).{wayland} Run this inside a desktop session.")
    from agent.host.input.x11 import X11Injector  # noqa: PLC0415 - needs X11

    injector = X11Injector(name)
    injector.area = area or injector.area
    return injector
