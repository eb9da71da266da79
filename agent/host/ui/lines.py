"""A line being typed, on a terminal that does not show or edit it by itself."""

import re
from collections.abc import Callable
from typing import Final

from wire.messages.chat import shown

_ESCAPE_SEQUENCE: Final = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|O.|.)?")
MAX_LINE: Final = 1_000
"""Characters of a line that are kept, and echoed; a message of Chinese characters may have some more."""


class LineEditor:
    """Collects characters to lines and knows rubbing out; echoes through `echo` what a person should see."""

    def __init__(self, on_line: Callable[[str], None], echo: Callable[[str], None]) -> None:
        self._on_line = on_line
        self._echo = echo
        self._typed: list[str] = []

    def clear(self) -> None:
        """Forget what was typed so far."""
        self._typed.clear()

    def feed(self, text: str) -> None:
        """Take typed text of any length; arrow keys and the like are left out."""
        for char in _ESCAPE_SEQUENCE.sub("", text):
            if char in "\r\n":
                self._finish()
            elif char in "\x7f\b":
                self._rub_out(1)
            elif char == "\x15":
                self._rub_out(len(self._typed))
            elif shown(char) and len(self._typed) < MAX_LINE:
                self._typed.append(char)
                self._echo(char)

    def _finish(self) -> None:
        line = "".join(self._typed)
        self._typed.clear()
        self._echo("\n")
        self._on_line(line)

    def _rub_out(self, count: int) -> None:
        for _ in range(min(count, len(self._typed))):
            char = self._typed.pop()
            self._echo("\b \b" * (1 if ord(char) < 0x1100 else 2))
