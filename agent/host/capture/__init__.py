"""Where pictures of the screen come from: one small interface, a fake beside it."""

from agent.host.capture.base import Frame, NoScreenError, Screen
from agent.host.capture.choose import open_screen

__all__ = ["Frame", "NoScreenError", "Screen", "open_screen"]
