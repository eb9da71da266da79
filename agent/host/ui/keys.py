"""What is typed at the terminal, as it comes: a key at a time on a real one, whatever arrives on a pipe."""

import asyncio
import codecs
import os
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

try:
    import termios
    import tty
except ImportError:  # Windows
    termios = None  # type: ignore[assignment]

_CHUNK: Final = 4096


class Keys:
    """Calls `on_text` with what is typed and `on_end` when no more can come (the terminal is gone).

    On a terminal each key counts at once (`immediate`) and is not shown by the terminal itself; Ctrl+C still works.
    """

    def __init__(self, fd: int | None = None) -> None:
        self._given = fd
        self._fd = -1
        self.immediate = False
        self._saved: list[Any] | None = None
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._on_text: Callable[[str], None] = _ignore
        self._on_end: Callable[[], None] = _nothing
        self._reading = False

    def start(self, on_text: Callable[[str], None], on_end: Callable[[], None]) -> None:
        """Begin; both are called on the running loop. Raises `OSError` when there is nothing to read from."""
        self._on_text, self._on_end = on_text, on_end
        self._fd = self._given if self._given is not None else _stdin()
        self.immediate = termios is not None and os.isatty(self._fd)
        if self.immediate:
            self._saved = termios.tcgetattr(self._fd)
            tty.setcbreak(self._fd, termios.TCSADRAIN)
        self._reading = True
        loop = asyncio.get_running_loop()
        try:
            loop.add_reader(self._fd, self._readable)
        except (NotImplementedError, OSError):  # Windows; a plain file
            threading.Thread(target=self._read_in_thread, args=(loop,), daemon=True).start()

    def stop(self) -> None:
        """Give the terminal back as it was; may be called twice."""
        if self._reading:
            self._forget_reader()
        if self._saved is not None:
            with suppress(termios.error):
                termios.tcsetattr(self._fd, termios.TCSADRAIN, self._saved)
            self._saved = None

    def drop_pending(self) -> None:
        """Forget what was typed before now: nobody answers a question that was not shown yet."""
        if self.immediate:
            with suppress(termios.error):
                termios.tcflush(self._fd, termios.TCIFLUSH)

    def _readable(self) -> None:
        try:
            data = os.read(self._fd, _CHUNK)
        except BlockingIOError:
            return
        except OSError:  # a terminal that was hung up
            data = b""
        if data:
            self._on_text(self._decoder.decode(data))
        else:
            self._forget_reader()
            self._on_end()

    def _forget_reader(self) -> None:
        self._reading = False
        with suppress(NotImplementedError, OSError, ValueError):
            asyncio.get_running_loop().remove_reader(self._fd)

    def _read_in_thread(self, loop: asyncio.AbstractEventLoop) -> None:
        data = b"-"
        while data and self._reading:
            try:
                data = os.read(self._fd, _CHUNK)
            except OSError:
                data = b""
            with suppress(RuntimeError):  # the loop is closed
                loop.call_soon_threadsafe(self._from_thread, data)

    def _from_thread(self, data: bytes) -> None:
        if not self._reading:
            return
        if data:
            self._on_text(self._decoder.decode(data))
        else:
            self._reading = False
            self._on_end()


def _stdin() -> int:
    if sys.stdin is None:
        raise OSError("there is no terminal to ask in; start this in one")
    return sys.stdin.fileno()


def _ignore(_text: str) -> None:
    pass


def _nothing() -> None:
    pass
