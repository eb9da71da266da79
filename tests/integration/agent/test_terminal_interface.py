"""The terminal interface on a real pseudo-terminal and on a plain pipe, byte by byte as a person types."""

import asyncio
import io
import os
import pty
import select
import signal
import termios
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from agent.host.ui import CustomerStoppedError, How, Kind, Problem, Question, Sign
from agent.host.ui.keys import Keys
from agent.host.ui.terminal import TerminalInterface

QUESTION = Question("Alice", "Acme", "password", "support.acme.example", "control", ("chat",))


class Customer:
    """Both ends: what the program shows, and the keyboard."""

    def __init__(self, kind: str, lang: str = "en") -> None:
        self.kind = kind
        self.near, self.far = pty.openpty() if kind == "pty" else reversed(os.pipe())
        self.out = io.StringIO()
        self.ui = TerminalInterface(lang, keys=Keys(self.far), out=self.out)

    def types(self, text: str) -> None:
        os.write(self.near, text.encode())

    async def sees(self, text: str, count: int = 1) -> None:
        async with asyncio.timeout(5):
            while self.out.getvalue().count(text) < count:
                await asyncio.sleep(0.005)


@asynccontextmanager
async def customer(kind: str, lang: str = "en") -> AsyncIterator[Customer]:
    person = Customer(kind, lang)
    try:
        async with person.ui:
            yield person
    finally:
        os.close(person.far)
        if person.near >= 0:
            os.close(person.near)


@pytest.mark.parametrize("kind", ["pty", "pipe"])
async def test_the_way_through(kind: str) -> None:
    async with customer(kind) as person, asyncio.timeout(10):
        await person.ui.show_waiting(QUESTION)
        await person.sees("Waiting for Alice")
        digits = asyncio.create_task(person.ui.ask_digits(1))
        await person.sees("Six digits, then Enter: ")
        for char in "048 213\n":
            person.types(char)
        assert await digits == "048213"
        answer = asyncio.create_task(person.ui.ask_consent(QUESTION))
        await person.sees("yes or no, then Enter: ")
        for line in ("Organisation: Acme", "Over the server: support.acme.example", "use your mouse", "Write messages"):
            assert line in person.out.getvalue()
        person.types("Yes\n")
        assert await answer is True
        await person.ui.show_sign(QUESTION)
        await person.sees("Alice of Acme sees and controls your screen")
        person.types("p" if kind == "pty" else "p\n")
        assert (await person.ui.next_event()).kind is Kind.PAUSE
        await person.ui.show_sign(QUESTION, Sign("paused"))
        person.types("p" if kind == "pty" else "p\n")
        assert (await person.ui.next_event()).kind is Kind.RESUME
        person.types("s" if kind == "pty" else "s\n")
        event = await person.ui.next_event()
        assert (event.kind, event.how) == (Kind.STOP, How.KEY)
        await person.ui.show_ended("customer", "ended")
        await person.sees("Nobody sees your screen any more.")


@pytest.mark.parametrize("kind", ["pty", "pipe"])
async def test_bad_entries_are_asked_again(kind: str) -> None:
    async with customer(kind) as person, asyncio.timeout(10):
        digits = asyncio.create_task(person.ui.ask_digits(2, Problem.WRONG))
        await person.sees("Tries left: 2")
        for count, wrong in enumerate(("12345", "1234567", "12345a", ""), start=1):
            await person.sees("Enter: ", count)
            person.types(f"{wrong}\n")
            await person.sees("exactly six", count)
        await person.sees("Enter: ", 5)
        person.types("１２３４５６\n")
        assert await digits == "123456"


@pytest.mark.parametrize(("typed", "answer"), [("はい\n", True), ("いいえ\n", False), ("y\n", True), ("N\n", False)])
async def test_answers_in_japanese(typed: str, answer: bool) -> None:
    async with customer("pty", "ja") as person, asyncio.timeout(10):
        asked = asyncio.create_task(person.ui.ask_consent(QUESTION))
        await person.sees("Enter: ")
        for byte in typed.encode():
            os.write(person.near, bytes([byte]))
        assert await asked is answer


async def test_only_a_clear_word_is_an_answer() -> None:
    async with customer("pty") as person, asyncio.timeout(10):
        asked = asyncio.create_task(person.ui.ask_consent(QUESTION))
        for count, typed in enumerate(("\n", "yep\n", "1\n", "ye\x7f\x7f\x1b[A\n"), start=1):
            await person.sees("Enter: ", count)
            person.types(typed)
            await person.sees("Please type", count)
        await person.sees("Enter: ", 5)
        assert not asked.done()
        person.types("oops\x15no\n")
        assert await asked is False


@pytest.mark.parametrize("kind", ["pty", "pipe"])
@pytest.mark.rule("R12")
async def test_an_answer_typed_before_the_question_does_not_count(kind: str) -> None:
    async with customer(kind) as person, asyncio.timeout(10):
        await person.ui.show_waiting(QUESTION)
        person.types("yes\nyes\n")
        await asyncio.sleep(0)
        while _unread(person):
            await asyncio.sleep(0.005)
        asked = asyncio.create_task(person.ui.ask_consent(QUESTION))
        await person.sees("Enter: ")
        person.types("no\n")
        assert await asked is False


async def test_stop_while_digits_are_asked() -> None:
    async with customer("pty") as person, asyncio.timeout(10):
        asked = asyncio.create_task(person.ui.ask_digits(1))
        await person.sees("Enter: ")
        person.types("s\n")
        with pytest.raises(CustomerStoppedError):
            await asked
        assert (await person.ui.next_event()).kind is Kind.STOP
        with pytest.raises(CustomerStoppedError):
            await person.ui.ask_consent(QUESTION)


@pytest.mark.parametrize("kind", ["pty", "pipe"])
async def test_a_terminal_that_goes_away_is_a_stop(kind: str) -> None:
    async with customer(kind) as person, asyncio.timeout(10):
        await person.ui.show_sign(QUESTION)
        os.close(person.near)
        person.near = -1
        event = await person.ui.next_event()
        assert (event.kind, event.how) == (Kind.STOP, How.CLOSED)


async def test_ctrl_c_is_a_stop() -> None:
    async with customer("pty") as person, asyncio.timeout(10):
        await person.ui.show_sign(QUESTION)
        os.kill(os.getpid(), signal.SIGINT)
        assert (await person.ui.next_event()).kind is Kind.STOP


async def test_a_cancelled_question_is_gone() -> None:
    async with customer("pty") as person, asyncio.timeout(10):
        asked = asyncio.create_task(person.ui.ask_digits(1))
        await person.sees("Enter: ")
        asked.cancel()
        await asyncio.gather(asked, return_exceptions=True)
        await person.ui.show_waiting(QUESTION)
        person.types("s\n")
        assert (await person.ui.next_event()).kind is Kind.STOP


async def test_an_old_terminal_gets_its_sign_too() -> None:
    near, far = pty.openpty()
    bytes_out = io.BytesIO()
    out = io.TextIOWrapper(bytes_out, encoding="ascii")
    async with TerminalInterface("en", keys=Keys(far), out=out) as ui:
        await ui.show_sign(QUESTION)
    assert b"? Alice of Acme sees and controls your screen" in bytes_out.getvalue()
    os.close(near)
    os.close(far)


async def test_the_terminal_is_given_back_as_it_was() -> None:
    near, far = pty.openpty()
    before = termios.tcgetattr(far)
    async with TerminalInterface("en", keys=Keys(far), out=io.StringIO()):
        assert termios.tcgetattr(far) != before
    assert termios.tcgetattr(far) == before
    os.close(near)
    os.close(far)


def _unread(person: Customer) -> bool:
    return bool(select.select([person.far], [], [], 0)[0])


async def over(person: Customer) -> None:
    """The customer pressed stop, and the session is over."""
    await person.ui.show_sign(QUESTION)
    person.ui.tell(Kind.STOP, How.KEY)
    await person.ui.show_ended("customer", "ended")


async def saved() -> str:
    return "Saved: /home/hanako/receipt.html"


async def test_the_receipt_is_saved_for_who_wants_it_also_after_a_stop() -> None:
    async with customer("pty") as person, asyncio.timeout(10):
        await over(person)
        offered = asyncio.create_task(person.ui.offer_receipt(saved))
        await person.sees("r and Enter: save it")
        person.types("Ｒ\n")
        await offered
        assert "Saved: /home/hanako/receipt.html" in person.out.getvalue()


@pytest.mark.parametrize("typed", ["\n", "s\n", "no\n", "\x04"])
async def test_whatever_else_is_typed_saves_nothing_and_ends_at_once(typed: str) -> None:
    async with customer("pty") as person, asyncio.timeout(10):
        await over(person)
        offered = asyncio.create_task(person.ui.offer_receipt(saved))
        await person.sees("r and Enter: save it")
        if typed == "\x04":
            os.close(person.near)
            person.near = -1
        else:
            person.types(typed)
        await offered
        assert "Saved" not in person.out.getvalue()


async def test_nothing_is_offered_where_a_program_listens() -> None:
    async with customer("pipe") as person, asyncio.timeout(10):
        await over(person)
        shown = person.out.getvalue()
        await person.ui.offer_receipt(saved)
        assert person.out.getvalue() == shown
