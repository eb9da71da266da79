"""The customer's side as a window, drawn by a process of its own (`agent.host.ui.tk`).

If that process ends or hangs, the customer has no sign any more: that is a stop, and the session ends. If the agent
ends, the process sees the end of its stdin and takes the window away. They speak JSON lines:

* to the window: ``{"do": "page", "id", "window", "title", "problem", "paragraphs", "rows", "field", "warning", "footer",
  "buttons": [{"name", "text", "style", "delayed"}], "focus", "close", "front"}`` · ``{"do": "sign", "id", "state", "text",
  "hint", "buttons", "more"}`` · ``{"do": "line", "who", "text", "mine", "title", "send"}`` ·
  ``{"do": "chat", "title", "send"}`` · ``{"do": "notice", "text"}`` · ``{"do": "ping"}``
* from it: ``{"event": "ready"}`` · ``{"event": "failed", "why"}`` · ``{"event": "pressed", "id", "name", "text"}`` ·
  ``{"event": "said", "text"}`` · ``{"event": "pong"}``
"""

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Final

from agent.host.ui.base import FIRST_SECONDS, OFFER_SECONDS, CustomerInterface, How, Kind, Problem, Sign
from agent.host.ui.digits import six_digits
from agent.host.ui.hotkey import HotKey
from agent.host.ui.question import Question
from agent.host.ui.wording import Wording

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
        self._sign: tuple[Question, Sign] | None = None
        self._stranger = False
        self._read = asyncio.Event()
        self._closing = False
        self._ended_seen = asyncio.Event()
        self._ended: list[str] = []
        self._answered: asyncio.Future[bool] | None = None
        """Whether the receipt is wanted."""

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
        self._tasks = [asyncio.create_task(self._listen())]
        try:
            async with asyncio.timeout(READY_SECONDS):
                await self._ready
        except (TimeoutError, OSError) as error:
            await self.close()
            raise OSError(f"no window can be shown here ({error}); TASUKI_UI=terminal asks in the terminal") from error
        self._heard = loop.time()
        self._tasks.append(asyncio.create_task(self._watch()))
        if self._hotkey:
            self._hotkey.start(lambda: self.tell(Kind.STOP, How.HOTKEY), self._pause_or_go_on)

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
            title=self._words.about("waiting.title", question),
            paragraphs=[self._words.about("waiting.body", question)],
            rows=[] if question.shared else self._words.rows(question),
            footer=self._words.say("nothing_shared"),
            buttons=[*self._strangers(), self._button("stop", "digits.cancel", "Plain")],
            focus="stop",
            close="stop",
        )

    async def show_first(self, question: Question) -> None:
        self._stranger = True
        self._read.clear()
        self._page(
            "first",
            title=self._words.say("first.title", organisation=question.organisation),
            warning=self._words.say("first.body", organisation=question.organisation, server=question.server),
            buttons=[*self._strangers(), self._button("read", "first.go_on", "Plain")],
            focus="read",
            close="stop",
            front=True,
        )
        with suppress(TimeoutError):
            await asyncio.wait_for(self._read.wait(), FIRST_SECONDS)

    async def show_digits(self, question: Question, digits: str | None) -> None:
        self._page(
            "show",
            title=self._words.say("show.link") if digits is None else self._words.about("show.title", question),
            big="" if digits is None else f"{digits[:3]} {digits[3:]}",
            paragraphs=[self._words.say("show.body")],
            footer=self._words.say("nothing_shared"),
            buttons=[self._button("stop", "digits.cancel", "Plain")],
            focus="stop",
            close="stop",
            front=True,
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
                *self._strangers(),
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
            rows=[] if question.shared else self._words.rows(question),
            warning=self._words.say("ask.heard" if question.shared else "warning.caller"),
            footer=f"{self._words.say('nothing_shared')} {self._words.say('ask.body')}",
            buttons=[
                *self._strangers(),
                self._button("no", "ask.no", "Plain"),
                self._button("yes", "ask.yes", "Primary") | {"delayed": YES_DELAY_MS},
            ],
            focus="no",
            close="no",
            front=True,
        )
        return await self._answer() == "yes"

    async def show_sign(self, question: Question, sign: Sign | None = None) -> None:
        sign = sign or Sign()
        self._sign = (question, sign)
        self._shown = "sign"
        self._number += 1
        hot = self._hotkey is not None and self._hotkey.active
        large = ("pause",) if sign.state != "paused" else ("resume",)
        styles = {"stop": "Stop.Sign"} | dict.fromkeys(
            (*large, "message") if sign.state in ("look", "use") else large, "Sign"
        )
        choices = [
            {"name": act, "text": words, "style": styles.get(act, "Small.Sign")}
            for _, act, words in self._words.choices(question, sign)
        ]
        self._send(
            do="sign",
            id=self._number,
            state=self._words.state(question, sign),
            text=self._words.sign(question, sign),
            hint=self._words.hotkeys() if hot else "",
            buttons=[*(one for one in choices if one["style"] == "Sign"), choices[0]],
            more=[one for one in choices if one["style"] == "Small.Sign"],
        )

    async def show_line(self, name: str, text: str, *, mine: bool) -> None:
        if self._sign is not None:
            who = self._words.writer(self._sign[0], name, mine)
            self._send(do="line", who=who, text=text, mine=mine, **self._chat_words())

    async def notice(self, text: str) -> None:
        self._send(do="notice", text=text)

    async def show_ended(self, by: str, reason: str) -> None:
        self._ended = self._words.ended(by, reason)
        self._over(self._ended)

    def _over(self, paragraphs: list[str], *more: dict[str, object]) -> None:
        self._page(
            "ended",
            title=self._words.say("ended.title"),
            paragraphs=paragraphs,
            buttons=[self._button("close", "ended.close", "Plain"), *more],
            focus="close",
            close="close",
        )

    async def offer_receipt(self, save: Callable[[], Awaitable[str]]) -> None:
        """A button on the page that says that it is over; closing that page is the answer no."""
        if not self._running or self._shown != "ended" or self._ended_seen.is_set():
            return
        paragraphs = [*self._ended, self._words.say("receipt.offer")]
        self._over(paragraphs, self._button("save_receipt", "receipt.save", "Primary"))
        self._answered = asyncio.get_running_loop().create_future()
        try:
            wanted = await asyncio.wait_for(self._answered, OFFER_SECONDS)
        except TimeoutError:
            self._ended_seen.set()
            return
        if wanted:
            self._over([*self._ended, self._words.say("receipt.saving")])
            self._over([*self._ended, await save()])

    @property
    def _running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    def _page(self, name: str, **members: object) -> None:
        self._shown = name
        self._sign = None
        self._number += 1
        self._send(do="page", id=self._number, window=self._words.say("title"), **members)

    def _strangers(self) -> list[dict[str, object]]:
        """The way out for somebody who was called by a stranger, on every page of a first contact."""
        return [self._button("stranger", "first.stranger", "Quiet")] if self._stranger else []

    def _chat_words(self) -> dict[str, str]:
        return {"title": self._words.say("act.message"), "send": self._words.say("chat.send")}

    def _pause_or_go_on(self) -> None:
        if self._sign is not None:
            paused = self._sign[1].state == "paused"
            self.tell(Kind.RESUME if paused else Kind.PAUSE, How.HOTKEY)

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
        self._close_seen()
        if not self._closing and self._shown != "ended":
            self.tell(Kind.STOP, How.LOST)

    def _hear(self, message: dict[str, Any]) -> None:
        event = message.get("event")
        if self._ready is not None and not self._ready.done():
            if event == "ready":
                self._ready.set_result(None)
            elif event == "failed":
                self._ready.set_exception(OSError(str(message.get("why"))))
        if event == "said" and self._sign is not None:
            self.tell(Kind.SAY, How.BUTTON, str(message.get("text")))
        if event == "pressed" and message.get("id") == self._number:
            self._pressed(str(message.get("name")), str(message.get("text")))

    def _pressed(self, name: str, text: str) -> None:
        """A button of what is shown now."""
        match name:
            case "submit":
                self._give_answer(text)
            case "yes" | "no":
                self._give_answer(name)
            case "stop" | "pause" | "resume" | "stranger":
                self.tell(Kind(name), How.BUTTON)
            case "give_back":
                self.tell(Kind.RESUME, How.BUTTON)
            case "view_only" | "chat_only":
                self.tell(Kind(name.replace("_", " ")), How.BUTTON)
            case "message":
                self._send(do="chat", **self._chat_words())
            case "read":
                self._read.set()
            case "close":
                self._close_seen()
            case "save_receipt" if self._answered is not None and not self._answered.done():
                self._answered.set_result(True)
            case _ if name.startswith(("allow ", "withdraw ")):
                kind, _, grant = name.partition(" ")
                self.tell(Kind(kind), How.BUTTON, grant)

    def _close_seen(self) -> None:
        """The last page was closed: nothing more is offered."""
        self._ended_seen.set()
        if self._answered is not None and not self._answered.done():
            self._answered.set_result(False)

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
