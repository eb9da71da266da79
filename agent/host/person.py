"""The person at this machine: what they are shown and asked, and what they want, joined to the protocol."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from dataclasses import replace
from math import ceil
from typing import Any, Final

from agent.host import events
from agent.host.consent import CONTROL, VIEW, State, Verdict
from agent.host.protocol import HostProtocol
from agent.host.states import REDUCED
from agent.host.ui import CustomerInterface, CustomerStoppedError, Kind, Problem, Question, Sign
from agent.host.ui.base import UiEvent
from texts import translate
from wire.errors import WireError
from wire.introduction import Introduction

UNKNOWN_CALLER: Final = "unknown_caller"
"""The reason of an ending that the api reports to the organisation's administrators."""
_STATES: Final = {State.PAUSED: "paused", State.CHAT_ONLY: "chat", State.SUSPENDED: "own"}


class Person:
    """Shows one thing at a time; a question that is no longer due is taken away."""

    def __init__(
        self,
        ui: CustomerInterface,
        question: Question,
        lang: str,
        protocol: HostProtocol,
        *,
        handle: Callable[[list[events.Event]], None],
        now: Callable[[], float],
        spawn: Callable[[Coroutine[Any, Any, None]], "asyncio.Task[None]"],
    ) -> None:
        """`handle` is told what follows from an answer; `spawn` keeps a task until the session is over."""
        self._ui, self._question, self._lang, self._protocol = ui, question, lang, protocol
        self._handle, self._now, self._spawn = handle, now, spawn
        self._asking: asyncio.Task[None] | None = None
        self._warned = asyncio.Event()
        self._signed = False

    async def begin(self) -> None:
        """What is seen before anybody is there. Nothing is asked while a warning stands."""
        if self._protocol.consent.kept() is not None:
            self._signed = True
            await self._ui.show_sign(self._question, self._sign())
            for line in self._protocol.chat.lines:
                await self._show_line(line.name, line.text, mine=line.sender == self._protocol.me)
        elif not self._question.known and not self._question.shared:
            self._spawn(self._warn())
            return
        else:
            await self._ui.show_waiting(self._question)
        self._warned.set()

    def on_event(self, event: events.Event) -> None:
        """Something happened in the protocol: show what it means."""
        match event:
            case events.DigitsNeeded():
                self._ask(self._ask_digits(event.attempt))
            case events.DigitsShown():
                self._signed = False
                self._ask(self._ui.show_digits(self._question, event.digits))
            case events.ConsentNeeded():
                self._ask(self._ask_consent(event.introduction))
            case events.Cancelled() | events.Refused():
                self._ask(self._rest())
            case events.Accepted():
                self._signed = True
                self._ask(self._rest())
            case events.Changed() | events.ViewerHere() | events.ViewerAway() if self._signed and self._asking is None:
                self._ask(self._rest())
            case events.Unfit():
                self._spawn(self._ui.notice(translate(f"host.unfit.{event.why}", self._lang)))
            case events.Narrowed():
                self._spawn(self._ui.notice(self._narrowed(event)))
            case events.Said():
                self._spawn(self._show_line(event.line.name, event.line.text, mine=False))

    async def run(self) -> None:
        """Take what the person wants, whenever they want it."""
        while True:
            self._handle(self._wanted(await self._ui.next_event()))

    def _wanted(self, event: UiEvent) -> list[events.Event]:
        protocol, now = self._protocol, self._now()
        match event.kind:
            case Kind.STOP:
                return protocol.end(protocol.side, "ended")
            case Kind.STRANGER:
                return protocol.end(protocol.side, UNKNOWN_CALLER)
            case Kind.PAUSE if protocol.consent.state is not State.PAUSED:
                return protocol.pause(now)
            case Kind.VIEW_ONLY if protocol.consent.state is not State.VIEW_ONLY:
                return protocol.view_only(now)
            case Kind.CHAT_ONLY if protocol.consent.state is not State.CHAT_ONLY:
                return protocol.chat_only(now)
            case Kind.RESUME if protocol.consent.state in REDUCED | {State.SUSPENDED}:
                return protocol.go_on(now)
            case Kind.ALLOW | Kind.WITHDRAW if event.text in protocol.consent.possible:
                return protocol.grant(event.text, event.kind is Kind.ALLOW, now)
            case Kind.SAY:
                return self._say(event.text)
        return []

    def _say(self, text: str) -> list[events.Event]:
        try:
            line = self._protocol.say(text)
        except WireError:
            self._spawn(self._ui.notice(translate("host.chat.too_long", self._lang)))
            return []
        if line is not None:
            self._spawn(self._show_line(line.name, line.text, mine=True))
        return []

    # ---- showing

    def _ask(self, question: Coroutine[Any, Any, None]) -> None:
        """Show something in place of what is asked now."""
        if self._asking is not None:
            self._asking.cancel()
        task = self._spawn(self._show(question))
        self._asking = task
        task.add_done_callback(self._asked)

    def _asked(self, task: "asyncio.Task[None]") -> None:
        if self._asking is task:
            self._asking = None

    async def _show(self, question: Coroutine[Any, Any, None]) -> None:
        """Once a warning was read, and unless it is over by then."""
        try:
            await self._warned.wait()
        except asyncio.CancelledError:
            question.close()
            raise
        if self._protocol.ended is not None:
            question.close()
            return
        with contextlib.suppress(CustomerStoppedError):  # the stop itself comes as an event
            await question

    async def _warn(self) -> None:
        await self._ui.show_first(self._question)
        if self._ui.stopped is None and self._asking is None:
            await self._ui.show_waiting(self._question)
        self._warned.set()

    async def _rest(self) -> None:
        """The sign where somebody is accepted, else the page that waits."""
        self._signed = bool(self._protocol.consent.accepted)
        if self._signed:
            await self._ui.show_sign(self._question, self._sign())
        else:
            await self._ui.show_waiting(self._question)

    async def _show_line(self, name: str, text: str, *, mine: bool) -> None:
        await self._ui.show_line(name, text, mine=mine)

    def _sign(self) -> Sign:
        """How it stands, for the sign."""
        consent, who = self._protocol.consent, self._protocol.who()
        state = _STATES.get(consent.state) or ("control" if CONTROL in consent.grants else "view")
        shared = self._question.shared
        single = consent.grants - {VIEW} - (frozenset() if shared else {CONTROL})
        return Sign(
            state=state,
            granted=tuple(sorted(single)),
            withheld=tuple(sorted(consent.withheld - (frozenset() if shared else {CONTROL}))),
            others=tuple(name for _, name, _ in who if name),
            away=bool(who) and not any(present for _, _, present in who),
            reduced=consent.state in REDUCED | {State.SUSPENDED},
        )

    def _narrowed(self, event: events.Narrowed) -> str:
        """What policy has just taken away, in plain words."""
        parts = []
        if event.taken:
            names = ", ".join(translate(f"host.grant.{name}", self._lang) for name in sorted(event.taken))
            parts.append(translate("host.policy.taken", self._lang, names=names))
        if event.seconds is not None:
            parts.append(translate("host.policy.minutes", self._lang, minutes=ceil(event.seconds / 60)))
        if event.idle_seconds is not None:
            parts.append(translate("host.policy.idle", self._lang))
        return translate("host.policy.narrowed", self._lang, what=" ".join(parts))

    # ---- asking

    async def _ask_digits(self, attempt: int) -> None:
        problem = Problem.WRONG if attempt > 1 else None
        verdict = Verdict.MALFORMED
        while verdict is Verdict.MALFORMED:
            typed = await self._ui.ask_digits(attempt, problem)
            verdict, happened = self._protocol.digits(typed, self._now())
            self._asking = None
            self._handle(happened)

    async def _ask_consent(self, introduction: Introduction | None) -> None:
        question = self._question if introduction is None else introduced(self._question, introduction)
        yes = await self._ui.ask_consent(question)
        self._asking = None
        if self._protocol.consent.step is State.ASK:
            self._handle(self._protocol.answer(yes, self._now()))


def introduced(question: Question, introduction: Introduction) -> Question:
    """The question about somebody whom the api introduced after the session was made."""
    other = Question.from_statement(
        {
            "operator": {"name": introduction.operator, "verified": introduction.verified},
            "organisation": {"name": introduction.organisation or question.organisation},
            "mode": introduction.mode,
            "features": sorted(introduction.features),
            "recording": question.recording,
        },
        f"https://{question.server}",
    )
    return replace(other, server=question.server, minutes=question.minutes, customer=question.customer)
