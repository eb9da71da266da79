"""The customer's side in a terminal: plain lines, one at a time, on a real one as on a pipe."""

import asyncio
import os
import signal
import sys
import unicodedata
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final, TextIO

from agent.host.ui.base import (
    FIRST_SECONDS,
    OFFER_SECONDS,
    CustomerInterface,
    CustomerStoppedError,
    How,
    Kind,
    Problem,
    Sign,
)
from agent.host.ui.digits import six_digits
from agent.host.ui.hotkey import HotKey
from agent.host.ui.keys import Keys
from agent.host.ui.lines import LineEditor
from agent.host.ui.question import Question
from agent.host.ui.wording import Wording

_BOLD: Final = "1"
_RED: Final = "1;31"
_AMBER: Final = "1;33"
_GREY: Final = "1;90"
_SIGN_COLOURS: Final = {
    "control": _RED,
    "own": _RED,
    "view": _AMBER,
    "chat": _GREY,
    "paused": _GREY,
    "look": _BOLD,
    "use": _BOLD,
}
_KINDS: Final = {
    "stop": Kind.STOP,
    "pause": Kind.PAUSE,
    "resume": Kind.RESUME,
    "give_back": Kind.RESUME,
    "view_only": Kind.VIEW_ONLY,
    "chat_only": Kind.CHAT_ONLY,
}


class TerminalInterface(CustomerInterface):
    """Lines to `out`, answers from `keys`. ``s`` and Enter stops; while the sign is shown one key is enough for each choice."""

    def __init__(
        self, lang: str, *, keys: Keys | None = None, out: TextIO | None = None, hotkey: HotKey | None = None
    ) -> None:
        super().__init__()
        self._words = Wording(lang)
        self._keys = keys or Keys()
        self._out = out or sys.stdout
        self._hotkey = hotkey
        self._coloured = self._out.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
        self._editor = LineEditor(self._on_line, self._echo)
        self._sign: tuple[Question, Sign] | None = None
        """None while no sign is shown."""
        self._choices: dict[str, str] = {}
        self._writing = False
        """A message is being typed: its letters are no choices."""
        self._stranger = False
        self._read = asyncio.Event()

    async def open(self) -> None:
        self._keys.start(self._on_text, lambda: self.tell(Kind.STOP, How.CLOSED))
        loop = asyncio.get_running_loop()
        with suppress(NotImplementedError, RuntimeError, ValueError):  # Windows, or not the main thread
            loop.add_signal_handler(signal.SIGINT, self._interrupted)
            loop.add_signal_handler(signal.SIGHUP, self.tell, Kind.STOP, How.CLOSED)
        if self._hotkey:
            self._hotkey.start(lambda: self.tell(Kind.STOP, How.HOTKEY), self._pause_or_go_on)

    async def close(self) -> None:
        self._release_signals()
        self._keys.stop()
        if self._hotkey:
            self._hotkey.stop()

    async def show_waiting(self, question: Question) -> None:
        self._drop_sign()
        self._line()
        self._line(self._words.about("waiting.title", question), _BOLD)
        if not question.shared:
            self._rows(question)
        self._line(self._words.about("waiting.body", question))
        self._line(self._words.say("nothing_shared"))
        self._line(self._words.say("stop_hint"))

    async def show_first(self, question: Question) -> None:
        self._stranger = True
        self._read.clear()
        self._line()
        self._line(self._words.say("first.title", organisation=question.organisation), _BOLD)
        self._line(self._words.say("first.body", organisation=question.organisation, server=question.server), _AMBER)
        self._line(self._words.say("first.key"))
        with suppress(TimeoutError):
            await asyncio.wait_for(self._read.wait(), FIRST_SECONDS)

    async def show_digits(self, question: Question, digits: str | None) -> None:
        self._drop_sign()
        self._line()
        if digits is None:
            self._line(self._words.say("show.link"), _BOLD)
        else:
            self._line(self._words.about("show.title", question), _BOLD)
            self._line(f"  {digits[:3]} {digits[3:]}", _BOLD)
        self._line(self._words.say("show.body"))
        self._line(self._words.say("stop_hint"))

    async def ask_digits(self, attempt: int, problem: Problem | None = None) -> str:
        self._drop_sign()
        self._line()
        if problem:
            self._line(self._words.problem(attempt, problem), _AMBER)
        self._line(self._words.say("digits.title"), _BOLD)
        self._line(self._words.say("warning.digits"))
        while True:
            digits = six_digits(await self._ask(self._words.say("digits.prompt")))
            if digits:
                self._line(self._words.say("digits.checking"))
                return digits
            self._line(self._words.say("digits.malformed"), _AMBER)

    async def ask_consent(self, question: Question) -> bool:
        self._drop_sign()
        self._line()
        self._line(self._words.ask_title(question), _BOLD)
        if question.shared:
            self._line(self._words.say("ask.heard"), _AMBER)
        else:
            self._rows(question)
            self._line(self._words.say("warning.caller"), _AMBER)
            if self._stranger:
                self._line(self._words.say("first.key"))
        self._line(f"{self._words.say('nothing_shared')} {self._words.say('ask.body')}")
        words = {True: self._words.say("ask.words.yes").split(), False: self._words.say("ask.words.no").split()}
        while True:
            said = unicodedata.normalize("NFKC", await self._ask(self._words.say("ask.prompt"))).strip().lower()
            for answer, accepted in words.items():
                if said in accepted:
                    return answer
            self._line(self._words.say("ask.again"), _AMBER)

    async def show_sign(self, question: Question, sign: Sign | None = None) -> None:
        sign = sign or Sign()
        self._sign = (question, sign)
        choices = self._words.choices(question, sign)
        self._choices = {key: act for key, act, _ in choices}
        self._line()
        self._line(f"● {self._words.sign(question, sign)}", _SIGN_COLOURS[self._words.state(question, sign)])
        keys = "  ".join(self._words.say("act.key", letter=key, act=words) for key, _, words in choices)
        self._line(f"  {keys}" + ("" if self._keys.immediate else f"  {self._words.say('act.enter')}"))
        if self._hotkey and self._hotkey.active:
            self._line(f"  {self._words.hotkeys()}")

    async def show_line(self, name: str, text: str, *, mine: bool) -> None:
        if self._sign is None:
            return
        who = self._words.writer(self._sign[0], name, mine)
        for number, line in enumerate(text.splitlines()):
            self._line(f"  {who}: {line}" if number == 0 else f"    {line}", "" if mine else _BOLD)

    async def notice(self, text: str) -> None:
        self._line(text)
        if self._sign:
            await self.show_sign(*self._sign)

    async def show_ended(self, by: str, reason: str) -> None:
        self._drop_sign()
        self._line()
        self._line(self._words.say("ended.title"), _BOLD)
        for line in self._words.ended(by, reason):
            self._line(line)

    async def offer_receipt(self, save: Callable[[], Awaitable[str]]) -> None:
        """Only on a real terminal: a program at the other end of a pipe asks for it by `--receipt`."""
        if not self._keys.immediate:
            return
        self._stopped = None  # what is asked now is another question
        self._line()
        self._line(self._words.say("receipt.offer"), _BOLD)
        self._line(self._words.say("receipt.key", seconds=round(OFFER_SECONDS)))
        with suppress(TimeoutError, CustomerStoppedError):
            async with asyncio.timeout(OFFER_SECONDS):
                wanted = unicodedata.normalize("NFKC", await self._answer()).strip().lower()
            if wanted == "r":
                self._line(self._words.say("receipt.saving"))
                self._line(await save())

    async def _ask(self, prompt: str) -> str:
        """One line typed after the prompt was shown; what was typed before it is dropped."""
        self._keys.drop_pending()
        self._editor.clear()
        self._write(f"{prompt}: ")
        return await self._answer()

    def _on_text(self, text: str) -> None:
        """While the sign is shown one key is enough; before, what somebody types ahead must not end by its 's'."""
        while text and self._sign is not None and self._keys.immediate and not self._writing:
            key, text = unicodedata.normalize("NFKC", text[0]), text[1:]
            self._command(key)
        self._editor.feed(text)

    def _on_line(self, line: str) -> None:
        typed = unicodedata.normalize("NFKC", line).strip()
        self._read.set()
        if self._writing:
            self._writing = False
            if line.strip():
                self.tell(Kind.SAY, How.KEY, line.strip())
        elif typed.lower() == "u" and self._stranger and self._sign is None:
            self.tell(Kind.STRANGER, How.KEY)
        elif self._pending is not None and typed.lower() != "s":
            self._give_answer(line)
        else:
            self._command(typed)

    def _command(self, typed: str) -> None:
        """One of the choices shown with the sign; ``m`` and the words after it on a pipe are a message."""
        act = self._choices.get(typed.lower()) if self._sign else None
        if typed.lower() == "s":
            self.tell(Kind.STOP, How.KEY)
        elif act == "message" and self._keys.immediate:
            self._writing = True
            self._editor.clear()
            self._write(f"  {self._words.say('chat.prompt')}: ")
        elif typed[:2].lower() == "m " and "m" in self._choices and self._sign:
            self.tell(Kind.SAY, How.KEY, typed[2:].strip())
        elif act in _KINDS:
            self.tell(_KINDS[act], How.KEY)
        elif act is not None and " " in act:
            self.tell(Kind(act.split()[0]), How.KEY, act.split()[1])

    def _pause_or_go_on(self) -> None:
        if self._sign is not None:
            paused = self._sign[1].state == "paused"
            self.tell(Kind.RESUME if paused else Kind.PAUSE, How.HOTKEY)

    def _interrupted(self) -> None:
        """Ctrl+C stops in good order; a second one ends the program the hard way."""
        self._release_signals()
        self.tell(Kind.STOP, How.KEY)

    def _release_signals(self) -> None:
        loop = asyncio.get_running_loop()
        with suppress(NotImplementedError, RuntimeError, ValueError):
            loop.remove_signal_handler(signal.SIGINT)
            loop.remove_signal_handler(signal.SIGHUP)

    def _drop_sign(self) -> None:
        self._sign = None
        self._choices, self._writing = {}, False

    def _rows(self, question: Question) -> None:
        for label, value in self._words.rows(question):
            self._line(f"  {label}: {value}" if label else f"  {value}")

    def _line(self, text: str = "", colour: str = "") -> None:
        self._write((f"\x1b[{colour}m{text}\x1b[0m" if colour and self._coloured else text) + "\n")

    def _echo(self, text: str) -> None:
        if self._keys.immediate:
            self._write(text)

    def _write(self, text: str) -> None:
        with suppress(OSError, ValueError):  # a terminal that is gone is noticed by its input ending
            try:
                self._out.write(text)
            except UnicodeEncodeError:  # an old terminal: a question mark is better than no sign
                encoding = self._out.encoding or "ascii"
                self._out.write(text.encode(encoding, "replace").decode(encoding))
            self._out.flush()
