"""A customer played by a script: for tests of everything that asks one."""

import asyncio
from collections.abc import Iterable

from agent.host.ui.base import CustomerInterface, How, Kind, Problem, Sign
from agent.host.ui.question import Question


class FakeInterface(CustomerInterface):
    """Answers from lists and records what was shown in `shown`, one tuple each: a name, then what it was given.

    A question whose list is empty waits until `type_digits`, `say` or `stop` is called.
    """

    def __init__(self, digits: Iterable[str] = (), answers: Iterable[bool] = ()) -> None:
        super().__init__()
        self.shown: list[tuple[object, ...]] = []
        self._digits = list(digits)
        self._answers = list(answers)
        self._changed = asyncio.Event()

    async def open(self) -> None:
        self._record("open")

    async def close(self) -> None:
        self._record("close")

    async def show_waiting(self, question: Question) -> None:
        self._record("waiting", question)

    async def ask_digits(self, attempt: int, problem: Problem | None = None) -> str:
        self._record("digits", attempt, problem)
        return self._digits.pop(0) if self._digits and self.stopped is None else await self._answer()

    async def ask_consent(self, question: Question) -> bool:
        self._record("consent", question)
        if self._answers and self.stopped is None:
            return self._answers.pop(0)
        return await self._answer() == "yes"

    async def show_first(self, question: Question) -> None:
        self._record("first", question)

    async def show_digits(self, question: Question, digits: str | None) -> None:
        self._record("show digits", question, digits)

    async def show_sign(self, question: Question, sign: Sign | None = None) -> None:
        self._record("sign", question, sign)

    async def show_line(self, name: str, text: str, *, mine: bool) -> None:
        self._record("line", name, text, mine)

    async def notice(self, text: str) -> None:
        self._record("notice", text)

    async def show_ended(self, by: str, reason: str) -> None:
        self._record("ended", by, reason)

    def type_digits(self, digits: str) -> None:
        """The customer types, now."""
        self._give_answer(digits)

    def say(self, yes: bool) -> None:
        """The customer answers, now."""
        self._give_answer("yes" if yes else "no")

    def stop(self, how: How = How.BUTTON) -> None:
        """The customer stops, now."""
        self.tell(Kind.STOP, how)

    async def until_shown(self, name: str, count: int = 1) -> tuple[object, ...]:
        """Wait until `name` was shown `count` times; returns the last of them."""
        while len(found := [entry for entry in self.shown if entry[0] == name]) < count:
            self._changed.clear()
            await self._changed.wait()
        return found[count - 1]

    def _record(self, *entry: object) -> None:
        self.shown.append(entry)
        self._changed.set()
