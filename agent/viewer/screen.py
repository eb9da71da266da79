"""The other side's screen in a window of its own process (`agent.viewer.tk`), for who looks on without a browser.

To the process: ``width u16 | height u16 | x u16 | y u16 | w u16 | h u16`` and w·h RGB pixels, each changed rectangle. From it: a
JSON line per event of mouse and keyboard. Where there is no desktop there is no window, and the session goes on without one.
"""

import asyncio
import json
import os
import struct
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

from agent.host.ui.choose import has_desktop
from agent.host.ui.question import Question
from agent.viewer.session import ViewerSession
from wire.messages.input import ButtonEvent, KeyEvent, WheelEvent
from wire.messages.picture import Rectangle

HEAD: Final = struct.Struct(">6H")
_MAX_LINE: Final = 1 << 12
_END_SECONDS: Final = 2.0


class ScreenWindow:
    """Draws what the viewer decoded, and passes on what is done in the window."""

    def __init__(self, viewer: ViewerSession, process: asyncio.subprocess.Process) -> None:
        self._viewer, self._process = viewer, process
        self._task = asyncio.ensure_future(self._listen())

    def draw(self, rectangles: list[Rectangle]) -> None:
        """These parts of the picture changed."""
        pipe = self._process.stdin
        if pipe is None or pipe.is_closing():
            return
        decoder = self._viewer.protocol.picture.sync.decoder
        for part in rectangles:
            pipe.write(HEAD.pack(decoder.width, decoder.height, *part) + _rgb(decoder.pixels, decoder.width, part))

    async def close(self) -> None:
        """End of its input ends the process."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), _END_SECONDS)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()

    async def _listen(self) -> None:
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            with suppress(ValueError, KeyError, TypeError):
                self._act(json.loads(line))

    def _act(self, did: dict[str, Any]) -> None:
        match did["do"]:
            case "key":
                self._viewer.send(KeyEvent(bool(did["down"]), int(did["keysym"])))
            case "button":
                self._viewer.send(ButtonEvent(bool(did["down"]), int(did["button"]), int(did["x"]), int(did["y"])))
            case "wheel":
                self._viewer.send(WheelEvent(0, int(did["dy"]), int(did["x"]), int(did["y"])))
            case "move":
                self._viewer.point(int(did["x"]), int(did["y"]))


def _rgb(pixels: bytearray, width: int, part: Rectangle) -> bytes:
    """A rectangle of a BGRX picture as RGB."""
    out = bytearray(part.width * part.height * 3)
    for row in range(part.height):
        start = ((part.y + row) * width + part.x) * 4
        line = pixels[start : start + part.width * 4]
        at, end = row * part.width * 3, (row + 1) * part.width * 3
        out[at:end:3], out[at + 1 : end : 3], out[at + 2 : end : 3] = line[2::4], line[1::4], line[0::4]
    return bytes(out)


@asynccontextmanager
async def open_window(viewer: ViewerSession, question: Question, lang: str) -> AsyncIterator[ScreenWindow | None]:
    """The window, or None where there is no desktop."""
    if not has_desktop(os.environ):
        yield None
        return
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "agent.viewer.tk", lang, question.operator),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        limit=_MAX_LINE,
        start_new_session=True,
    )
    window = ScreenWindow(viewer, process)
    try:
        yield window
    finally:
        await window.close()
