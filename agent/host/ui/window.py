"""The customer's side as a window, drawn by a process of its own (`agent.host.ui.tk`).

If that process ends or hangs, the customer has no sign any more: that is a stop, and the session ends. If the agent
ends, the process sees the end of its stdin and takes the window away. They speak JSON lines:

* to the window: ``{"do": "page", "id", "window", "title", "problem", "paragraphs", "rows", "field", "warning", "footer",
  "buttons": [{"name", "text", "style", "delayed"}], "focus", "close", "front"}`` · ``{"do": "sign", "id", "state", "text",
  "hint", "buttons"}`` · ``{"do": "notice", "text"}`` · ``{"do": "ping"}``
* from it: ``{"event": "ready"}`` · ``{"event": "failed", "why"}`` · ``{"event": "pressed", "id", "name", "text"}`` ·
  ``{"event": "pong"}``
"""

import asyncio
import json
import os
import sys
from contextlib import suppress
from typing import Any, Final

from agent.host.ui.base import CustomerInterface, How, Kind, Problem
from agent.host.ui.digits import six_digits
from agent.host.ui.hotkey import HotKey
from agent.host.ui.question import Question
from agent.host.ui.wording import HOTKEY_NAME, Wording

READY_SECONDS: Final = 15.0
PING_SECONDS: Final = 2.0
HANG_SECONDS: Final = 10.0
"""A window that says nothing for so long is taken for lost."""
ENDED_SECONDS: Final = 20.0
"""How long the page that says why it is over stays when nobody closes it."""
YES_DELAY_MS: Final = 900
"""A yes can be pressed only so long after it appeared: nobody accepts by a click meant for something else."""
_MAX_LINE: Final = 1 << 16


class WindowInterface(CustomerInterface):
    """A window where things are asked, then a small sign on top of everything."""

    def __init__(self, lang: str, *, hotkey: HotKey | None = None, command: tuple[str, ...] = ()) -> None:
        super().__init__()
        self._lang = lang
        self._words = Wording(lang)
        self._hotkey = hotkey
        self._command = command or (sys.executable, "-P", "-m", "agent.host.ui.tk", lang)
        self._process: asyncio.subprocess.Process | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._ready: asyncio.Future[None] | None = None
        self._heard = 0.0
        self._number = 0
        self._shown = ""
        self._paused = False
        self._closing = False
        self._ended_seen = asyncio.Event()

    async def open(self) -> None:
        environ = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        self._process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=environ,
            limit=_MAX_LINE,
            start_new_session=True,
        )
        loop = asyncio.get_running_loop()
        self._ready = loop.create_future()
        self._heard = loop.time()
        self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._watch())]
        try:
            async with asyncio.timeout(READY_SECONDS):
                await self._ready
        except (TimeoutError, OSError) as error:
            await self.close()
            raise OSError(f"no window can be shown here ({error}); TASUKI_UI=terminal asks in the terminal") from error
        if self._hotkey:
            self._hotkey.start(lambda: self.tell(Kind.STOP, How.HOTKEY))

    async def close(self) -> None:
        if self._hotkey:
            self._hotkey.stop()
        if self._shown == "ended" and self._running:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._ended_seen.wait(), ENDED_SECONDS)
        self._closing = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        await self._end_process()

    async def show_waiting(self, question: Question) -> None:
        self._page(
            "waiting",
            title=self._words.say("waiting.title", operator=question.operator),
            paragraphs=[self._words.say("waiting.body")],
            rows=self._words.rows(question),
            footer=self._words.say("nothing_shared"),
            buttons=[self._button("stop", "digits.cancel", "Plain")],
            focus="stop",
            close="stop",
        )

    async def ask_digits(self, attempt: int, problem: Problem | None = None) -> str:
        self._page(
            "digits",
            title=self._words.say("digits.title"),
            problem=self._words.problem(attempt, problem),
            paragraphs=[self._words.say("digits.body")],
            field=self._words.say("digits.label"),
            warning=self._words.say("warning.digits"),
            buttons=[
                self._button("stop", "digits.cancel", "Plain"),
                self._button("submit", "digits.submit", "Primary"),
            ],
            close="stop",
            front=True,
        )
        while True:
            digits = six_digits(await self._answer())
            if digits:
                return digits

    async def ask_consent(self, question: Question) -> bool:
        self._page(
            "ask",
            title=self._words.ask_title(question),
            rows=self._words.rows(question),
            warning=self._words.say("warning.caller"),
            footer=f"{self._words.say('nothing_shared')} {self._words.say('ask.body')}",
            buttons=[
                self._button("no", "ask.no", "Plain"),
                self._button("yes", "ask.yes", "Primary") | {"delayed": YES_DELAY_MS},
            ],
            focus="no",
            close="no",
            front=True,
        )
        return await self._answer() == "yes"

    async def show_sign(self, question: Question, *, paused: bool = False) -> None:
        self._paused = paused
        self._shown = "sign"
        self._number += 1
        hot = self._hotkey is not None and self._hotkey.active
        pause = self._button("pause", "sign.resume" if paused else "sign.pause", "Sign")
        self._send(
            do="sign",
            id=self._number,
            state="paused" if paused else question.mode,
            text=self._words.sign(question, paused),
            hint=self._words.say("sign.hotkey", hotkey=HOTKEY_NAME) if hot else "",
            buttons=[pause, self._button("stop", "sign.stop", "Stop.Sign")],
        )

    async def notice(self, text: str) -> None:
        self._send(do="notice", text=text)

    async def show_ended(self, by: str, reason: str) -> None:
        first, *more = self._words.ended(by, reason)
        self._page(
            "ended",
            title=self._words.say("ended.title"),
            paragraphs=[first, *more],
            buttons=[self._button("close", "ended.close", "Plain")],
            focus="close",
            close="close",
        )

    @property
    def _running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    def _page(self, name: str, **members: object) -> None:
        self._shown = name
        self._number += 1
        self._send(do="page", id=self._number, window=self._words.say("title"), **members)

    def _button(self, name: str, key: str, style: str) -> dict[str, object]:
        return {"name": name, "text": self._words.say(key), "style": style}

    def _send(self, **message: object) -> None:
        if self._process is not None and self._process.stdin is not None and not self._process.stdin.is_closing():
            self._process.stdin.write(json.dumps(message).encode() + b"\n")

    async def _listen(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        with suppress(ValueError):  # a line that is too long or no JSON: not our window any more
            while line := await self._process.stdout.readline():
                self._heard = asyncio.get_running_loop().time()
                self._hear(json.loads(line))
        self._lost()

    async def _watch(self) -> None:
        """Notice a window that hangs."""
        loop = asyncio.get_running_loop()
        while loop.time() - self._heard < HANG_SECONDS:
            self._send(do="ping")
            await asyncio.sleep(PING_SECONDS)
        self._lost()

    def _lost(self) -> None:
        if self._ready is not None and not self._ready.done():
            self._ready.set_exception(OSError("it ended at once"))
        self._ended_seen.set()
        if not self._closing and self._shown != "ended":
            self.tell(Kind.STOP, How.LOST)

    def _hear(self, message: dict[str, Any]) -> None:
        event = message.get("event")
        if self._ready is not None and not self._ready.done():
            if event == "ready":
                self._ready.set_result(None)
            elif event == "failed":
                self._ready.set_exception(OSError(str(message.get("why"))))
        if event == "pressed" and message.get("id") == self._number:
            self._pressed(str(message.get("name")), str(message.get("text")))

    def _pressed(self, name: str, text: str) -> None:
        """A button of what is shown now."""
        match name:
            case "submit":
                self._give_answer(text)
            case "yes" | "no":
                self._give_answer(name)
            case "stop":
                self.tell(Kind.STOP, How.BUTTON)
            case "pause":
                self.tell(Kind.RESUME if self._paused else Kind.PAUSE, How.BUTTON)
            case "close":
                self._ended_seen.set()

    async def _end_process(self) -> None:
        """End of stdin ends it; if it hangs, it is killed."""
        process = self._process
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), 2.0)
        except TimeoutError:
            process.kill()
            await process.wait()
