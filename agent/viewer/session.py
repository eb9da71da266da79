"""One session on the viewing side: the protocol core on a link, events out; used headless, by windows and by tests."""

import asyncio
import contextlib
import os
from collections.abc import Callable
from typing import Any, Final

from agent.api_client import ApiClient
from agent.link import Link
from agent.outbox import Outbox
from agent.seat import Seat
from agent.seat_policy import SeatPolicy
from agent.viewer import events
from agent.viewer.protocol import ViewerProtocol
from wire.messages import input as inputs
from wire.messages import relay
from wire.policy import Narrowing

TICK_SECONDS: Final = 0.25
FLUSH_SECONDS: Final = 1.0


class ViewerSession:
    """A viewer. Start it with `async with`; read `next_event`; act with `send`, `point`, `end`."""

    def __init__(
        self,
        seat: Seat,
        api: ApiClient,
        *,
        link_secret: bytes | None = None,
        resume: tuple[bytes, ...] = (),
        keep: Callable[[tuple[bytes, ...]], None] | None = None,
        proxy: str | None = None,
    ) -> None:
        """`resume` are the secrets that an earlier run left, newest first; `keep` is told those of this one, whenever they
        change, before anything leaves under the keys they are about."""
        self.outbox = Outbox()
        self.protocol = ViewerProtocol(
            sender=seat.sender,
            ticket=seat.first_ticket_id,
            statement=seat.statement_hash,
            outbox=self.outbox,
            entropy=os.urandom,
            link=link_secret,
            resume=resume[0] if resume else None,
            resume_before=resume[1] if len(resume) > 1 else None,
            demands=seat.demands,
            introduction=seat.introduction,
            customer=seat.side == "customer",
        )
        self.unreachable: str | None = None
        self._seat, self._api, self._policy = seat, api, SeatPolicy(seat)
        self._link = Link(self, seat.relays, seat.ticket, lambda: seat.resume_ticket, proxy=proxy)
        self._events: asyncio.Queue[events.Event] = asyncio.Queue()
        self._tasks: list[asyncio.Task[Any]] = []
        self._keep, self._resumed, self._kept = keep, bool(resume), resume

    async def __aenter__(self) -> "ViewerSession":
        self._tasks = [asyncio.ensure_future(work) for work in (self._carry(), self._tick(), self._renew())]
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FLUSH_SECONDS):
                await self._link.close()
                await self._link.closed()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def next_event(self) -> events.Event:
        """What happens next; after `Ended` nothing does."""
        return await self._events.get()

    @property
    def pending(self) -> bool:
        """Whether `next_event` would return at once."""
        return not self._events.empty()

    def confirm(self) -> None:
        """The customer said that they accepted: input may be sent (see `ViewerProtocol.confirm`)."""
        self.protocol.confirm()

    def send(self, *what: inputs.Event) -> bool:
        """Send input; False while there is no consent or the host is away."""
        sent = self.protocol.send(list(what), self._now())
        self._link.flush()
        return sent

    def point(self, x: int, y: int) -> None:
        """Move the pointer."""
        self.protocol.point(x, y)
        self._link.flush()

    def digits(self, typed: str) -> None:
        """The customer typed the digits that the operator reads out."""
        self._handle(self.protocol.digits(typed, self._now()))

    def answer(self, yes: bool) -> None:
        """The customer's yes or no to looking on."""
        self._handle(self.protocol.answer(yes, self._now()))

    def say(self, text: str) -> bool:
        """Write to everybody; False when that is not allowed now. Raises `WireError` for what cannot be sent."""
        sent = self.protocol.say(text)
        self._link.flush()
        return sent

    def end(self, reason: str = "ended") -> None:
        """Tell the customer's side at once; the server is told by `POST /v1/sessions/{id}/end`."""
        self.protocol.end(reason)
        self._link.flush()

    def stop(self, reason: str) -> None:
        """The customer, who looks on, stops: the host hears it sealed and tells the server."""
        self.protocol.end(reason)
        self._handle(self.protocol.finish("customer", reason))

    # ---- what the link calls (agent.link.Core)

    def on_connected(self) -> None:
        self.unreachable = None
        self.protocol.connected(self._now())

    def on_lost(self) -> None:
        self._handle(self.protocol.disconnected())

    def on_text(self, text: relay.Text) -> None:
        if text["type"] == "policy":
            self._narrow(self._policy.take(text.get("token")))
        self._handle(self.protocol.text(text, self._now()))

    def _narrow(self, narrowing: Narrowing | None) -> None:
        if narrowing is not None:
            self._handle([events.Narrowed(narrowing.features, narrowing.seconds)])

    def on_frame(self, data: bytes) -> None:
        self._handle(self.protocol.frame(data, self._now()))

    def on_unreachable(self, relay_id: str, why: str) -> None:
        self.unreachable = f"relay {relay_id}: {why}"

    def alone(self) -> bool:
        return self.protocol.host_away

    def may_move_on(self) -> bool:
        return True

    # ---- workers

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()

    def _handle(self, happened: list[events.Event]) -> None:
        for event in happened:
            if isinstance(event, events.MoveOn):
                self._link.move_on()
            self._events.put_nowait(event)
        self._store()
        self._link.flush()

    def _store(self) -> None:
        if self.protocol.resume_secrets != self._kept:
            self.keep()

    def keep(self) -> None:
        """Say what to keep once more, as tickets are renewed. Nothing is kept of a session that was never accepted."""
        secrets = self.protocol.resume_secrets
        if self._keep is None or self.protocol.ended is not None or not secrets:
            return
        if self.protocol.proved or self._resumed:
            self._kept = secrets
            self._keep(secrets)

    async def _carry(self) -> None:
        await self._link.run()
        if self._link.final is not None and self.protocol.ended is None:
            await self._seat.renew(self._api)
            self._events.put_nowait(events.Ended(*(self._seat.ended or ("system", self._link.final))))

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_SECONDS)
            self._narrow(self._policy.brought())
            self._handle(self.protocol.tick(self._now()))

    async def _renew(self) -> None:
        await self._seat.keep(self._api)
        if self.protocol.ended is None:
            self._events.put_nowait(events.Ended(*(self._seat.ended or ("system", "ended"))))
