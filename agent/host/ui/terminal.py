"""The customer's side in a terminal: plain lines, one at a time, on a real one as on a pipe."""

import asyncio
import os
import signal
import sys
import unicodedata
from contextlib import suppress
from typing import Final, TextIO

from agent.host.ui.base import CustomerInterface, How, Kind, Problem
from agent.host.ui.digits import six_digits
from agent.host.ui.hotkey import HotKey
from agent.host.ui.keys import Keys
from agent.host.ui.lines import LineEditor
from agent.host.ui.question import Question
from agent.host.ui.wording import HOTKEY_NAME, Wording

_BOLD: Final = "1"
_RED: Final = "1;31"
_AMBER: Final = "1;33"
_GREY: Final = "1;90"
_SIGN_COLOURS: Final = {"control": _RED, "view": _AMBER}


class TerminalInterface(CustomerInterface):
    """Lines to `out`, answers from `keys`. ``s`` and Enter stops; while the sign is shown ``s`` alone, ``p`` pauses."""

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
        self._paused: bool | None = None
        """None while no sign is shown."""
        self._sign: tuple[Question, bool] | None = None

    async def open(self) -> None:
        self._keys.start(self._on_text, lambda: self.tell(Kind.STOP, How.CLOSED))
        loop = asyncio.get_running_loop()
        with suppress(NotImplementedError, RuntimeError, ValueError):  # Windows, or not the main thread
            loop.add_signal_handler(signal.SIGINT, self._interrupted)
            loop.add_signal_handler(signal.SIGHUP, self.tell, Kind.STOP, How.CLOSED)
        if self._hotkey:
            self._hotkey.start(lambda: self.tell(Kind.STOP, How.HOTKEY))

    async def close(self) -> None:
        self._release_signals()
        self._keys.stop()
        if self._hotkey:
            self._hotkey.stop()

    async def show_waiting(self, question: Question) -> None:
        self._drop_sign()
        self._line()
        self._line(self._words.say("waiting.title", operator=question.operator), _BOLD)
        self._rows(question)
        self._line(self._words.say("waiting.body"))
        self._line(self._words.say("nothing_shared"))
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
        self._rows(question)
        self._line(self._words.say("warning.caller"), _AMBER)
        self._line(f"{self._words.say('nothing_shared')} {self._words.say('ask.body')}")
        words = {True: self._words.say("ask.words.yes").split(), False: self._words.say("ask.words.no").split()}
        while True:
            said = unicodedata.normalize("NFKC", await self._ask(self._words.say("ask.prompt"))).strip().lower()
            for answer, accepted in words.items():
                if said in accepted:
                    return answer
            self._line(self._words.say("ask.again"), _AMBER)

    async def show_sign(self, question: Question, *, paused: bool = False) -> None:
        self._sign = (question, paused)
        self._paused = paused
        self._line()
        self._line(f"● {self._words.sign(question, paused)}", _GREY if paused else _SIGN_COLOURS[question.mode])
        hint = self._hint("sign.keys", "_paused" if paused else "")
        if self._hotkey and self._hotkey.active:
            hint += " " + self._words.say("sign.hotkey", hotkey=HOTKEY_NAME) + "."
        self._line(f"  {hint}")

    async def notice(self, text: str) -> None:
        self._line(text)
        if self._sign:
            question, paused = self._sign
            await self.show_sign(question, paused=paused)

    async def show_ended(self, by: str, reason: str) -> None:
        self._drop_sign()
        self._line()
        self._line(self._words.say("ended.title"), _BOLD)
        for line in self._words.ended(by, reason):
            self._line(line)

    async def _ask(self, prompt: str) -> str:
        """One line typed after the prompt was shown; what was typed before it is dropped."""
        self._keys.drop_pending()
        self._editor.clear()
        self._write(f"{prompt}: ")
        return await self._answer()

    def _on_text(self, text: str) -> None:
        """While the sign is shown one key is enough; before, what somebody types ahead must not end by its 's'."""
        if self._paused is None or not self._keys.immediate:
            self._editor.feed(text)
            return
        for char in unicodedata.normalize("NFKC", text):
            self._command(char)

    def _on_line(self, line: str) -> None:
        if self._pending is not None and unicodedata.normalize("NFKC", line).strip().lower() != "s":
            self._give_answer(line)
        else:
            self._command(unicodedata.normalize("NFKC", line).strip())

    def _command(self, typed: str) -> None:
        if typed.lower() == "s":
            self.tell(Kind.STOP, How.KEY)
        elif typed.lower() == "p" and self._paused is not None:
            self.tell(Kind.RESUME if self._paused else Kind.PAUSE, How.KEY)

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
        self._sign = self._paused = None

    def _hint(self, key: str, end: str = "") -> str:
        return self._words.say(key + ("" if self._keys.immediate else "_line") + end)

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
