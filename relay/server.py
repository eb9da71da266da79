"""The server: sockets, the clock and the timers around the rooms. Everything that decides is elsewhere."""

import asyncio
import ssl
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from math import ceil
from typing import Any

import aiofastnet
import structlog

from relay.actions import Action, Bury, CloseCode, CloseMember, Tell
from relay.addresses import Network
from relay.counters import Counters
from relay.door import Door
from relay.gate import Gate
from relay.limits import (
    CLOSE_SECONDS,
    DRAIN_SECONDS,
    HANDSHAKE_SECONDS,
    TICK_SECONDS,
    TLS_OUTGOING_BYTES,
    USAGE_SECONDS,
)
from relay.link import Link
from relay.member import Member
from relay.policies import Policy
from relay.refusals import Refused
from relay.registry import Registry
from relay.room import Room
from relay.tickets import Ticket, TicketDesk
from wire.limits import PING_SECONDS

log = structlog.get_logger()

PRUNE_SECONDS = 10.0


def _tls_options(context: ssl.SSLContext) -> dict[str, Any]:
    """Bounded in time, and in how much it holds encrypted: that cannot be shed any more for a slow viewer."""
    return {
        "ssl": context,
        "ssl_handshake_timeout": HANDSHAKE_SECONDS,
        "ssl_shutdown_timeout": CLOSE_SECONDS,
        "ssl_outgoing_bio_size": TLS_OUTGOING_BYTES,
    }


class RelayServer:
    """All connections of one relay process."""

    def __init__(
        self,
        desk: TicketDesk,
        tell: Callable[[Tell], None],
        trusted_proxies: tuple[Network, ...] = (),
        gate: Gate | None = None,
    ) -> None:
        self.desk = desk
        self.gate = gate or Gate()
        self.trusted_proxies = trusted_proxies
        self.registry = Registry()
        self.counters: Counters = self.registry.counters
        self.draining = False
        self.lag_seconds = 0.0
        """How late the last tick was: what the event loop is behind."""
        self._tell = tell
        self._links: dict[Member, Link] = {}
        self._wheel: OrderedDict[Link, None] = OrderedDict()
        """Whose turn it is to be pinged."""
        self._servers: list[asyncio.Server] = []
        self._loop = asyncio.get_running_loop()
        self._ticker = asyncio.create_task(self._tick_forever())
        self.now = self._loop.time
        self.later = self._loop.call_later
        self.soon = self._loop.call_soon

    # Listening

    async def listen(self, host: str, port: int, tls: ssl.SSLContext | None = None) -> int:
        """Open a listener; returns its port. Raises OSError when the address cannot be had."""
        server = await aiofastnet.create_server(
            self._loop,
            lambda: Door(self).connection,
            host,
            port,
            backlog=1024,
            **(_tls_options(tls) if tls else {}),
        )
        self._servers.append(server)
        return int(server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Stop listening and cut what is left."""
        for server in self._servers:
            server.close()
        self._ticker.cancel()
        await asyncio.gather(self._ticker, return_exceptions=True)
        for link in list(self._links.values()):
            link.abort()
        await self._until_empty(1.0)

    async def drain(self, grace: float = DRAIN_SECONDS) -> None:
        """Refuse who comes, ask who is here to go on to the next relay, and close who has not after `grace` seconds."""
        self.draining = True
        for room in list(self.registry.rooms.values()):
            room.drain()
            self.flush(room)
        await self._until_empty(grace)
        for link in list(self._links.values()):
            link.close(CloseCode.DRAIN, CloseCode.DRAIN.reason)
        await self._until_empty(1.0)

    # What doors and links call

    def check_ticket(self, token: str) -> Ticket:
        """Raises `Refused`."""
        if self.draining:
            raise Refused.draining()
        return self.desk.check(token, time.time())

    def check_room(self, ticket: Ticket) -> None:
        """Raises `Refused`."""
        self.registry.check(ticket, time.time())

    def connected(self, link: Link) -> None:
        """The upgrade was answered; no other event came between the checks and this."""
        self.desk.use(link.ticket, time.time())
        link.room, link.member, actions = self.registry.join(link.ticket, self.now())
        self._links[link.member] = link
        self._wheel[link] = None
        if link.room.policy:
            link.narrow(link.room.policy.bytes_per_second)
        self.act(actions)
        self.flush(link.room)

    def disconnected(self, link: Link) -> None:
        """The connection is gone."""
        self._links.pop(link.member, None)
        self._wheel.pop(link, None)
        self.gone(link)

    def gone(self, link: Link) -> None:
        """Nothing more comes from here: the others may know at once, though the connection is still being closed."""
        self.act(self.registry.leave(link.room, link.member, self.now()))
        self.flush(link.room)

    def act(self, actions: Iterable[Action]) -> None:
        """Carry out what a room asked for."""
        for action in actions:
            if isinstance(action, CloseMember):
                link = self._links.get(action.member)
                if link:
                    link.close(action.code, action.code.reason)
            elif isinstance(action, Bury):
                self.registry.tombstones.put(action.session, action.sender, action.by, action.reason, time.time())
            else:
                self._tell(action)

    def flush(self, room: Room) -> None:
        """Write to everybody of a room for whom something was queued."""
        while room.ready:
            link = self._links.get(room.ready.pop())
            if link:
                link.flush()

    def settle(self) -> None:
        """Have counted what connections sent straight on."""
        for link in self._links.values():
            link.connection.settle()

    # What the api asks for

    def end_session(self, session: str, by: str, reason: str) -> None:
        """End a session for everybody here, and refuse it from now on."""
        if session in self.registry.rooms:
            log.info("relay.session_ended", session=session, by=by)
        self.act(self.registry.end(session, by, reason, self.now()))

    def narrow(self, policy: Policy) -> None:
        """Hold what a session was narrowed to, and hand it to everybody in it."""
        room = self.registry.narrow(policy, time.time())
        if room is None:
            return
        log.info("relay.session_narrowed", session=policy.session, version=policy.version)
        for member in room.members.values():
            self._slow_down(member, policy)
        self.flush(room)

    def _slow_down(self, member: Member, policy: Policy) -> None:
        link = self._links.get(member)
        if link:
            link.narrow(policy.bytes_per_second)

    def kick(self, session: str, sender: int, by: str) -> None:
        """Close one participant, whose place somebody took away, and refuse it from now on."""
        room = self.registry.rooms.get(session)
        self.act(self.registry.kick(session, sender, by, self.now()))
        if room:
            self.flush(room)

    # Time

    async def _tick_forever(self) -> None:
        due, next_usage, next_prune = self.now(), self.now() + USAGE_SECONDS, self.now()
        while True:
            due += TICK_SECONDS
            await asyncio.sleep(due - self.now())
            now = self.now()
            self.lag_seconds = now - due
            due = max(due, now - TICK_SECONDS)
            try:
                self._tick(now)
                if now >= next_usage:
                    next_usage = now + USAGE_SECONDS
                    self.act(self.registry.usage(now))
                if now >= next_prune:
                    next_prune = now + PRUNE_SECONDS
                    self._prune()
            except Exception:
                log.exception("relay.tick_fault")

    def _tick(self, now: float) -> None:
        rooms = [room for room in self.registry.rooms.values() if room.watched]
        self.act(self.registry.tick(now))
        for room in rooms:
            self.flush(room)
        self._ping_some()
        for link in list(self._links.values()):
            if link.is_silent(now):
                link.close(CloseCode.TIMEOUT, CloseCode.TIMEOUT.reason)

    def _ping_some(self) -> None:
        """Every link once in PING_SECONDS, a slice of them each tick."""
        for _ in range(ceil(len(self._wheel) * TICK_SECONDS / PING_SECONDS)):
            link, _ = self._wheel.popitem(last=False)
            self._wheel[link] = None
            link.ping()

    def _prune(self) -> None:
        wall = time.time()
        self.desk.prune(wall)
        self.registry.tombstones.prune(wall)
        self.registry.policies.prune(wall)

    async def _until_empty(self, seconds: float) -> None:
        until = self.now() + seconds
        while self.gate.open and self.now() < until:  # noqa: ASYNC110 - at the end of the process only
            await asyncio.sleep(0.02)
