"""One session on the machine whose screen is shown: joins the protocol, the customer's interface, the screen and the input."""

import asyncio
import contextlib
import itertools
import os
import platform
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final

from agent.api_client import ApiClient
from agent.host import events
from agent.host.capture import NoScreenError, Screen
from agent.host.consent import CONTROL, Consent, Mode, State, Verdict
from agent.host.input import Injector, InputError, InputWorker
from agent.host.introductions import introductions_for
from agent.host.protocol import HostProtocol
from agent.host.ui import CustomerInterface, CustomerStoppedError, Kind, Problem, Question
from agent.host.ui.question import shown
from agent.link import Link
from agent.outbox import Outbox
from agent.seat import Seat
from texts import translate
from wire.limits import ALONE_VIEWER_SECONDS
from wire.messages import relay
from wire.messages.input import Event as InputEvent
from wire.messages.input import PointerMove

TICK_SECONDS: Final = 0.25
PICTURE_SECONDS: Final = 1 / 60
"""No more pictures than this apart, except the first after a rest."""
FLUSH_SECONDS: Final = 1.0
"""How long the farewell may take."""


class HostSession:
    """Runs until either side ends it; `run` returns who ended it and why."""

    def __init__(
        self,
        seat: Seat,
        api: ApiClient,
        interface: CustomerInterface,
        question: Question,
        *,
        screen: Screen,
        injector: Injector | None,
        lang: str,
        link_secret: bytes | None = None,
        proxy: str | None = None,
    ) -> None:
        """`injector` is None where input cannot be applied (mode view, or no permission)."""
        self.outbox = Outbox()
        mode: Mode = "control" if seat.mode == CONTROL else "view"
        numbers = itertools.count(1)
        self._protocol = HostProtocol(
            sender=seat.sender,
            ticket=seat.first_ticket_id,
            statement=seat.statement_hash,
            consent=Consent(mode),
            outbox=self.outbox,
            entropy=os.urandom,
            counter=lambda: next(numbers),
            link=link_secret,
            limit_seconds=seat.limit_seconds,
            demands=seat.demands,
            introductions=introductions_for(seat),
            about={"platform": platform.system(), "release": platform.release(), "capabilities": ["lossless"]},
        )
        self._seat, self._api, self._ui, self._question, self._lang = seat, api, interface, question, lang
        self._screen = screen
        self._input = self._worker(injector)
        alone = ALONE_VIEWER_SECONDS * (len(seat.relays) + 1)
        self._link = Link(self, seat.relays, seat.ticket, lambda: seat.resume_ticket, alone_seconds=alone, proxy=proxy)
        self._tasks: set[asyncio.Task[Any]] = set()
        self._asking: asyncio.Task[None] | None = None
        self._done: asyncio.Future[events.Ended] = asyncio.get_running_loop().create_future()
        self._picture_wanted = asyncio.Event()
        self._told_unreachable = False

    # ---- what the link calls (agent.link.Core)

    def on_connected(self) -> None:
        self._told_unreachable = False
        self._protocol.connected()

    def on_lost(self) -> None:
        self._handle(self._protocol.disconnected(self._now()))

    def on_text(self, text: relay.Text) -> None:
        self._handle(self._protocol.text(text, self._now()))

    def on_frame(self, data: bytes) -> None:
        self._handle(self._protocol.frame(data, self._now()))

    def on_unreachable(self, relay_id: str, why: str) -> None:  # noqa: ARG002 - the customer need not know why
        if not self._told_unreachable:
            self._told_unreachable = True
            self._spawn(self._ui.notice(translate("host.relay_unreachable", self._lang, relay=shown(relay_id))))

    def alone(self) -> bool:
        return self._protocol.alone

    def may_move_on(self) -> bool:
        return self._protocol.met

    # ---- the session

    async def run(self) -> events.Ended:
        """The whole session. The interface must be open; screen and injector are closed here."""
        await self._ui.show_waiting(self._question)
        workers: list[Callable[[], Awaitable[None]]] = [
            self._carry,
            self._tick,
            self._pictures,
            self._customer,
            self._renew,
        ]
        for worker in workers:
            self._spawn(self._guard(worker))
        try:
            ended = await self._done
            self._release()
            await self._farewell()
            await self._ui.show_ended(ended.by, ended.reason)
            return ended
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            if self._input is not None:
                await asyncio.to_thread(self._input.close)
            self._screen.close()

    async def _guard(self, worker: Callable[[], Awaitable[None]]) -> None:
        """A worker that breaks ends the session rather than leave it half alive."""
        try:
            await worker()
        except Exception:
            self._handle(self._protocol.end("system", "error"))
            raise

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()

    def _handle(self, happened: list[events.Event]) -> None:
        for event in happened:
            self._on_event(event)
        self._link.flush()
        self._picture_wanted.set()

    def _on_event(self, event: events.Event) -> None:
        if isinstance(event, events.Input):
            self._apply(*event.events)
        elif isinstance(event, events.Pointer):
            self._apply(event.move)
        elif isinstance(event, events.ReleaseInput):
            self._release()
        elif isinstance(event, events.DigitsNeeded):
            self._ask(self._ask_digits(event.attempt))
        elif isinstance(event, events.Unfit):
            self._spawn(self._ui.notice(translate(f"host.unfit.{event.why}", self._lang)))
        elif isinstance(event, events.ConsentNeeded):
            self._ask(self._ask_consent())
        elif isinstance(event, events.Cancelled):
            self._ask(self._ui.show_waiting(self._question))
        elif isinstance(event, events.Accepted):
            self._ask(self._ui.show_sign(self._question))
        elif isinstance(event, events.Ended) and not self._done.done():
            self._done.set_result(event)

    def _worker(self, injector: Injector | None) -> InputWorker | None:
        """Applies input in its own thread, each event only while the consent still allows it."""
        if injector is None:
            return None
        loop = asyncio.get_running_loop()

        def lost(_: InputError) -> None:
            loop.call_soon_threadsafe(lambda: self._handle(self._protocol.end("system", "error")))

        return InputWorker(injector, lambda: self._protocol.consent.may_apply_input, lost)

    def _apply(self, *what: InputEvent | PointerMove) -> None:
        if self._input is not None:
            for event in what:
                self._input.submit(event)
            self._screen.hurry()

    def _release(self) -> None:
        if self._input is not None:
            self._input.release_all()

    # ---- the customer

    def _ask(self, question: Coroutine[Any, Any, None]) -> None:
        """Show something in place of what is asked now."""
        if self._asking is not None:
            self._asking.cancel()
        self._asking = self._spawn(self._show(question))

    async def _show(self, question: Coroutine[Any, Any, None]) -> None:
        with contextlib.suppress(CustomerStoppedError):  # the stop itself comes as an event
            await question

    async def _ask_digits(self, attempt: int) -> None:
        problem = Problem.WRONG if attempt > 1 else None
        verdict = Verdict.MALFORMED
        while verdict is Verdict.MALFORMED:
            typed = await self._ui.ask_digits(attempt, problem)
            verdict, happened = self._protocol.digits(typed, self._now())
            self._asking = None
            self._handle(happened)

    async def _ask_consent(self) -> None:
        yes = await self._ui.ask_consent(self._question)
        self._asking = None
        if self._protocol.consent.state is State.ASK:
            self._handle(self._protocol.answer(yes, self._now()))

    async def _customer(self) -> None:
        """Stop, pause, go on: whenever the customer wants."""
        while True:
            event = await self._ui.next_event()
            state = self._protocol.consent.state
            if event.kind is Kind.STOP:
                self._handle(self._protocol.end("customer", "ended"))
            elif event.kind is Kind.PAUSE and state is State.APPROVED:
                self._pause(True)
            elif event.kind is Kind.RESUME and state is State.PAUSED:
                self._pause(False)

    def _pause(self, paused: bool) -> None:
        self._protocol.pause(paused, self._now())
        self._release()
        self._handle([])
        self._ask(self._ui.show_sign(self._question, paused=paused))

    # ---- the workers

    async def _carry(self) -> None:
        await self._link.run()
        if self._link.final is not None and not self._done.done():
            await self._seat.renew(self._api)
            by, reason = self._seat.ended or ("system", self._link.final)
            self._handle([events.ReleaseInput(), events.Ended(by, reason)])

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_SECONDS)
            self._handle(self._protocol.tick(self._now()))

    async def _renew(self) -> None:
        await self._seat.keep(self._api)
        by, reason = self._seat.ended or ("system", "ended")
        self._handle(self._protocol.end(by, reason))

    async def _pictures(self) -> None:
        """Capture when something changed, somebody may see it and there is room on the way."""
        changed: asyncio.Task[None] | None = None
        pending, last = True, 0.0
        try:
            while True:
                changed = changed or asyncio.ensure_future(self._screen.changed())
                if pending and self._protocol.wants_picture(self._now()):
                    await asyncio.sleep(max(0.0, last + PICTURE_SECONDS - self._now()))
                    pending, last = False, self._now()
                    if self._protocol.wants_picture(last):
                        self._send_picture(last)
                    continue
                self._picture_wanted.clear()
                wanted = asyncio.ensure_future(self._picture_wanted.wait())
                await asyncio.wait({changed, wanted}, return_when=asyncio.FIRST_COMPLETED)
                wanted.cancel()
                if changed.done():
                    changed.result()
                    changed, pending = None, True
                pending = pending or self._protocol.stream.due
        finally:
            if changed is not None:
                changed.cancel()

    def _send_picture(self, now: float) -> None:
        try:
            frame = self._screen.grab()
        except NoScreenError as error:
            self._spawn(self._ui.notice(str(error)))
            self._handle(self._protocol.end("system", "error"))
            return
        self._protocol.picture(frame, now)
        self._link.flush()

    async def _farewell(self) -> None:
        """Let the last messages out, then close."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FLUSH_SECONDS):
                await self._link.close()
                await self._link.closed()
