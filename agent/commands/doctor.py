"""`tasuki doctor`: what this machine can do, before anyone sees a black screen."""

import os
import platform
import sys
from collections.abc import Callable
from typing import Annotated

import typer

from agent.api_client import ApiClient, ApiError, ServerUnreachableError
from agent.commands.output import FAILED, JsonOption, ServerOption, print_json, run, say

Finding = tuple[str, bool, str]


def _system() -> Finding:
    return "system", True, f"{platform.system()} {platform.release()}, Python {platform.python_version()}"


def _kernels() -> Finding:
    import ext  # noqa: PLC0415

    slow = (
        "compiled" if ext.IMPLEMENTATION == "compiled" else "not compiled: pictures will be slow; install a C compiler"
    )
    return "kernels", ext.IMPLEMENTATION == "compiled", slow


def _session_type() -> Finding:
    if os.environ.get("WAYLAND_DISPLAY"):
        return "desktop", False, "Wayland: only X11 programs can be seen; log in to an X11 session to share all"
    return "desktop", True, os.environ.get("DISPLAY") or sys.platform


def _screen() -> Finding:
    from agent.host.capture import NoScreenError, open_screen  # noqa: PLC0415

    async def work() -> str:
        screen = open_screen()
        try:
            frame = screen.grab()
        finally:
            screen.close()
        return f"{frame.width}x{frame.height} can be captured"

    try:
        return "screen", True, run(work())
    except NoScreenError as error:
        return "screen", False, str(error)


def _input() -> Finding:
    from agent.host.input import InputError, open_injector  # noqa: PLC0415

    try:
        open_injector().close()
    except InputError as error:
        return "input", False, str(error)
    return "input", True, "keys and pointer can be used"


def _window() -> Finding:
    from agent.host.ui.choose import has_desktop  # noqa: PLC0415

    shown = has_desktop(os.environ)
    return "window", shown, "the question is asked in a window" if shown else "the question is asked in the terminal"


def _server(address: str) -> Finding:
    async def work() -> str:
        async with ApiClient(address) as api:
            keys = await api.get("/.well-known/jwks.json")
            return f"{address} answers ({len(keys.get('keys', []))} signing keys)"

    try:
        return "server", True, run(work())
    except (ApiError, ServerUnreachableError) as error:
        return "server", False, str(error)


def doctor(
    server: ServerOption = None,
    as_json: JsonOption = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Only what is wrong.")] = False,
) -> None:
    """Check what this machine can do: screen, input, window, server."""
    checks: list[Callable[[], Finding]] = [_system, _kernels, _session_type, _screen, _input, _window]
    findings = [check() for check in checks] + ([_server(server)] if server else [])
    if as_json:
        print_json([{"check": name, "ok": good, "finding": text} for name, good, text in findings])
    else:
        for name, good, text in findings:
            if not (good and quiet):
                mark = "ok  " if good else "look"
                say(f"  {mark}  {name:<8} {text}", strong=mark, style="green" if good else "yellow")
    if not all(good for name, good, _ in findings if name in {"screen", "server"}):
        raise typer.Exit(FAILED)
