"""One session on the machine whose screen is shown: joins the protocol, the customer's interface, the screen and the input."""

import asyncio
import contextlib
import itertools
import os
import platform
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final

from agent.api_client import ApiClient
from agent.host import events
from agent.host.capture import NoScreenError, Screen
from agent.host.consent import RETURN_SECONDS, Consent, State
from agent.host.facts import Facts
from agent.host.grants import mode_of
from agent.host.input import Injector, InputError, InputWorker
from agent.host.input.own import NoOwnInput, OwnInput
from agent.host.introductions import introductions_for
from agent.host.kept import HostFile, Kept
from agent.host.person import Person
from agent.host.protocol import HostProtocol
from agent.host.teller import Teller
from agent.host.ui import CustomerInterface, Question
from agent.host.ui.question import shown
from agent.link import Link
from agent.outbox import Outbox
from agent.seat import Seat
from agent.seat_policy import SeatPolicy
from texts import translate
from wire.limits import ALONE_VIEWER_SECONDS
from wire.messages import relay
from wire.messages.input import Event as InputEvent
from wire.messages.input import PointerMove
from wire.policy import Narrowing

TICK_SECONDS: Final = 0.25
PICTURE_SECONDS: Final = 1 / 60
"""No more pictures than this apart, except the first after a rest."""
KEEP_SECONDS: Final = 5.0
"""At least this often the file for a successor is written anew: it is good for 15 minutes, and says that somebody lives."""
TELL_SECONDS: Final = 5.0
"""How long a connection is waited for, to say that it is over."""
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
        own: OwnInput | None = None,
        return_seconds: float | None = RETURN_SECONDS,
        file: HostFile | None = None,
        kept: Kept | None = None,
        keep_with: dict[str, Any] | None = None,
        facts: Facts | None = None,
    ) -> None:
        """`injector` is None where input cannot be applied (mode view, or no permission); `own` notices this machine's own
        mouse and keyboard, which suspend the viewer's until they rested for `return_seconds` (None: until it is given back
        by hand); `file` is where a restarted process finds what it needs, `kept` and `facts` what this one found there."""
        self.outbox = Outbox()
        self._file, self._keep_with = file, keep_with or {}
        self.accepted = False
        """Whether anybody was ever said yes to."""
        self._marked: tuple[object, ...] = ()
        mode = mode_of(seat.mode)
        features = seat.statement.get("features")
        consent = Consent(
            mode,
            features if isinstance(features, list) else (),
            return_seconds=return_seconds,
            kept=None if kept is None else kept.consent,
        )
        numbers = itertools.count(1)
        self._protocol = HostProtocol(
            sender=seat.sender,
            ticket=seat.first_ticket_id,
            statement=seat.statement_hash,
            consent=consent,
            outbox=self.outbox,
            entropy=os.urandom,
            counter=(lambda: next(numbers)) if file is None else file.count,
            side=seat.side,
            kept=kept,
            link=link_secret,
            limit_seconds=seat.limit_seconds,
            idle_seconds=seat.idle_seconds,
            demands=seat.demands,
            introductions=introductions_for(seat),
            about={"platform": platform.system(), "release": platform.release(), "capabilities": ["lossless"]},
        )
        self._seat, self._api, self._ui, self._question, self._lang = seat, api, interface, question, lang
        self._facts = facts or Facts()
        self._teller = Teller(api, lambda: seat.resume_ticket, self._facts)
        self._screen = screen
        self._input = self._worker(injector)
        self._policy = SeatPolicy(seat)
        self._own = own or NoOwnInput()
        alone = ALONE_VIEWER_SECONDS * (len(seat.relays) + 1)
        self._link = Link(self, seat.relays, seat.ticket, lambda: seat.resume_ticket, alone_seconds=alone, proxy=proxy)
        self._tasks: set[asyncio.Task[Any]] = set()
        self._loop = asyncio.get_running_loop()
        self._done: asyncio.Future[events.Ended] = asyncio.get_running_loop().create_future()
        self._person = Person(
            interface, question, lang, self._protocol, handle=self._handle, now=self._now, spawn=self._spawn
        )
        self._picture_wanted = asyncio.Event()
        self._told_unreachable = False

    # ---- what the link calls (agent.link.Core)

    def on_connected(self) -> None:
        self._told_unreachable = False
        self._protocol.connected()

    def on_lost(self) -> None:
        self._handle(self._protocol.disconnected(self._now()))

    def on_text(self, text: relay.Text) -> None:
        if text["type"] == "policy":
            self._narrow(self._policy.take(text.get("token")))
        self._handle(self._protocol.text(text, self._now()))

    def _narrow(self, narrowing: Narrowing | None) -> None:
        if narrowing is not None:
            self._handle(self._protocol.narrow(narrowing, self._now()))

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
        await self._person.begin()
        workers: list[Callable[[], Awaitable[None]]] = [
            self._carry,
            self._tick,
            self._pictures,
            self._person.run,
            self._renew,
            self._teller.run,
        ]
        if self._input is not None:
            self._own.start(self._used_by_hand)
        for worker in workers:
            self._spawn(self._guard(worker))
        try:
            ended = await self._done
            self._release()
            if self._file is not None:
                self._file.erase()
            await self._ui.show_ended(*self._as_seen_here(ended))
            await asyncio.gather(self._farewell(), self._teller.last())
            return ended
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            self._own.stop()
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
        if self._facts.look(self._protocol.consent, happened, time.time()):
            self._teller.changed()
        self._store()
        self._link.flush()
        self._picture_wanted.set()

    def _on_event(self, event: events.Event) -> None:
        if isinstance(event, events.Input):
            self._apply(*event.events)
        elif isinstance(event, events.Pointer):
            self._apply(event.move)
        elif isinstance(event, events.ReleaseInput):
            self._release()
        elif isinstance(event, events.Ended) and not self._done.done():
            self._done.set_result(event)
        else:
            self.accepted = self.accepted or isinstance(event, events.Accepted)
            self._person.on_event(event)

    def _as_seen_here(self, ended: events.Ended) -> tuple[str, str]:
        """Who ended it, in words made for a customer: on the operator's own machine 'you' is the operator."""
        swapped = {"operator": "customer", "customer": "operator"} if self._protocol.side == "operator" else {}
        return swapped.get(ended.by, ended.by), ended.reason

    def _store(self) -> None:
        """Whatever a restarted process must know is on the disk before anybody acts on it."""
        if self._file is None or self._protocol.ended is not None:
            return
        mark = (*self._protocol.mark, self._seat.resume_ticket, int(self._now() / KEEP_SECONDS))
        if mark != self._marked:
            self._marked = mark
            self._save()

    def _save(self) -> None:
        kept = self._protocol.keep()
        if self._file is None:
            return
        if kept is None:
            self._file.erase()
        else:
            told = {"facts": self._facts.keep()}
            self._file.save(self._seat.keep_as() | self._keep_with | told, kept, self._now())

    def _used_by_hand(self) -> None:
        """In the thread that watches: what waits of the viewer's input is dropped at once, then the rest follows."""
        if self._input is not None and self._protocol.consent.state is State.APPROVED:
            self._input.release_all()
        with contextlib.suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(lambda: self._handle(self._protocol.own_input(self._now())))

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
            self._narrow(self._policy.brought())
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
        """Let the last messages out, then close. Without a connection the next one is waited for, to say that it is over."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(TELL_SECONDS):
                while self._protocol.untold and self._link.final is None:  # noqa: ASYNC110 - it is a relay that is waited for
                    await asyncio.sleep(TICK_SECONDS)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FLUSH_SECONDS):
                await self._link.close()
                await self._link.closed()
