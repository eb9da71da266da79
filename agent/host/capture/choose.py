"""Which screen a host shows."""

from agent.host.capture.base import Screen


def open_screen(kind: str = "desktop", monitor: int = 1) -> Screen:
    """`desktop`: a monitor of this computer; `drawn`: a picture made up in memory (no display needed).

    Raises `NoScreenError` when there is no such screen, `ValueError` for another kind.
    """
    if kind == "desktop":
        from agent.host.capture.desktop import DesktopScreen  # noqa: PLC0415 - bound to a display

        return DesktopScreen(monitor)
    if kind == "drawn":
        from agent.host.capture.drawn import DrawnScreen  # noqa: PLC0415

        return DrawnScreen()
    raise ValueError(f"screen is 'desktop' or 'drawn', not {kind!r}")
