"""The host's side of the protocol, without I/O: bytes and answers in, events and an `Outbox` out (docs/protocol.md 3 to 9).

It holds every viewer's phase and keys; `Consent` alone says what may be captured or applied. One viewer is accepted at a time.
"""

from collections.abc import Callable
from typing import Final

from agent.host.capture.base import Frame
from agent.host.consent import Consent, State, Verdict, VerificationPendingError
from agent.host.events import (
    Accepted,
    Cancelled,
    ConsentNeeded,
    DigitsNeeded,
    Ended,
    Event,
    Input,
    Pointer,
    ReleaseInput,
    ViewerAway,
    ViewerHere,
)
from agent.host.peer import Peer, Phase
from agent.host.stream import PictureStream
from agent.outbox import Outbox
from wire import keys
from wire.association import Pair, Received
from wire.errors import Malformed, WireError
from wire.handshake import Association, Entropy, HostHandshake, Parties
from wire.header import RETAIN, Delivery, Header, Stream, header, split_frame, unpack
from wire.limits import BEACON_SECONDS, EPOCH_SECONDS, RESUME_SECONDS
from wire.messages import control, feedback, handshake, relay
from wire.messages import input as inputs
from wire.messages.handshake import M1, M3, M5, NO_ATTEMPT, NO_SECRET, Notice, NoticeKind
from wire.messages.screen import LIVE, PAUSED, Beacon
from wire.seal import Sealer

LET_GO: Final = Input([inputs.ReleaseAll()])
"""A viewer's connection is lost: nothing stays pressed, but what it sent before is still applied, in order."""
VERIFYING: Final = frozenset({Phase.HANDSHAKE, Phase.VERIFYING})


class HostProtocol:
    """One session's host. Feed it `text`, `frame`, `connected`, `disconnected` and `tick`; send what is in `outbox`."""

    def __init__(
        self,
        *,
        sender: int,
        ticket: str,
        statement: bytes,
        consent: Consent,
        outbox: Outbox,
        entropy: Entropy,
        counter: Callable[[], int],
        link: bytes | None = None,
        about: dict[str, object] | None = None,
    ) -> None:
        """`statement` is its SHA-256; `counter` gives association and epoch numbers, stored before use; `about` goes into
        the sealed welcome."""
        self.consent, self.outbox = consent, outbox
        self.stream = PictureStream(sender, outbox)
        self.ended: Ended | None = None
        self._me, self._ticket, self._statement = sender, ticket, statement
        self._entropy, self._counter, self._link = entropy, counter, link
        self._about = about or {}
        self._peers: dict[int, Peer] = {}
        self._sealer: Sealer | None = None
        self._secret = b""
        self._epoch_at = self._beacon_at = 0.0
        self._beacons = 0
        self._met = False

    # ---- what the relay says

    def connected(self) -> None:
        """A new connection: who is there comes in `welcome`."""
        for peer in self._peers.values():
            peer.present = False

    def disconnected(self, now: float) -> list[Event]:
        """The connection is gone; the session is not."""
        self.outbox.clear()
        self.stream.lost_connection()
        return [event for peer in list(self._peers.values()) if peer.present for event in self._away(peer, now)]

    def text(self, text: relay.Text, now: float) -> list[Event]:
        """A TEXT frame; unknown types are ignored (docs/protocol.md 10)."""
        kind = text["type"]
        if kind == "welcome":
            present = text.get("present")
            here = present if isinstance(present, list) else []
            return [
                event for item in here if isinstance(item, dict) for event in self._here(relay.sender_of(item), now)
            ]
        if kind == "joined":
            return self._here(relay.sender_of(text), now)
        if kind == "left":
            return self._away(self._peer(relay.sender_of(text)), now)
        if kind == "behind":
            peer = self._peer(relay.sender_of(text))
            if peer.phase is Phase.ACCEPTED:
                self.stream.need(peer.sender)
        if kind == "ended":
            return self._finish(str(text.get("by", "system")), relay.reason_of(text))
        return []

    def frame(self, data: bytes | memoryview, now: float) -> list[Event]:
        """A BINARY frame. Raises `WireError` for a frame that cannot be taken apart; a bad message inside is dropped."""
        events: list[Event] = []
        for message in split_frame(data):
            try:
                events += self._message(unpack(message), message, now)
            except WireError:
                continue
        return events

    def tick(self, now: float) -> list[Event]:
        """Time passes: time-outs, beacon, acknowledgements. Call a few times a second."""
        if self.ended is not None:
            return []
        state, viewer = self.consent.state, self.consent.viewer
        if self.consent.tick(now):
            if self.consent.ended is not None:
                return self.end(self.consent.ended.by, self.consent.ended.reason)
            return self._cancelled(viewer, state)
        if now - self._beacon_at >= BEACON_SECONDS:
            self._beacon_at = now
            self._beacon(now)
        accepted = [peer for peer in self._peers.values() if peer.phase is Phase.ACCEPTED]
        if accepted and all(now - peer.seen > RESUME_SECONDS for peer in accepted):
            return self.end("system", "lost")
        if self._sealer is not None and (now - self._epoch_at > EPOCH_SECONDS or self._sealer.exhausted(1 << 30)):
            self._new_epoch(now)
        return []

    # ---- what the customer says

    def digits(self, typed: str, now: float) -> tuple[Verdict, list[Event]]:
        """The customer typed the digits."""
        viewer = self.consent.viewer
        verdict = self.consent.enter_digits(typed, now)
        if verdict is Verdict.FAILED:
            return verdict, self.end("system", "verification_failed")
        if verdict is Verdict.WRONG and viewer is not None:
            self._restart(self._peer(viewer))
        if verdict is Verdict.RIGHT and viewer is not None:
            self._notice(self._peer(viewer), NoticeKind.VERIFIED)
            return verdict, [ConsentNeeded(viewer)]
        return verdict, []

    def answer(self, yes: bool, now: float) -> list[Event]:
        """The customer's yes or no."""
        viewer = self.consent.viewer
        state = self.consent.answer(yes, now)
        if state is State.ENDED and self.consent.ended is not None:
            if viewer is not None:
                self._notice(self._peer(viewer), NoticeKind.REFUSED)
            return self.end(self.consent.ended.by, self.consent.ended.reason)
        if state is State.APPROVED and viewer is not None:
            peer = self._peer(viewer)
            self._admit(peer, now)
            return [Accepted(viewer)]
        return []

    def pause(self, paused: bool, now: float) -> None:
        """Stop or go on sending pictures and taking input; viewers are told."""
        if paused:
            self.consent.pause(now)
        else:
            self.consent.resume(now)
        self._beacon(now)

    def end(self, by: str, reason: str) -> list[Event]:
        """End for everybody: viewers hear it sealed, the relay in a text."""
        if self.ended is not None:
            return []
        for peer in self._peers.values():
            if peer.pair is not None:
                self.outbox.ordered(*peer.pair.say(Stream.CONTROL, control.encode(control.end(reason, by))))
        self.outbox.text(relay.end(reason, by))
        return self._finish(by, reason)

    # ---- viewers coming and going

    def _peer(self, sender: int) -> Peer:
        return self._peers.setdefault(sender, Peer(sender))

    def _here(self, sender: int, now: float) -> list[Event]:
        peer = self._peer(sender)
        peer.present = True
        self._met = True
        if peer.pair is not None:
            self.outbox.ordered(*peer.pair.out.unacknowledged())
            self._acknowledge(peer, now)
        elif peer.phase in {Phase.NEW, Phase.HANDSHAKE}:
            self._notice(peer, NoticeKind.AGAIN)
        if peer.phase is Phase.ACCEPTED:
            if peer.pair is None:
                self._notice(peer, NoticeKind.NEED_RESUME)
            else:
                self.outbox.text(relay.admit(sender))
                self.stream.need(sender)
        if self.consent.viewer == sender:
            self.consent.present(now)
        return [ViewerHere(sender)]

    def _away(self, peer: Peer, now: float) -> list[Event]:
        peer.present = False
        self.stream.forget(peer.sender)
        if self.consent.viewer == peer.sender:
            self.consent.absent(now)
        return [ViewerAway(peer.sender), LET_GO]

    def _gone(self, peer: Peer, now: float) -> list[Event]:
        """A leave (not a lost connection): what was granted to this viewer is void, and so are its keys."""
        was_accepted = peer.phase is Phase.ACCEPTED
        peer.phase, peer.pair, peer.handshake = Phase.NEW, None, None
        peer.secret = peer.used_secret = None
        if was_accepted:
            self.consent.left(now)
            self.stream.forget(peer.sender)
            self._new_epoch(now)
        return [ReleaseInput()]

    # ---- handshake

    def _message(self, fields: Header, message: memoryview, now: float) -> list[Event]:
        if fields.recipient != self._me or self.ended is not None:
            return []
        peer = self._peer(fields.sender)
        if fields.stream == Stream.HANDSHAKE:
            return self._handshake(peer, handshake.decode(message[24:]), now)
        if peer.pair is None:
            return []
        received = peer.pair.open(fields, message)
        if received is None:
            if fields.delivery == Delivery.ORDERED:
                self._acknowledge(peer, now)
            return []
        peer.seen, peer.used_secret = now, None
        return self._received(peer, received, now)

    def _handshake(self, peer: Peer, message: handshake.Message, now: float) -> list[Event]:
        if peer.phase is Phase.REFUSED:
            self._notice(peer, NoticeKind.REFUSED)
            return []
        if isinstance(message, M1):
            return self._m1(peer, message, now)
        if peer.handshake is None or message.attempt != peer.handshake.attempt:
            return []
        try:
            if isinstance(message, M3):
                self._clear(peer, peer.handshake.on_m3(message).encode())
            elif isinstance(message, M5):
                return self._associated(peer, peer.handshake.on_m5(message), now)
        except WireError:
            peer.handshake = None
            if peer.phase is Phase.HANDSHAKE:
                self.consent.cancel(now)
                peer.phase = Phase.NEW
            self._notice(peer, NoticeKind.AGAIN)
        return []

    def _m1(self, peer: Peer, message: M1, now: float) -> list[Event]:
        if message.statement != self._statement:
            self._notice(peer, NoticeKind.STATEMENT_DIFFERS, message.attempt)
            return []
        parties = Parties(self._statement, self._me, peer.sender)
        if message.mode == keys.MODE_RESUME:
            return self._resume(peer, message, parties)
        events = self._gone(peer, now) if peer.phase is Phase.ACCEPTED else []
        if peer.phase in VERIFYING:
            self.consent.cancel(now)
            events.append(Cancelled(peer.sender))
        try:
            self.consent.begin(peer.sender, now)
        except VerificationPendingError:
            self._notice(peer, NoticeKind.WAIT, message.attempt)
            return events
        peer.phase, peer.pair = Phase.HANDSHAKE, None
        self._answer_m1(peer, message, parties, None)
        return events

    def _resume(self, peer: Peer, message: M1, parties: Parties) -> list[Event]:
        named = [s for s in peer.secrets() if message.secret_id != NO_SECRET and keys.resume_id(s) == message.secret_id]
        if peer.phase is not Phase.ACCEPTED or not named:
            self._notice(peer, NoticeKind.NO_RESUME, message.attempt)
            return []
        peer.used_secret = named[0]
        self._answer_m1(peer, message, parties, named[0])
        return []

    def _answer_m1(self, peer: Peer, message: M1, parties: Parties, resume: bytes | None) -> None:
        peer.handshake = HostHandshake(parties, self._ticket, self._entropy, association=self._counter(), m1=message)
        self._clear(peer, peer.handshake.answer(resume=resume, link=None if resume else self._link).encode())

    def _associated(self, peer: Peer, association: Association, now: float) -> list[Event]:
        peer.handshake, peer.seen = None, now
        peer.pair, peer.secret, peer.applied = (
            Pair(association, self._me, peer.sender, host=True),
            association.resume_secret,
            0,
        )
        if association.method == keys.METHOD_RESUME:
            self._admit(peer, now)
            return [LET_GO]
        peer.phase = Phase.VERIFYING
        if association.method == keys.METHOD_LINK:
            self.consent.agreed_by_link(now)
            self._notice(peer, NoticeKind.VERIFIED)
            return [ConsentNeeded(peer.sender)]
        self.consent.agreed(association.digits, now)
        return [DigitsNeeded(peer.sender, self.consent.wrong_digits + 1)]

    def _restart(self, peer: Peer) -> None:
        peer.phase, peer.pair, peer.handshake, peer.secret = Phase.NEW, None, None, None
        self._notice(peer, NoticeKind.AGAIN)

    def _cancelled(self, viewer: int | None, state: State) -> list[Event]:
        if viewer is None or state not in {State.HANDSHAKE, State.DIGITS, State.ASK}:
            return []
        self._restart(self._peer(viewer))
        return [Cancelled(viewer)]

    def _clear(self, peer: Peer, body: bytes) -> None:
        self.outbox.ordered(header(Delivery.ORDERED, Stream.HANDSHAKE, self._me, peer.sender).pack() + body)

    def _notice(self, peer: Peer, kind: NoticeKind, attempt: bytes = NO_ATTEMPT) -> None:
        self._clear(peer, Notice(kind, attempt).encode())

    # ---- epochs

    def _admit(self, peer: Peer, now: float) -> None:
        peer.phase = Phase.ACCEPTED
        self._new_epoch(now, welcome=peer)
        self.outbox.text(relay.admit(peer.sender))
        self.stream.need(peer.sender)
        self._acknowledge(peer, now)

    def _new_epoch(self, now: float, welcome: Peer | None = None) -> None:
        accepted = [peer for peer in self._peers.values() if peer.phase is Phase.ACCEPTED and peer.pair is not None]
        if not accepted:
            self._sealer = None
            self.stream.use(None)
            return
        number, self._secret, self._epoch_at = self._counter(), self._entropy(keys.SECRET_BYTES), now
        self._sealer = Sealer(self._secret, number, self._me)
        cut = self.stream.use(self._sealer)
        for peer in accepted:
            self._say_epoch(peer, number, "welcome" if peer is welcome else "epoch")
            if cut:
                self.outbox.text(relay.admit(peer.sender))
                self.stream.need(peer.sender)
        self._beacon(now)

    def _say_epoch(self, peer: Peer, number: int, kind: str) -> None:
        more: dict[str, object] = {}
        if kind == "welcome":
            more = {"grants": sorted(self.consent.grants), "host": self._about, "viewers": [peer.sender]}
        message = control.epoch_keys(kind, number, self._secret, **more)
        if peer.pair is not None:
            self.outbox.ordered(*peer.pair.say(Stream.CONTROL, control.encode(message)))

    def _beacon(self, now: float) -> None:
        for peer in self._peers.values():
            self._acknowledge(peer, now)
        if self._sealer is None:
            return
        self._beacons += 1
        state = PAUSED if self.consent.state is State.PAUSED else LIVE
        body = Beacon(self._beacons, int(now * 1000), self.stream.picture, self.stream.group, state).encode()
        head = header(Delivery.LATEST, Stream.BEACON, self._me, flags=RETAIN)
        self.outbox.latest("beacon", self._sealer.seal(head, body))

    def _acknowledge(self, peer: Peer, now: float) -> None:
        if peer.pair is not None and peer.present:
            body = feedback.Feedback(ms=int(now * 1000), generations=dict(peer.pair.incoming.generations)).encode()
            self.outbox.latest(("feedback", peer.sender), peer.pair.latest(Stream.FEEDBACK, body))

    # ---- sealed messages of a viewer

    def _received(self, peer: Peer, received: Received, now: float) -> list[Event]:
        stream = received.header.stream
        if stream == Stream.FEEDBACK:
            return self._feedback(peer, feedback.decode(received.body), now)
        if received.header.delivery == Delivery.ORDERED:
            self._acknowledge(peer, now)
        if stream == Stream.CONTROL:
            return self._control(peer, control.decode(received.body), now)
        if stream == Stream.INPUT:
            return self._input(peer, received)
        return []

    def _feedback(self, peer: Peer, value: feedback.Feedback, now: float) -> list[Event]:
        if peer.pair is None:
            return []
        peer.pair.out.acknowledge(value.generations)
        self.outbox.ordered(*peer.pair.pump())
        if peer.phase is Phase.ACCEPTED:
            self.stream.acknowledge(value, now)
            if value.want:
                self.outbox.text(relay.admit(peer.sender))
                self.stream.need(peer.sender)
        return []

    def _control(self, peer: Peer, message: control.Control, now: float) -> list[Event]:
        if message["type"] == "end":
            return self.end("operator", relay.reason_of(message))
        if message["type"] == "bye":
            return self._gone(peer, now)
        return []

    def _input(self, peer: Peer, received: Received) -> list[Event]:
        allowed = peer.phase is Phase.ACCEPTED and self.consent.may_apply_input
        if received.header.delivery == Delivery.LATEST:
            move = inputs.decode_pointer(received.body)
            if not allowed:
                self._ignore(peer)
                return []
            return [Pointer(move)] if move.after >= peer.applied else []
        generation = peer.pair.incoming.generations[Stream.INPUT] if peer.pair else 0
        peer.applied = generation
        _, events = inputs.decode(received.body)
        if not allowed:
            self._ignore(peer)
            return []
        return [Input(events)]

    def _ignore(self, peer: Peer) -> None:
        """Count input that is not allowed; tell the viewer now and then (each doubling), not at its own pace."""
        peer.ignored += 1
        if peer.pair is not None and peer.ignored & (peer.ignored - 1) == 0:
            message = control.encode(control.ignored("input", peer.ignored))
            self.outbox.ordered(*peer.pair.say(Stream.CONTROL, message))

    def _finish(self, by: str, reason: str) -> list[Event]:
        if self.ended is not None:
            return []
        if self.consent.state is not State.ENDED:
            self.consent.end(by, reason)
        self.stream.use(None)
        self.outbox.drop_pictures()
        self._sealer = None
        self.ended = Ended(by, reason)
        return [ReleaseInput(), self.ended]

    # ---- what the session loop asks

    @property
    def met(self) -> bool:
        """Whether any viewer was ever there (docs/protocol.md 9: a host moves on only after that)."""
        return self._met

    @property
    def alone(self) -> bool:
        return not any(peer.present for peer in self._peers.values())

    def wants_picture(self, now: float) -> bool:
        """Whether the screen may be captured and the picture would be sent."""
        seen = any(peer.present and peer.phase is Phase.ACCEPTED for peer in self._peers.values())
        return seen and self.consent.may_capture and self.stream.ready(now)

    def picture(self, frame: Frame, now: float) -> bool:
        """Send a captured picture; raises `Malformed` unless the consent allows it now."""
        if not self.consent.may_capture:
            raise Malformed("no consent: nothing may be captured")
        return self.stream.produce(frame, now)
