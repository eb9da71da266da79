"""Relays and connections: real rooms and their rules, behind pipes with a rate, a delay and faults."""

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from relay.actions import Action, Bury, CloseCode, CloseMember, Fact, Tell
from relay.limits import BATCH_MIN_BYTES
from relay.refusals import Refused
from relay.registry import Registry
from relay.room import Room
from relay.tickets import Ticket
from tests.simulation.world import World
from wire.errors import WireError

if TYPE_CHECKING:
    from tests.simulation.ends import End

TICK_SECONDS: Final = 0.25
NOTICED_SECONDS: Final = (0.02, 0.3)
"""When an end notices that its connection was reset."""
SILENT_SECONDS: Final = (4.0, 6.0)
"""When both ends notice that a connection carries nothing any more: the pings."""

Item = str | bytes
"""A TEXT or a BINARY frame."""


class Pipe:
    """One direction of a connection: an item at a time, as fast as the line is, in order."""

    def __init__(
        self,
        world: World,
        pull: Callable[[], Item | None],
        deliver: Callable[[Item], None],
        rate: Callable[[], float],
        delay: float,
    ) -> None:
        """`rate()` in bytes a second, 0 while the line is stalled; `delay` in seconds, one way."""
        self._world, self._pull, self._deliver, self._rate, self._delay = world, pull, deliver, rate, delay
        self._busy = False
        self._last = 0.0
        self.broken = False

    def kick(self) -> None:
        """Something may wait: send it unless something is being sent."""
        if self._busy or self.broken:
            return
        rate = self._rate()
        if rate <= 0:
            self._busy = True
            self._world.after(0.1, self._again)
            return
        item = self._pull()
        if item is not None:
            self._busy = True
            self._world.after(len(item) / rate, self._sent, item)

    def _again(self) -> None:
        self._busy = False
        self.kick()

    def _sent(self, item: Item) -> None:
        world = self._world
        self._last = max(self._last, world.now + self._delay * world.dice.uniform(0.5, 1.5))
        world.after(self._last - world.now, self._arrive, item)
        self._again()

    def _arrive(self, item: Item) -> None:
        if not self.broken:
            self._deliver(item)


class Connection:
    """One WebSocket between an end and a relay."""

    def __init__(self, world: World, end: "End", relay: "Relay", ticket: Ticket) -> None:
        self.end, self.relay, self._world = end, relay, world
        self.open = True
        self._waiting: deque[Item] = deque()
        self._closing: int | None = None
        self.room, self.member, actions = relay.registry.join(ticket, world.now)
        self.down = Pipe(world, self._next_down, self._deliver, lambda: end.rate_now, end.delay)
        self.up = Pipe(world, end.next_up, self._receive, lambda: end.uplink_now, end.delay)
        relay.connections[end.sender] = self
        relay.act(actions)

    def _next_down(self) -> Item | None:
        if not self._waiting:
            texts, messages = self.room.take(self.member, BATCH_MIN_BYTES, self._world.now)
            self._waiting.extend(texts)
            if messages:
                self._waiting.append(b"".join(messages))
        if self._waiting:
            return self._waiting.popleft()
        if self._closing is not None:
            self.close(self._closing)
        return None

    def _deliver(self, item: Item) -> None:
        for delivered in self.relay.meddle(item):
            self.end.receive(delivered)

    def _receive(self, item: Item) -> None:
        if not self.open:
            return
        try:
            if isinstance(item, str):
                actions = self.room.receive_text(self.member, item.encode(), self._world.now)
            else:
                self.relay.seen(self.end, item)
                actions = self.room.receive(self.member, item, self._world.now)
        except WireError as error:
            self._world.tell(f"relay {self.relay.name} closes {self.end.name}: {error.slug}")
            self.relay.leave(self)
            self.close(error.close_code)
            return
        self.relay.act(actions)
        self.relay.flush(self.room)

    def finish(self, code: int) -> None:
        """The relay closes: what texts wait go first."""
        self._closing = code
        self.down.kick()

    def close(self, code: int, notice: tuple[float, float] = NOTICED_SECONDS) -> None:
        """The connection is over; the end notices a little later."""
        if self.open:
            self.open = False
            self.up.broken = self.down.broken = True
            self._world.after(self._world.dice.uniform(*notice), self.end.lost, self, code)

    def go_silent(self) -> None:
        """A line that carries nothing any more, without a word: both ends find out by their pings."""
        self.up.broken = self.down.broken = True
        self._world.after(self._world.dice.uniform(*SILENT_SECONDS), self._found_out)

    def _found_out(self) -> None:
        if self.open:
            self.relay.leave(self)
            self.close(0)


class Relay:
    """One relay process: its registry of rooms, and whether it lives."""

    def __init__(
        self, world: World, name: str, seen: Callable[["End", bytes], None], meddle: Callable[[Item], list[Item]]
    ) -> None:
        """`seen` is told every frame that comes in; `meddle` says what leaves in place of an item."""
        self.name, self.seen, self.meddle = name, seen, meddle
        self.up, self.draining = True, False
        self.registry = Registry()
        self.connections: dict[int, Connection] = {}
        self._world = world
        world.after(TICK_SECONDS, self._tick)

    def accept(self, end: "End") -> Connection | None:
        """A new connection, or None when it is refused."""
        if not self.up or self.draining:
            return None
        ticket = end.ticket()
        try:
            self.registry.check(ticket, self._world.now)
        except Refused:
            return None
        return Connection(self._world, end, self, ticket)

    def kill(self) -> None:
        """Gone at once, with everything it knew. Most ends get a reset, some only silence."""
        self._world.tell(f"relay {self.name} is killed")
        self.up, connections = False, list(self.connections.values())
        self.registry, self.connections = Registry(), {}
        for connection in connections:
            connection.close(0, NOTICED_SECONDS if self._world.dice.random() < 0.7 else SILENT_SECONDS)

    def start(self) -> None:
        """It is back, without memory."""
        self.up, self.draining = True, False

    def drain(self) -> None:
        """About to stop: everybody is told to go on."""
        self._world.tell(f"relay {self.name} drains")
        self.draining = True
        for room in self.registry.rooms.values():
            room.drain()
            self.flush(room)

    def leave(self, connection: Connection) -> None:
        """A connection is gone."""
        if self.connections.get(connection.end.sender) is connection:
            del self.connections[connection.end.sender]
        self.act(self.registry.leave(connection.room, connection.member, self._world.now))
        self.flush(connection.room)

    def act(self, actions: list[Action] | list[Tell]) -> None:
        """What the shell of a relay does for its rooms."""
        for action in actions:
            if isinstance(action, CloseMember):
                self._close(action)
            elif isinstance(action, Bury):
                self.registry.tombstones.put(action.session, action.sender, action.by, action.reason, self._world.now)
            elif action.fact is Fact.ENDED:
                self._world.tell(f"relay {self.name} reports the end: {action.by} {action.reason}")

    def flush(self, room: Room) -> None:
        """Write to whom something was queued for."""
        for member in sorted(room.ready, key=lambda one: one.sender):
            connection = self.connections.get(member.sender)
            if connection is not None and connection.member is member:
                connection.down.kick()
        room.ready.clear()

    def _close(self, action: CloseMember) -> None:
        for sender, connection in list(self.connections.items()):
            if connection.member is action.member:
                del self.connections[sender]
                connection.finish(action.code)
                if action.code is CloseCode.SLOW:
                    connection.close(action.code)
                return

    def _tick(self) -> None:
        self._world.after(TICK_SECONDS, self._tick)
        if self.up:
            self.act(self.registry.tick(self._world.now))
            for room in self.registry.rooms.values():
                self.flush(room)
