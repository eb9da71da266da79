"""The two kinds of ends: the real protocol cores, the real walk along the relays, and people who type, answer and look."""

import itertools
from typing import Any, Final

from agent.host import events as host_events
from agent.host.capture import Frame
from agent.host.consent import Consent, State
from agent.host.introductions import NAMED_SENDER, Introductions
from agent.host.kept import Kept
from agent.host.protocol import HostProtocol
from agent.outbox import Outbox
from agent.viewer import events as viewer_events
from agent.viewer.protocol import ViewerProtocol
from agent.walk import Walk
from relay.permissions import Role
from relay.tickets import Ticket
from tests.simulation.network import Connection, Item, Relay
from tests.simulation.record import Record
from tests.simulation.world import World
from tests.support.session import API_KEY, ISSUER, STATEMENT, TODAY, introduction
from wire.errors import Close, WireError
from wire.limits import ALONE_VIEWER_SECONDS
from wire.messages import input as inputs
from wire.messages import relay as texts

SESSION: Final = "ses_test"
TICK_SECONDS: Final = 0.25
PICTURE_SECONDS: Final = 1 / 30
CONNECT_SECONDS: Final = (0.03, 0.2)
WIDTH, HEIGHT = 48, 32


class End:
    """One participant. `rate`, `uplink` in bytes a second, `delay` in seconds; `stalled_until` stops both ways."""

    def __init__(self, world: World, record: Record, relays: list[Relay], sender: int, role: Role) -> None:
        self.world, self.record, self.relays, self.sender, self.role = world, record, relays, sender, role
        self.name = f"{role.value} {sender}"
        self.rate = world.dice.choice([6e4, 3e5, 4e6])
        self.uplink = world.dice.choice([6e4, 4e5, 4e6])
        self.delay = world.dice.choice([0.001, 0.02, 0.15])
        self.stalled_until = 0.0
        self.connection: Connection | None = None
        self.gone = False
        """Nothing more is wanted of it: it left, was turned away, or the session is over."""
        alone = ALONE_VIEWER_SECONDS * (len(relays) + 1 if role is Role.HOST else 1)
        self.walk = Walk(len(relays), alone)
        self.core: Any = None
        world.after(TICK_SECONDS, self._tick)

    # ---- the line

    @property
    def rate_now(self) -> float:
        return 0.0 if self.world.now < self.stalled_until else self.rate

    @property
    def uplink_now(self) -> float:
        return 0.0 if self.world.now < self.stalled_until else self.uplink

    def next_up(self) -> Item | None:
        return self.core.outbox.next() if not self.gone or self.core.ended else None

    def ticket(self) -> Ticket:
        side = "customer" if self.role is Role.HOST else "operator"
        return Ticket(
            SESSION, self.sender, f"par_{self.sender}", self.role, side, "control", None, None, None, "", 0.0, 1
        )

    def connect(self) -> None:
        """Try the next relay of the list, soon."""
        self.world.after(self.world.dice.uniform(*CONNECT_SECONDS), self._try)

    def _try(self) -> None:
        if self.gone or self.connection is not None:
            return
        connection = self.relays[self.walk.relay].accept(self)
        if connection is None:
            self.world.after(self.walk.refused(), self.connect)
            return
        self.connection = connection
        self.walk.connected(self.world.now)
        self.opened()
        self.flush()

    def receive(self, item: Item) -> None:
        if self.gone or self.connection is None:
            return
        try:
            if isinstance(item, str):
                text = texts.decode(item)
                if text["type"] == "drain":
                    self.world.after(self.world.dice.uniform(0, 0.5), self.leave, self.connection)
                    return
                happened = self.core.text(text, self.world.now)
            else:
                happened = self.core.frame(item, self.world.now)
        except WireError as error:
            self.record.distrust("protocol", f"{self.name} could not take what came: {error.slug} {error}")
            self._hang_up()
            return
        self.handle(happened)

    def leave(self, connection: Connection | None = None) -> None:
        """Go on to the next relay (away from `connection`, if it is still that one)."""
        current = self.connection
        if current is not None and current.open and connection in {None, current}:
            self.walk.leave()
            current.relay.leave(current)
            current.close(Close.GOODBYE)

    def _hang_up(self) -> None:
        if self.connection is not None and self.connection.open:
            self.connection.relay.leave(self.connection)
            self.connection.close(Close.PROTOCOL)

    def lost(self, connection: Connection, code: int) -> None:
        """The connection is over."""
        if self.connection is not connection:
            return
        self.connection = None
        final = self.walk.lost(code)
        self.handle(self.closed())
        if final is not None:
            self.gone = True
        elif not self.gone:
            self.connect()

    def flush(self) -> None:
        if self.connection is not None:
            self.connection.up.kick()

    def handle(self, happened: list[Any]) -> None:
        for event in happened:
            self.on_event(event)
        self.flush()

    def _tick(self) -> None:
        if self.gone:
            return
        self.world.after(TICK_SECONDS, self._tick)
        self.handle(self.core.tick(self.world.now))
        alone, may = self.alone()
        if self.connection is not None and self.walk.too_long_alone(self.world.now, alone=alone, may_move_on=may):
            self.leave()

    # ---- what host and viewer do differently

    def opened(self) -> None:
        raise NotImplementedError

    def closed(self) -> list[Any]:
        raise NotImplementedError

    def alone(self) -> tuple[bool, bool]:
        raise NotImplementedError

    def on_event(self, event: Any) -> None:
        raise NotImplementedError


class Host(End):
    """The customer: a screen that changes, digits typed off the phone, yes or no, and what is written."""

    def __init__(self, world: World, record: Record, relays: list[Relay], viewers: dict[int, "Viewer"]) -> None:
        super().__init__(world, record, relays, 1, Role.HOST)
        self.viewers = viewers
        self.numbers = itertools.count(1)
        """Of epochs and associations: on disk, so it outlives the process."""
        self.wrong = self.restarts = 0
        self.pixels = bytearray(b"\x20\x40\x60\xff" * (WIDTH * HEIGHT))
        self.version = 0
        self.still = False
        self.core = self._start(None)
        world.after(0.1, self._draw)
        world.after(PICTURE_SECONDS, self._show)

    def _start(self, kept: Kept | None) -> HostProtocol:
        keys = {API_KEY.kid: API_KEY.public_jwk}
        self.consent = Consent("control", ["chat"], kept=kept.consent if kept else None)
        return HostProtocol(
            sender=1, ticket="host", statement=STATEMENT, consent=self.consent, outbox=Outbox(),
            entropy=self.world.entropy, counter=lambda: next(self.numbers), kept=kept,
            introductions=Introductions(keys, issuer=ISSUER, session=SESSION, clock=lambda: float(TODAY)),
        )  # fmt: skip

    def restart(self) -> None:
        """The agent's process dies and comes back with what it stored."""
        kept = self.core.keep()
        if kept is None or self.gone:
            return
        self.world.tell("the host's process is restarted")
        self.restarts += 1
        if self.connection is not None:
            self.connection.relay.leave(self.connection)
            self.connection.open = False
            self.connection.up.broken = self.connection.down.broken = True
            self.connection = None
        self.core = self._start(kept)
        self.connect()

    def opened(self) -> None:
        self.core.connected()

    def closed(self) -> list[Any]:
        return list(self.core.disconnected(self.world.now))

    def alone(self) -> tuple[bool, bool]:
        return self.core.alone, self.core.met

    def on_event(self, event: Any) -> None:
        if isinstance(event, host_events.DigitsNeeded):
            self.world.after(self.world.dice.uniform(1, 4), self._type, self.core, event.viewer)
        elif isinstance(event, host_events.ConsentNeeded):
            self.world.after(self.world.dice.uniform(0.5, 3), self._answer, self.core, event.viewer)
        elif isinstance(event, host_events.Accepted):
            self.record.accepted(event.viewer)
            self.world.tell(f"viewer {event.viewer} is accepted")
        elif isinstance(event, host_events.Input):
            for one in event.events:
                if isinstance(one, inputs.TextEvent):
                    self._apply(one.text)
        elif isinstance(event, host_events.Said):
            self.record.read("host", event.line.text)
        elif isinstance(event, host_events.Ended):
            self.record.end(self.name, event.by, event.reason)
            self.gone = True

    def _apply(self, text: str) -> None:
        """As `InputWorker`, which asks the consent again: what came in one frame with its viewer's goodbye is not applied."""
        allowed = self.consent.state is State.APPROVED
        if allowed or int(text.partition(".")[0]) not in self.record.departed:
            self.record.applied(text, allowed)

    def _type(self, core: HostProtocol, viewer: int) -> None:
        """The customer types what the operator reads out, now and then something else."""
        there = self.viewers.get(viewer)
        if core is not self.core or self.gone or there is None or there.digits is None:
            return
        typed = there.digits
        if self.wrong < 2 and self.world.dice.random() < 0.08:
            self.wrong += 1
            typed = f"{(int(typed) + 1) % 1_000_000:06}"
        _, happened = self.core.digits(typed, self.world.now)
        self.handle(happened)

    def _answer(self, core: HostProtocol, viewer: int) -> None:
        if core is self.core and not self.gone and self.consent.pending == viewer:
            self.handle(self.core.answer(True, self.world.now))

    def pause(self, seconds: float) -> None:
        """Have a break."""
        if self.consent.state is State.APPROVED:
            self.world.tell("the customer pauses")
            self.handle(self.core.pause(self.world.now))
            self.record.paused = True
            self.world.after(seconds, self._go_on)

    def _go_on(self) -> None:
        self.record.paused = False
        if not self.gone:
            self.handle(self.core.go_on(self.world.now))

    def write(self, text: str) -> None:
        if self.core.say(text) is not None:
            self.record.wrote("host", text)
            self.flush()

    def _draw(self) -> None:
        """Something changes on the screen; the first bytes number the change, so that every picture is another."""
        if self.still:
            return
        self.world.after(self.world.dice.expovariate(5), self._draw)
        self.version += 1
        at = self.world.dice.randrange(2, WIDTH * HEIGHT) * 4
        self.pixels[at : at + 3] = self.world.dice.randbytes(3)
        self.pixels[0:3] = self.version.to_bytes(3, "big")

    def _show(self) -> None:
        if self.gone:
            return
        self.world.after(PICTURE_SECONDS, self._show)
        if self.core.wants_picture(self.world.now):
            if self.record.paused:
                self.record.violation("pause", "the host wanted a picture while it was paused")
            pixels = bytes(self.pixels)
            if self.core.picture(Frame(pixels, WIDTH, HEIGHT), self.world.now):
                self.record.captured(pixels)
            self.flush()


class Viewer(End):
    """An operator: reads digits out, types, writes, and looks."""

    def __init__(
        self, world: World, record: Record, relays: list[Relay], sender: int, resume: bytes | None = None
    ) -> None:
        super().__init__(world, record, relays, sender, Role.VIEWER)
        self.digits: str | None = None
        self.core = self._start(resume)
        self._typed = itertools.count(1)
        world.after(1.0, self._work)

    def _start(self, resume: bytes | None) -> ViewerProtocol:
        return ViewerProtocol(
            sender=self.sender, ticket=f"viewer-{self.sender}", statement=STATEMENT, outbox=Outbox(),
            entropy=self.world.entropy, resume=resume,
            introduction="" if self.sender == NAMED_SENDER else introduction(self.sender),
        )  # fmt: skip

    def reload(self) -> None:
        """The page is reloaded: what it stored is all that is left."""
        if self.gone or self.core.resume_secret is None:
            return
        self.world.tell(f"{self.name} reloads")
        if self.connection is not None:
            self.connection.relay.leave(self.connection)
            self.connection.open = False
            self.connection.up.broken = self.connection.down.broken = True
            self.connection = None
        self.core = self._start(self.core.resume_secret)
        self.record.reloaded(self.sender)
        self.connect()

    def opened(self) -> None:
        self.core.connected(self.world.now)

    def closed(self) -> list[Any]:
        return list(self.core.disconnected())

    def alone(self) -> tuple[bool, bool]:
        return self.core.host_away, True

    def on_event(self, event: Any) -> None:
        if isinstance(event, viewer_events.Digits):
            self.digits = event.digits
        elif isinstance(event, viewer_events.Accepted):
            self.core.confirm()
        elif isinstance(event, viewer_events.Drawn):
            self.record.drawn(self.sender, bytes(self.core.picture.sync.decoder.pixels))
        elif isinstance(event, viewer_events.MoveOn):
            self.leave()
        elif isinstance(event, viewer_events.PictureFalse):
            self.record.distrust("proof", f"{self.name} was shown what the host did not sign")
        elif isinstance(event, viewer_events.Unproved | viewer_events.Impossible):
            self.record.distrust("resume", f"{self.name} cannot come back: {event}")
        elif isinstance(event, viewer_events.Ended):
            self.record.end(self.name, event.by, event.reason)
            self.gone = True

    def _work(self) -> None:
        """Type something now and then."""
        if self.gone or self.record.calm:
            return
        self.world.after(self.world.dice.uniform(0.1, 0.8), self._work)
        text = f"{self.sender}.{next(self._typed)}"
        if self.core.send([inputs.TextEvent(text)], self.world.now):
            self.record.sent(text)
            self.flush()

    def depart(self) -> None:
        """Say goodbye for good."""
        if not self.gone and self.sender in self.record.admitted:
            self.world.tell(f"{self.name} leaves for good")
            self.core.leave()
            self.record.departed.add(self.sender)
            self.flush()
            self.world.after(1.0, self._close)

    def _close(self) -> None:
        self.gone = True
        if self.connection is not None:
            self.connection.relay.leave(self.connection)
            self.connection.close(Close.GOODBYE)

    @property
    def shows_now(self) -> bytes:
        return bytes(self.core.picture.sync.decoder.pixels)
