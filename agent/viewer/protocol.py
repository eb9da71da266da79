"""The viewer's side of the protocol, without I/O: bytes and actions in, events and an `Outbox` out (docs/protocol.md 3 to 9)."""

import hmac
from typing import Final

from agent.outbox import Outbox
from agent.viewer.chat import Conversation
from agent.viewer.events import (
    Accepted,
    ConsentWanted,
    Digits,
    DigitsWanted,
    Ended,
    Event,
    Granted,
    Holder,
    HostAway,
    HostHere,
    Impossible,
    InputIgnored,
    MoveOn,
    NotSaid,
    Retry,
    Said,
    Unproved,
    Verified,
    Waiting,
)
from agent.viewer.picture import Picture
from wire import keys
from wire.association import Pair, Received
from wire.errors import Forged, HandshakeError, MethodNotAllowed, SuiteTooWeak, WireError
from wire.handshake import Association, Entropy, Parties, ViewerHandshake
from wire.header import EVERYONE, Delivery, Header, Stream, header, split_frame, unpack
from wire.limits import HANDSHAKE_RETRY_SECONDS, VERIFICATION_ATTEMPTS, VERIFICATION_SECONDS
from wire.messages import control, feedback, handshake, relay
from wire.messages import input as inputs
from wire.messages.handshake import M2, M4, Notice, NoticeKind
from wire.statement import ANYTHING, Demands

FEEDBACK_SECONDS: Final = 1.0
PATIENCE_SECONDS: Final = 20.0
"""How long after a resume handshake the welcome may take."""
HOPELESS: Final = {
    NoticeKind.STATEMENT_DIFFERS: "statement-differs",
    NoticeKind.PQ_REQUIRED: "pq-required",
    NoticeKind.NOT_INTRODUCED: "not-introduced",
    NoticeKind.METHOD_NOT_ALLOWED: "verification",
    NoticeKind.NO_COMMON_SUITE: "suites",
}
"""Notices after which trying again by itself does not help."""


class ViewerProtocol:
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
        """`statement` is its SHA-256, `demands` what it demands; `link` the secret of a join link; `resume` the stored secret of
        an earlier run, `resume_before` the one before it where the host may not know the newest; `introduction` the api's word
        for an operator whom the statement does not name; `customer` when the host is the operator: then this side compares
        the digits and decides."""
        self.outbox = outbox
        self.picture = Picture(statement, host)
        self.resume_secret = resume
        """What to store for a resume after a restart."""
        self._resume_before = resume_before
        self.grants: frozenset[str] = frozenset()
        self.ended: Ended | None = None
        self._parties = Parties(statement, host, sender, demands)
        self._introduction = introduction
        self._ticket, self._entropy, self._link = ticket, entropy, link
        self._host_here = False
        self._stopped = False
        """Unproved: nothing is tried until the operator says so."""
        self._attempt: ViewerHandshake | None = None
        self._attempt_at = 0.0
        self._pair: Pair | None = None
        self._welcomed = False
        self.proved = False
        """Whether a welcome ever came: after that only its resume secret proves who is there."""
        self.confirmed = False
        """Whether the customer's acceptance is known otherwise than from the relay's side: by a secret, or by `confirm`."""
        self._feedback_at = 0.0
        self.holder = "viewer"
        """Whose mouse and keyboard count on the host's machine."""
        self.chat = Conversation(sender, entropy)
        self._customer = customer
        self.confirmed = customer and resume is not None
        self._expected = ""
        self._wrong = 0
        self._answer_due: float | None = None

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

    def verify_again(self, now: float) -> list[Event]:
        """After `Unproved`, and only when the operator wants it: start over, with new digits."""
        self._forget_secrets()
        self._stopped, self.proved, self.confirmed = False, False, False
        self.picture.clear()
        return self._start(now)

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

    # ---- what the customer does, where the operator's screen is shown

    def digits(self, typed: str, now: float) -> list[Event]:
        """The customer typed what they hear. Wrong ones discard the keys; the third time it is over."""
        if not self._expected or self._pair is None:
            return []
        right = hmac.compare_digest(typed.encode(), self._expected.encode())
        self._expected = ""
        if right:
            return self._wanted(now)
        self._wrong += 1
        if self._wrong >= VERIFICATION_ATTEMPTS:
            self.end("verification_failed")
            return self.finish("system", "verification_failed")
        self._forget_secrets()
        return [Retry("wrong digits"), *self._start(now)]

    def answer(self, yes: bool, now: float) -> list[Event]:  # noqa: ARG002 - every act is given the time
        """The customer's yes or no to looking on."""
        if self._answer_due is None or self._pair is None:
            return []
        self._answer_due = None
        if not yes:
            self.end("refused")
            return self.finish("customer", "refused")
        self.confirmed = True
        self._say(Stream.CONTROL, control.encode(control.accept()))
        return []

    def _wanted(self, now: float) -> list[Event]:
        self._answer_due = now + VERIFICATION_SECONDS
        return [ConsentWanted()]

    # ---- chat and endings

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

    def end(self, reason: str = "ended") -> None:
        """Tell the host that it is over."""
        self._say(Stream.CONTROL, control.encode(control.end(reason)))

    def leave(self) -> None:
        """Say goodbye for good: coming back needs the customer's consent again."""
        self._say(Stream.CONTROL, control.encode(control.bye()))

    def _say(self, stream: Stream, body: bytes) -> None:
        if self._pair is not None:
            self.outbox.ordered(*self._pair.say(stream, body))

    # ---- handshake

    def _here(self, now: float) -> list[Event]:
        self._host_here = True
        if self._pair is None or self._resuming:
            return [HostHere(), *([] if self._stopped else self._start(now))]
        self.outbox.ordered(*self._pair.out.unacknowledged())
        self._feedback(now)
        return [HostHere()]

    @property
    def _resuming(self) -> bool:
        """Whether there are keys of a resume that the host may not have got to know."""
        return self._pair is not None and self._pair.method == keys.METHOD_RESUME and not self._welcomed

    def _start(self, now: float) -> list[Event]:
        self._pair, self._welcomed, self._attempt = None, False, None
        self._expected, self._answer_due = "", None
        word = self._introduction if self.resume_secret is None else ""
        try:
            self._attempt = ViewerHandshake(
                self._parties,
                self._ticket,
                self._entropy,
                resume=self.resume_secret,
                link=self._link,
                introduction=word,
            )
        except SuiteTooWeak as error:
            return self._hopeless(error.slug)
        self._attempt_at = now
        self._clear(self._attempt.start().encode())
        return []

    def _hopeless(self, why: str) -> list[Event]:
        """Nothing is tried until somebody wants it."""
        self._stopped, self._attempt = True, None
        return [Impossible(why)]

    def _clear(self, body: bytes) -> None:
        fields = header(Delivery.ORDERED, Stream.HANDSHAKE, self._parties.viewer, self._parties.host)
        self.outbox.ordered(fields.pack() + body)

    def _handshake(self, message: handshake.Message, now: float) -> list[Event]:
        if isinstance(message, Notice):
            return self._notice(message, now)
        if self._attempt is None or message.attempt != self._attempt.attempt:
            return []
        try:
            if isinstance(message, M2):
                self._clear(self._attempt.on_m2(message).encode())
                self._attempt_at = now
            elif isinstance(message, M4):
                m5, association = self._attempt.on_m4(message)
                self._clear(m5.encode())
                return self._associated(association, now)
        except (MethodNotAllowed, SuiteTooWeak) as error:
            return self._hopeless(error.slug)
        except (Forged, HandshakeError) as error:
            return [Retry(str(error)), *self._start(now)]
        return []

    def _associated(self, association: Association, now: float) -> list[Event]:
        self._pair = Pair(association, self._parties.viewer, self._parties.host, host=False)
        self._attempt, self._attempt_at = None, now
        self.picture.associated(self._pair.signer, now)
        resumed = association.method == keys.METHOD_RESUME
        self._resume_before = self.resume_secret if resumed else None
        self.resume_secret = association.resume_secret
        if resumed:
            return []
        self.confirmed = association.method == keys.METHOD_LINK and not self._customer
        by_digits = association.method == keys.METHOD_DIGITS
        if not self._customer:
            return [Digits(association.digits if by_digits else None)]
        self._expected, self._answer_due = association.digits if by_digits else "", None
        return [DigitsWanted(self._wrong + 1)] if by_digits else self._wanted(now)

    def _notice(self, notice: Notice, now: float) -> list[Event]:
        if notice.kind in {NoticeKind.AGAIN, NoticeKind.NEED_RESUME}:
            return self._again(now)
        if (
            notice.kind == NoticeKind.NO_RESUME
            and self._attempt is not None
            and notice.attempt == self._attempt.attempt
        ):
            if self.proved and self._resume_before is None:
                return self._unproved()
            self.resume_secret, self._resume_before = self._resume_before, None
            return self._start(now)
        if notice.kind == NoticeKind.WAIT:
            self._attempt = None
            return [Waiting()]
        if notice.kind == NoticeKind.VERIFIED and self._pair is not None and not self._welcomed:
            return [Verified()]
        if notice.kind in HOPELESS and self._attempt is not None and notice.attempt == self._attempt.attempt:
            return self._hopeless(HOPELESS[notice.kind])
        return []

    def _again(self, now: float) -> list[Event]:
        """The host has no keys of ours: resume, or before any welcome start over."""
        if self._stopped or (self._attempt is not None and not self._attempt.answered):
            return []  # our M1 is on its way; the restart after 4 s covers a lost one
        wrong = self._pair is not None and self._pair.method != keys.METHOD_RESUME and not self.proved
        if wrong:
            self._forget_secrets()
        return [*([Retry("wrong digits")] if wrong else []), *self._start(now)]

    @property
    def resume_secrets(self) -> tuple[bytes, ...]:
        """All that may still be of use after a restart, newest first: until the welcome, the host may not know the newest."""
        return tuple(secret for secret in (self.resume_secret, self._resume_before) if secret is not None)

    def _forget_secrets(self) -> None:
        self.resume_secret = self._resume_before = None

    def _unproved(self) -> list[Event]:
        self._stopped, self._pair, self._attempt = True, None, None
        self.picture.forget()
        self._welcomed = self.confirmed = False
        return [Unproved()]

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

    def finish(self, by: str, reason: str) -> list[Event]:
        """It is over, for this side."""
        if self.ended is not None:
            return []
        self.ended = Ended(by, reason)
        return [self.ended]

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
