"""The viewer's side of the protocol, without I/O: bytes and actions in, events and an `Outbox` out (docs/protocol.md 3 to 9).

Keys and the decisions that lead to them are `agent.viewer.agreement`'s; this is what passes under them.
"""

from typing import Final

from agent.outbox import Outbox
from agent.viewer.agreement import Agreement
from agent.viewer.chat import Conversation
from agent.viewer.events import (
    Accepted,
    Event,
    Granted,
    Holder,
    HostAway,
    HostHere,
    InputIgnored,
    MoveOn,
    NotSaid,
    Said,
)
from wire.association import Received
from wire.errors import Forged, WireError
from wire.handshake import Entropy
from wire.header import EVERYONE, Delivery, Header, Stream, split_frame, unpack
from wire.limits import HANDSHAKE_RETRY_SECONDS
from wire.messages import control, feedback, handshake, relay
from wire.messages import input as inputs
from wire.statement import ANYTHING, Demands

FEEDBACK_SECONDS: Final = 1.0
PATIENCE_SECONDS: Final = 20.0
"""How long after a resume handshake the welcome may take."""


class ViewerProtocol(Agreement):
    """One viewer of one host. Feed it `text`, `frame`, `connected`, `disconnected` and `tick`; send what is in `outbox`."""

    def __init__(
        self,
        *,
        sender: int,
        ticket: str,
        statement: bytes,
        outbox: Outbox,
        entropy: Entropy,
        host: int = 1,
        link: bytes | None = None,
        resume: bytes | None = None,
        resume_before: bytes | None = None,
        demands: Demands = ANYTHING,
        introduction: str = "",
        customer: bool = False,
    ) -> None:
        """As for `Agreement`."""
        super().__init__(
            sender=sender,
            ticket=ticket,
            statement=statement,
            outbox=outbox,
            entropy=entropy,
            host=host,
            link=link,
            resume=resume,
            resume_before=resume_before,
            demands=demands,
            introduction=introduction,
            customer=customer,
        )
        self.grants: frozenset[str] = frozenset()
        self.holder = "viewer"
        """Whose mouse and keyboard count on the host's machine."""
        self.chat = Conversation(sender, entropy)
        self._feedback_at = 0.0

    # ---- what the relay says

    def connected(self, now: float) -> None:
        """A new connection: who is there comes in `welcome`."""
        self.outbox.open()
        if self._pair is not None:
            self._pair.forgive()
        self.picture.freshness.begin(now)

    def disconnected(self) -> list[Event]:
        """The connection is gone; keys and picture stay."""
        self.outbox.close()
        self.picture.sync.lost_connection()
        was, self._host_here, self._attempt = self._host_here, False, None
        return [HostAway()] if was else []

    def text(self, text: relay.Text, now: float) -> list[Event]:
        """A TEXT frame; unknown types are ignored (docs/protocol.md 10)."""
        kind = text["type"]
        present = text.get("present")
        if kind == "welcome" and isinstance(present, list):
            ids = [item.get("sender") for item in present if isinstance(item, dict)]
            return self._here(now) if self._parties.host in ids else []
        if kind == "joined" and relay.sender_of(text) == self._parties.host:
            return self._here(now)
        if kind == "left" and relay.sender_of(text) == self._parties.host:
            self._host_here = False
            return [HostAway()]
        if kind == "ended":
            return self.finish(relay.by_of(text, "system"), relay.reason_of(text))
        return []

    def _here(self, now: float) -> list[Event]:
        self._host_here = True
        if self._pair is None or self._resuming:
            return [HostHere(), *([] if self._stopped else self._start(now))]
        self.outbox.ordered(*self._pair.out.unacknowledged())
        self._feedback(now)
        return [HostHere()]

    def frame(self, data: bytes | memoryview, now: float) -> list[Event]:
        """A BINARY frame. Raises `WireError` for a frame that cannot be taken apart; a bad message inside is dropped."""
        events: list[Event] = []
        for message in split_frame(data):
            try:
                events += self._message(unpack(message), message, now)
            except WireError:
                continue
        if (self._pair is not None and self._pair.broken) or self.picture.broken:
            raise Forged("too many messages were not sealed by the host")
        return events

    def tick(self, now: float) -> list[Event]:
        """Time passes: handshake again, acknowledgements, a lost beacon. Call a few times a second."""
        if self.ended is not None:
            return []
        if self._host_here and not self._welcomed and not self._stopped:
            stuck = self._attempt is not None and now - self._attempt_at > HANDSHAKE_RETRY_SECONDS
            if stuck or (self._resuming and now - self._attempt_at > PATIENCE_SECONDS):
                return self._start(now)
        if self._welcomed and self._host_here and self._pair is not None and self._pair.worn:
            return self._start(now)
        if self._answer_due is not None and now >= self._answer_due:
            return self.answer(False, now)
        if now - self._feedback_at >= FEEDBACK_SECONDS:
            self._feedback(now)
        freshness = self.picture.freshness
        if self._welcomed and self._host_here and freshness.silent(now, paused=self.picture.paused):
            freshness.begin(now)
            return [MoveOn()]
        return self.picture.tell_age(now, live=self._welcomed)

    # ---- what the operator does

    def confirm(self) -> None:
        """The operator heard the customer say that they typed the digits and accepted.

        Only the customer's side compares digits, so whoever sits in between could answer in the customer's place: until
        this is called nothing is typed.
        """
        self.confirmed = True

    def send(self, events: list[inputs.Event], now: float) -> bool:
        """Send input in order; False (and nothing sent) without consent or confirmation, while the host is away, or while
        no current picture is shown."""
        if self._pair is None or not self.picture.is_current(now) or not self._may_send:
            return False
        self._say(Stream.INPUT, inputs.encode(events, int(now * 1000)))
        return True

    def point(self, x: int, y: int) -> None:
        """Send the pointer's newest place."""
        if self._pair is not None and self._may_send:
            move = inputs.PointerMove(self._pair.out.generation(Stream.INPUT), x, y)
            self.outbox.latest("pointer", self._pair.latest(Stream.INPUT, inputs.encode_pointer(move)))

    @property
    def _may_send(self) -> bool:
        here = self._welcomed and self._host_here and self.confirmed
        return here and self.picture.shows and self.holder == "viewer"

    # ---- chat

    @property
    def may_chat(self) -> bool:
        """Whether words would be passed on now."""
        return self._welcomed and self.confirmed and "chat" in self.grants

    def say(self, text: str) -> bool:
        """Write to everybody; False when that is not allowed now. Raises `WireError` for what cannot be sent."""
        if not self.may_chat:
            return False
        self._say(Stream.CHAT, self.chat.write(text).encode())
        return True

    def leave(self) -> None:
        """Say goodbye for good: coming back needs the customer's consent again."""
        self._say(Stream.CONTROL, control.encode(control.bye()))

    # ---- sealed messages of the host

    def _message(self, fields: Header, message: memoryview, now: float) -> list[Event]:
        if fields.sender != self._parties.host or self.ended is not None:
            return []
        if fields.stream == Stream.HANDSHAKE:
            return self._handshake(handshake.decode(message[24:]), now)
        if fields.recipient == EVERYONE:
            happened = self.picture.take(fields, message, now)
            if fields.delivery == Delivery.FRAME:
                self._feedback(now)
            return happened
        if self._pair is None:
            return []
        received = self._pair.open(fields, message)
        if fields.delivery == Delivery.ORDERED and fields.epoch == self._pair.number:
            self._feedback(now)
        return [] if received is None else self._pairwise(received, now)

    def _pairwise(self, received: Received, now: float) -> list[Event]:
        if received.header.stream == Stream.FEEDBACK and self._pair is not None:
            self._pair.out.acknowledge(feedback.decode(received.body).generations)
            self.outbox.ordered(*self._pair.pump())
        if received.header.stream == Stream.CONTROL:
            return self._control(control.decode(received.body), now)
        if received.header.stream == Stream.CHAT and self._welcomed:
            line = self.chat.take(received.body)
            return [] if line is None else [Said(line, line.sender == self._parties.viewer)]
        return []

    def _control(self, message: control.Control, now: float) -> list[Event]:
        kind = message["type"]
        if kind in {"welcome", "epoch"}:
            self.picture.learn(*control.secret_of(message))
            if kind == "welcome":
                return self._welcome(message, now)
        if kind == "grants" and isinstance(message.get("grants"), list):
            self.grants = frozenset(map(str, message["grants"]))
            return [Granted(self.grants)]
        if kind == "control" and message.get("holder") in {"host", "viewer"}:
            self.holder = message["holder"]
            return [Holder(self.holder)]
        if kind == "ignored" and message.get("stream") == "chat":
            refused = self.chat.refused(message.get("id"))
            return [] if refused is None else [NotSaid(refused)]
        if kind == "ignored" and isinstance(message.get("count"), int):
            return [InputIgnored(message["count"])]
        if kind == "end":
            return self.finish(relay.by_of(message, "customer"), relay.reason_of(message))
        return []

    def _welcome(self, message: control.Control, now: float) -> list[Event]:
        grants, host = message.get("grants"), message.get("host")
        self.grants = frozenset(map(str, grants)) if isinstance(grants, list) else frozenset()
        self._welcomed = self.proved = True
        self._resume_before = None
        self.holder = "host" if message.get("holder") == "host" else "viewer"
        for line in self.chat.waiting.values():
            self._say(Stream.CHAT, line.encode())
        self.picture.freshness.begin(now)
        self._feedback(now)
        return [Accepted(self.grants, host if isinstance(host, dict) else {})]

    def _feedback(self, now: float) -> None:
        self._feedback_at = now
        if self._pair is None or not self._host_here:
            return
        shown = self.picture.sync
        receiving, parts = shown.receiving
        value = feedback.Feedback(
            ms=int(now * 1000),
            picture=shown.picture,
            receiving=receiving,
            parts=parts,
            want=self._welcomed and self.picture.wanting(now),
            welcomed=self._welcomed,
            generations=dict(self._pair.incoming.generations),
        )
        self.outbox.latest("feedback", self._pair.latest(Stream.FEEDBACK, value.encode()))

    @property
    def live(self) -> bool:
        """Whether the host is there and has welcomed this process."""
        return self._welcomed and self._host_here

    @property
    def host_away(self) -> bool:
        """Whether the host is not on this relay."""
        return not self._host_here

    def picture_age(self, now: float) -> float:
        """Seconds since what is drawn was known to be the newest: what is old must be called old."""
        return self.picture.freshness.age(now)
