"""A session in memory: the real host, viewer and relay room cores, joined without sockets, on a clock that the test moves."""

import hashlib
import itertools
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from agent.host.capture import Frame
from agent.host.consent import Consent, Mode, State, Verdict
from agent.host.introductions import NAMED_SENDER, Introductions
from agent.host.protocol import HostProtocol
from agent.outbox import Outbox
from agent.viewer import events as seen_events
from agent.viewer.protocol import ViewerProtocol
from relay.counters import Counters
from relay.member import Member
from relay.permissions import Role
from relay.room import Room
from wire import tokens
from wire.handshake import Entropy
from wire.statement import ANYTHING, Demands

STATEMENT = hashlib.sha256(b"statement").digest()
WIDTH, HEIGHT = 96, 64
API_KEY = tokens.SigningKey.generate()
ISSUER, TODAY = "https://help.example", 1_900_000_000
EVERY_FEATURE = frozenset({"chat", "voice", "file_to_customer", "clipboard_to_customer", "clipboard_from_customer"})
"""The relay lets everything through: what is not allowed has to be stopped by the ends."""
Tamper = Callable[[int, bytes], list[bytes]]
"""What an evil relay makes of a frame: `(to whom, frame)` → frames delivered instead."""


def introduction(sender: int, **instead: Any) -> str:
    """The api's word for a viewer whom the statement does not name."""
    claims = {
        "iss": ISSUER, "aud": "ses_test", "sub": f"par_{sender}", "sender": sender, "iat": TODAY - 1, "exp": TODAY + 300,
        "jti": f"tok_{sender}", "purpose": "guest", "mode": "control", "features": [],
        "operator": {"id": f"opr_{sender}", "name": f"Operator {sender}", "verified": "password"},
    }  # fmt: skip
    return tokens.sign(API_KEY, tokens.INTRODUCTION, {**claims, **instead})


def entropy(seed: str) -> Entropy:
    """A reproducible stand-in for `os.urandom`."""
    counter = itertools.count()

    def read(size: int) -> bytes:
        blocks = (hashlib.sha256(f"{seed}/{next(counter)}".encode()).digest() for _ in range(-(-size // 32)))
        return b"".join(blocks)[:size]

    return read


@dataclass
class End:
    """One participant: its core, its outbox, its place in the room, and all its events."""

    sender: int
    core: Any
    outbox: Outbox
    member: Member | None = None
    events: list[Any] = field(default_factory=list)

    def kinds(self) -> list[str]:
        return [type(event).__name__ for event in self.events]

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]


class Session:
    """Host 1 and viewers 2, 3 … in one room. `settle` carries everything until nothing moves."""

    def __init__(
        self,
        mode: Mode = "control",
        link: bytes | None = None,
        limit_seconds: float | None = None,
        demands: Demands = ANYTHING,
        features: Iterable[str] = (),
        idle_seconds: float | None = None,
    ) -> None:
        self.now = 1000.0
        self.room = Room("ses_test", Counters())
        introductions = Introductions(
            {API_KEY.kid: API_KEY.public_jwk}, issuer=ISSUER, session="ses_test", clock=lambda: float(TODAY)
        )
        self.demands = demands
        self.tamper: Tamper = lambda _to, frame: [frame]
        self.wire: list[tuple[int, bytes]] = []
        """Every frame the relay saw, with its sender."""
        numbers = itertools.count(1)
        outbox = Outbox()
        self.consent = Consent(mode, features)
        self.host = End(1, HostProtocol(
            sender=1, ticket="host", statement=STATEMENT, consent=self.consent, outbox=outbox, entropy=entropy("host"),
            counter=lambda: next(numbers), link=link, limit_seconds=limit_seconds,
            demands=demands, introductions=introductions, idle_seconds=idle_seconds,
        ), outbox)  # fmt: skip
        self.viewers: dict[int, End] = {}
        self.pixels = bytearray(b"\x20\x40\x60\xff" * (WIDTH * HEIGHT))
        self.captures = 0

    def viewer(self, sender: int = 2, **options: Any) -> End:
        """A viewer that is not connected yet."""
        outbox = Outbox()
        word = "" if sender == NAMED_SENDER else introduction(sender)
        options = {"demands": self.demands, "introduction": word, **options}
        core = ViewerProtocol(
            sender=sender, ticket=f"viewer-{sender}", statement=options.pop("statement", STATEMENT), outbox=outbox,
            entropy=entropy(f"viewer-{sender}-{len(self.viewers)}-{options.get('resume')!r}"), **options,
        )  # fmt: skip
        end = self.viewers[sender] = End(sender, core, outbox)
        return end

    # ---- connections

    def connect(self, end: End) -> None:
        role = Role.HOST if end is self.host else Role.VIEWER
        side = "customer" if role is Role.HOST else "operator"
        end.member = Member("ses_test", end.sender, role, side, self.now, features=EVERY_FEATURE)
        if role is Role.HOST:
            end.core.connected()
        else:
            end.core.connected(self.now)
        self.room.join(end.member, self.now)

    def disconnect(self, end: End) -> None:
        assert end.member is not None
        self.room.leave(end.member, self.now)
        end.member = None
        end.events += end.core.disconnected(self.now) if end is self.host else end.core.disconnected()

    def ends(self) -> list[End]:
        return [self.host, *self.viewers.values()]

    def settle(self) -> None:
        """Carry frames both ways until nothing is left to carry."""
        while self.carry():
            pass

    def carry(self) -> bool:
        """One round: what every end has to send, then what every end gets; False when nothing moved."""
        moved = [self._up(end) for end in self.ends()] + [self._down(end) for end in self.ends()]
        return any(moved)

    def _up(self, end: End) -> bool:
        moved = False
        while end.member is not None and (frame := end.outbox.next()) is not None:
            moved = True
            if isinstance(frame, str):
                self.room.receive_text(end.member, frame.encode(), self.now)
            else:
                self.wire.append((end.sender, frame))
                self.room.receive(end.member, frame, self.now)
        return moved

    def _down(self, end: End) -> bool:
        if end.member is None:
            return False
        moved, member = False, end.member
        for text in member.outbox.take_texts():
            moved = True
            end.events += end.core.text(json.loads(text), self.now)
        batch = self.room.take(member, 1 << 20, self.now)
        for frame in batch.messages:
            moved = True
            for delivered in self.tamper(end.sender, bytes(frame)):
                end.events += end.core.frame(delivered, self.now)
        return moved

    def advance(self, seconds: float, step: float = 0.25) -> None:
        """Let time pass, with ticks, pictures and everything carried."""
        for _ in range(round(seconds / step)):
            self.now += step
            self.room.tick(self.now)
            for end in self.ends():
                end.events += end.core.tick(self.now)
            self.settle()
            self.show()

    # ---- people

    def show(self) -> None:
        """Capture and send while the host wants to."""
        core = self.host.core
        for _ in range(8):
            if not core.wants_picture(self.now):
                return
            self.captures += 1
            if not core.picture(Frame(bytes(self.pixels), WIDTH, HEIGHT), self.now):
                return
            self.settle()

    def draw(self, x: int, colour: bytes = b"\x01\x02\x03\xff") -> None:
        """Change one pixel of the customer's screen."""
        self.pixels[x * 4 : x * 4 + 4] = colour

    def digits_of(self, viewer: End) -> str:
        shown = viewer.of(seen_events.Digits)
        assert shown, viewer.kinds()
        digits: str = shown[-1].digits
        return digits

    def type_digits(self, typed: str) -> Verdict:
        self.now += 2  # people take their time; a host answers no more than one handshake a second
        verdict, happened = self.host.core.digits(typed, self.now)
        self.host.events += happened
        self.settle()
        assert isinstance(verdict, Verdict)
        return verdict

    def answer(self, yes: bool) -> None:
        self.host.events += self.host.core.answer(yes, self.now)
        self.settle()
        self.show()

    def accepted(self, viewer: End) -> End:
        """Connect, verify by digits, say yes."""
        if self.host.member is None:
            self.connect(self.host)
        self.connect(viewer)
        self.settle()
        if self.consent.step is State.DIGITS:
            self.type_digits(self.digits_of(viewer))
        self.answer(True)
        viewer.core.confirm()
        return viewer

    def same(self, viewer: End) -> bool:
        """Whether the viewer shows what the customer sees."""
        return bool(viewer.core.picture.sync.decoder.pixels == self.pixels)
