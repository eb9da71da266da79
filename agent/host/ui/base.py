"""The interface between a session and the person whose screen it is."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum
from typing import Final, Self

from agent.host.ui.question import Question

OFFER_SECONDS: Final = 60.0
"""How long the receipt is offered when nobody answers."""
FIRST_SECONDS: Final = 3.0
"""How long the warning about an organisation that was never here stands by itself."""


class Kind(Enum):
    """What the customer wants, at any time."""

    STOP = "stop"
    PAUSE = "pause"
    VIEW_ONLY = "view only"
    """Take control back."""
    CHAT_ONLY = "chat only"
    RESUME = "resume"
    """Go on with everything; also: give control back after own input."""
    ALLOW = "allow"
    """Give one thing (`UiEvent.text` names it) again."""
    WITHDRAW = "withdraw"
    """Take one thing back."""
    SAY = "say"
    """Write a message (`UiEvent.text`)."""
    STRANGER = "stranger"
    """'Somebody I do not know called me': a stop that is reported."""


class How(Enum):
    """By which means it was said."""

    BUTTON = "button"
    KEY = "key"
    HOTKEY = "hotkey"
    CLOSED = "closed"
    """The window or the terminal was closed."""
    LOST = "lost"
    """What shows the sign is gone or hangs: no sign, no session."""


@dataclass(frozen=True, slots=True)
class UiEvent:
    """Something the customer did without being asked."""

    kind: Kind
    how: How
    text: str = ""


class Problem(Enum):
    """Why the digits are asked again; the value is the end of a text key."""

    WRONG = "wrong"
    CANCELLED = "cancelled"
    """The other side was lost or too slow; nobody typed anything wrong."""


@dataclass(frozen=True, slots=True)
class Sign:
    """How it stands, for the sign; the question itself says who is there and what the session is for."""

    state: str = ""
    """``control``, ``view``, ``chat``, ``own`` (the person's own hands are on it) or ``paused``; ``look`` or
    ``use`` where it is the other's screen; empty: as the mode says."""
    granted: tuple[str, ...] = ()
    """What can be taken back by itself, beside seeing: names of grants."""
    withheld: tuple[str, ...] = ()
    """What can be given (again)."""
    others: tuple[str, ...] = ()
    """Names of everybody who looks on beside the one whom the question names."""
    away: bool = False
    """Nobody is connected just now."""
    held: bool = False
    """The other side, whose screen this person looks at, has paused."""
    reduced: bool = False
    """Whether 'go on' means anything: something was taken back for a while, or the person's own hands are on it."""


class CustomerStoppedError(Exception):
    """The customer stopped instead of answering."""

    def __init__(self, how: How) -> None:
        super().__init__(f"the customer stopped ({how.value})")
        self.how = how


class CustomerInterface(ABC):
    """What a session shows and asks.

    `ask_digits` and `ask_consent` may be cancelled (the operator went away): the next `show_` call replaces what was
    asked, and a late answer goes nowhere. A stop is final: it is one `UiEvent` from `next_event`, and every question
    open then or asked later raises `CustomerStoppedError`.
    """

    def __init__(self) -> None:
        self._events: asyncio.Queue[UiEvent] = asyncio.Queue()
        self._stopped: How | None = None
        self._pending: asyncio.Future[str] | None = None

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()

    @property
    def stopped(self) -> How | None:
        """How the customer stopped, or None."""
        return self._stopped

    async def next_event(self) -> UiEvent:
        """Wait for the next thing the customer does unasked; nothing follows a stop."""
        return await self._events.get()

    @abstractmethod
    async def open(self) -> None:
        """Show up. Raises `OSError` when this kind of interface cannot be shown here."""

    @abstractmethod
    async def close(self) -> None:
        """Go away; may be called twice."""

    @abstractmethod
    async def show_waiting(self, question: Question) -> None:
        """Nobody is on the other side yet: who asked, over which server; nothing is shared."""

    @abstractmethod
    async def show_first(self, question: Question) -> None:
        """This organisation was never here before: a plain warning, for a moment (see `FIRST_SECONDS`) or until it is read.

        From then on a button (a word in the terminal) says that a stranger called: `Kind.STRANGER`."""

    @abstractmethod
    async def show_digits(self, question: Question, digits: str | None) -> None:
        """The customer looks on at this machine and types the digits there: read these out (None: the link replaces them)."""

    @abstractmethod
    async def ask_digits(self, attempt: int, problem: Problem | None = None) -> str:
        """Have the customer type the six digits they hear; `attempt` counts from 1. Returns six ASCII digits."""

    @abstractmethod
    async def ask_consent(self, question: Question) -> bool:
        """Ask the question; only an explicit yes is True."""

    @abstractmethod
    async def show_sign(self, question: Question, sign: Sign | None = None) -> None:
        """Show, from now on, that the screen is seen (or controlled, or not just now) and by whom."""

    @abstractmethod
    async def show_line(self, name: str, text: str, *, mine: bool) -> None:
        """A chat message, of whom; `text` may have several lines."""

    @abstractmethod
    async def notice(self, text: str) -> None:
        """Tell something beside what is shown; `text` is already in the customer's language."""

    @abstractmethod
    async def show_ended(self, by: str, reason: str) -> None:
        """Say that it is over, who ended it and why (protocol section 7); the sign goes away first."""

    async def offer_receipt(  # noqa: B027 - most offer nothing
        self, save: Callable[[], Awaitable[str]]
    ) -> None:
        """It is over: offer to save the receipt, for a moment. `save` does it and says what came of it, in the customer's
        language. Where nobody can be asked, nothing is."""

    def tell(self, kind: Kind, how: How, text: str = "") -> None:
        """Pass on what the customer did; to be called on the loop. What comes after a stop is dropped."""
        if self._stopped is not None:
            return
        if kind in (Kind.STOP, Kind.STRANGER):
            self._stopped = how
            self._fail_pending(how)
        self._events.put_nowait(UiEvent(kind, how, text))

    async def _answer(self) -> str:
        """Wait for the answer to the question just shown."""
        if self._stopped is not None:
            raise CustomerStoppedError(self._stopped)
        self._pending = asyncio.get_running_loop().create_future()
        try:
            return await self._pending
        finally:
            self._pending = None

    def _give_answer(self, value: str) -> None:
        if self._pending is not None and not self._pending.done():
            self._pending.set_result(value)

    def _fail_pending(self, how: How) -> None:
        if self._pending is not None and not self._pending.done():
            self._pending.set_exception(CustomerStoppedError(how))
