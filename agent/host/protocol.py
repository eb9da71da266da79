"""The host's side of the protocol, without I/O: bytes and answers in, events and an `Outbox` out (docs/protocol.md 3 to 9).

`Consent` alone says what may be captured or applied; `Verification` answers handshakes; `Epochs` owns the key that viewers
share; `PictureStream` decides what to send. One viewer is accepted at a time.
"""

from collections.abc import Callable

from agent.host.capture.base import Frame
from agent.host.consent import Consent, ConsentError, State, Verdict
from agent.host.epochs import Epochs
from agent.host.events import (
    LET_GO,
    Accepted,
    Cancelled,
    ConsentNeeded,
    Ended,
    Event,
    ReleaseInput,
    ViewerAway,
    ViewerHere,
)
from agent.host.inbox import Inbox
from agent.host.introductions import NOBODY, Introductions
from agent.host.peer import VERIFYING, Peer, Peers, Phase
from agent.host.stream import PictureStream
from agent.host.verification import TooManyHandshakesError, Verification
from agent.outbox import Outbox
from wire.association import Received
from wire.errors import Forged, Malformed, WireError
from wire.handshake import Entropy
from wire.header import Delivery, Header, Stream, split_frame, unpack
from wire.limits import BEACON_SECONDS, RESUME_SECONDS
from wire.messages import control, handshake, relay
from wire.messages.handshake import NoticeKind
from wire.statement import ANYTHING, Demands


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
        limit_seconds: float | None = None,
        demands: Demands = ANYTHING,
        introductions: Introductions = NOBODY,
    ) -> None:
        """`statement` is its SHA-256; `counter` gives association and epoch numbers, stored before use; `about` goes into
        the sealed welcome; `limit_seconds` is the longest session, from the first acceptance on."""
        self.consent, self.outbox = consent, outbox
        self.stream = PictureStream(sender, outbox)
        self.ended: Ended | None = None
        self._me, self._about = sender, about or {}
        self._peers = Peers()
        self._inbox = Inbox(consent, outbox, self.stream)
        self._epochs = Epochs(sender, statement, outbox, self.stream, entropy, counter)
        self._verification = Verification(
            sender=sender,
            ticket=ticket,
            statement=statement,
            consent=consent,
            outbox=outbox,
            entropy=entropy,
            counter=counter,
            link=link,
            signer=self._epochs.signer,
            demands=demands,
            introductions=introductions,
        )
        self._beacon_at = 0.0
        self._limit_seconds = limit_seconds
        self._accepted_at: float | None = None
        self._met = False

    # ---- what the relay says

    def connected(self) -> None:
        """A new connection: who is there comes in `welcome`."""
        self.outbox.open()
        for peer in self._peers:
            peer.present = False
            if peer.pair is not None:
                peer.pair.forgive()

    def disconnected(self, now: float) -> list[Event]:
        """The connection is gone; the session is not."""
        self.outbox.close()
        self.stream.lost_connection()
        return [event for peer in self._peers if peer.present for event in self._away(peer, now)]

    def text(self, text: relay.Text, now: float) -> list[Event]:
        """A TEXT frame; unknown types are ignored (docs/protocol.md 10)."""
        return self._expire(now) + self._text(text, now)

    def frame(self, data: bytes | memoryview, now: float) -> list[Event]:
        """A BINARY frame. Raises `WireError` for a frame that cannot be taken apart or forgeries without end; a single bad
        message is dropped."""
        events = self._expire(now)
        for message in split_frame(data):
            try:
                events += self._message(unpack(message), message, now)
            except TooManyHandshakesError:
                return events + self.end("system", "verification_failed")
            except (WireError, ConsentError):
                continue
        if any(peer.pair is not None and peer.pair.broken for peer in self._peers):
            raise Forged("too many messages were not sealed by their sender")
        return events

    def tick(self, now: float) -> list[Event]:
        """Time passes: time-outs, beacon, acknowledgements. Call a few times a second."""
        events = self._expire(now)
        if self.ended is not None:
            return events
        accepted = self._peers.accepted()
        if accepted and all(now - peer.seen > RESUME_SECONDS for peer in accepted):
            return events + self.end("system", "lost")
        if self._too_long(now):
            return events + self.end("system", "time_limit")
        for peer in accepted:
            if peer.pair is not None and peer.pair.worn:
                peer.pair = None
                self._verification.notice(peer, NoticeKind.NEED_RESUME)
        if self._epochs.due(now):
            self._epochs.renew(accepted, now)
        if now - self._beacon_at >= BEACON_SECONDS:
            self._beacon(now)
        return events

    # ---- what the customer says

    def digits(self, typed: str, now: float) -> tuple[Verdict, list[Event]]:
        """The customer typed the digits."""
        events = self._expire(now)
        peer = self._peers.get(self.consent.viewer)
        if self.ended is not None or peer is None or self.consent.state is not State.DIGITS:
            return Verdict.TOO_LATE, events
        verdict = self.consent.enter_digits(typed, now)
        if verdict is Verdict.FAILED:
            return verdict, events + self.end("system", "verification_failed")
        if verdict is Verdict.WRONG:
            self._verification.again(peer)
        if verdict is Verdict.RIGHT:
            self._verification.succeeded()
            self._verification.notice(peer, NoticeKind.VERIFIED)
            events.append(ConsentNeeded(peer.sender))
        return verdict, events

    def answer(self, yes: bool, now: float) -> list[Event]:
        """The customer's yes or no."""
        events = self._expire(now)
        peer = self._peers.get(self.consent.viewer)
        if self.ended is not None or peer is None or self.consent.state is not State.ASK:
            return events
        state = self.consent.answer(yes, now)
        if state is State.APPROVED and peer.phase is Phase.VERIFYING and peer.pair is not None:
            self._admit(peer, now)
            return [*events, Accepted(peer.sender)]
        peer.phase = Phase.REFUSED
        self._verification.notice(peer, NoticeKind.REFUSED)
        return events + self.end("customer", "refused")

    def pause(self, paused: bool, now: float) -> None:
        """Stop or go on sending pictures and taking input; what was not sent yet stays here, and viewers are told."""
        if paused:
            self.consent.pause(now)
            self.stream.pause()
            self.outbox.drop_pictures()
        else:
            self.consent.resume(now)
            for peer in self._peers.accepted():
                self._needs_picture(peer)
        self._beacon(now)

    def end(self, by: str, reason: str) -> list[Event]:
        """End for everybody: viewers hear it sealed, the relay in a text."""
        if self.ended is not None:
            return []
        for peer in self._peers:
            if peer.pair is not None:
                self.outbox.ordered(*peer.pair.say(Stream.CONTROL, control.encode(control.end(reason, by))))
        self.outbox.text(relay.end(reason, by))
        return self._finish(by, reason)

    # ---- time

    def _expire(self, now: float) -> list[Event]:
        """Let the time-outs of the consent happen, before anything else does."""
        state, viewer = self.consent.state, self._peers.get(self.consent.viewer)
        if self.ended is not None or not self.consent.tick(now):
            return []
        if self.consent.ended is not None:
            return self.end(self.consent.ended.by, self.consent.ended.reason)
        if viewer is None or state not in {State.HANDSHAKE, State.DIGITS, State.ASK}:
            return []
        self._verification.again(viewer)
        return [Cancelled(viewer.sender)]

    def _too_long(self, now: float) -> bool:
        if self._limit_seconds is None or self._accepted_at is None:
            return False
        return now - self._accepted_at > self._limit_seconds

    # ---- viewers coming and going

    def _text(self, text: relay.Text, now: float) -> list[Event]:
        kind = text["type"]
        if kind == "welcome":
            present = text.get("present")
            here = present if isinstance(present, list) else []
            senders = [relay.sender_of(item) for item in here if isinstance(item, dict)]
            return [event for sender in senders for event in self._here(sender, now)]
        if kind == "joined":
            return self._here(relay.sender_of(text), now)
        if kind == "ended":
            return self._finish(relay.by_of(text, "system"), relay.reason_of(text))
        peer = self._peers.get(relay.sender_of(text)) if kind in {"left", "behind"} else None
        if peer is not None and kind == "left":
            return self._away(peer, now)
        if peer is not None and peer.phase is Phase.ACCEPTED:
            self.stream.need(peer.sender)
        return []

    def _here(self, sender: int, now: float) -> list[Event]:
        peer = self._peers.here(sender)
        if peer is None:
            return []
        peer.present = self._met = True
        if peer.pair is not None:
            self.outbox.ordered(*peer.pair.out.unacknowledged())
            self._inbox.acknowledge(peer, now)
        elif peer.phase is Phase.ACCEPTED:
            self._verification.notice(peer, NoticeKind.NEED_RESUME)
        elif peer.phase is not Phase.REFUSED:
            self._verification.notice(peer, NoticeKind.AGAIN)
        if peer.phase is Phase.ACCEPTED and peer.pair is not None:
            self._needs_picture(peer)
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
        mine, phase = self.consent.viewer == peer.sender, peer.phase
        peer.forget()
        if phase is Phase.ACCEPTED:
            if mine:
                self.consent.left(now)
            self.stream.forget(peer.sender)
            self._epochs.renew(self._peers.accepted(), now)
        elif phase in VERIFYING and mine:
            self.consent.cancel(now)
            return [Cancelled(peer.sender)]
        return [ReleaseInput()]

    def _admit(self, peer: Peer, now: float) -> None:
        peer.phase = Phase.ACCEPTED
        self._accepted_at = now if self._accepted_at is None else self._accepted_at
        about: dict[str, object] = {
            "grants": sorted(self.consent.grants),
            "host": self._about,
            "viewers": [peer.sender],
        }
        self._epochs.renew(self._peers.accepted(), now, welcome={peer.sender: about})
        self._needs_picture(peer)
        self._beacon(now)

    def _needs_picture(self, peer: Peer) -> None:
        self.outbox.text(relay.admit(peer.sender))
        self.stream.need(peer.sender)

    # ---- messages of viewers

    def _message(self, fields: Header, message: memoryview, now: float) -> list[Event]:
        peer = self._peers.get(fields.sender)
        if peer is None or fields.recipient != self._me or self.ended is not None:
            return []
        if fields.stream == Stream.HANDSHAKE:
            return self._handshake(peer, handshake.decode(message[24:]), now)
        if peer.pair is None:
            return []
        received = peer.pair.open(fields, message)
        if fields.delivery == Delivery.ORDERED and fields.epoch == peer.pair.number:
            self._inbox.acknowledge(peer, now)
        if received is None:
            return []
        peer.seen, peer.used_secret = now, None
        return self._received(peer, received, now)

    def _handshake(self, peer: Peer, message: handshake.Message, now: float) -> list[Event]:
        full = isinstance(message, handshake.M1) and message.mode == 0
        events = self._gone(peer, now) if full and peer.phase is Phase.ACCEPTED else []
        more, resumed = self._verification.take(peer, message, now)
        if resumed:
            self._admit(peer, now)
            return [*events, LET_GO]
        return events + more

    def _received(self, peer: Peer, received: Received, now: float) -> list[Event]:
        stream = received.header.stream
        if stream == Stream.CONTROL:
            return self._control(peer, control.decode(received.body), now)
        if stream == Stream.INPUT:
            return self._inbox.input(peer, received, now)
        if stream == Stream.FEEDBACK and self._inbox.feedback(peer, received, now):
            self._needs_picture(peer)
        return []

    def _control(self, peer: Peer, message: control.Control, now: float) -> list[Event]:
        if message["type"] == "end":
            return self.end("operator", relay.reason_of(message))
        if message["type"] == "bye":
            return self._gone(peer, now)
        return []

    def _beacon(self, now: float) -> None:
        self._beacon_at = now
        self._epochs.beacon(now, paused=self.consent.state is State.PAUSED)
        for peer in self._peers:
            self._inbox.acknowledge(peer, now)

    def _finish(self, by: str, reason: str) -> list[Event]:
        if self.ended is not None:
            return []
        if self.consent.state is not State.ENDED:
            self.consent.end(by, reason)
        self._epochs.stop()
        self.ended = Ended(by, reason)
        return [ReleaseInput(), self.ended]

    # ---- what the session loop asks

    @property
    def met(self) -> bool:
        """Whether any viewer was ever there (docs/protocol.md 9: a host moves on only after that)."""
        return self._met

    @property
    def alone(self) -> bool:
        return not any(peer.present for peer in self._peers)

    def wants_picture(self, now: float) -> bool:
        """Whether the screen may be captured and the picture would be sent."""
        seen = any(peer.present for peer in self._peers.accepted())
        return seen and self.consent.may_capture and self.stream.ready(now)

    def picture(self, frame: Frame, now: float) -> bool:
        """Send a captured picture; raises `Malformed` unless the consent allows it now."""
        if not self.consent.may_capture:
            raise Malformed("no consent: nothing may be captured")
        group = self.stream.group
        sent = self.stream.produce(frame, now)
        if self.stream.group != group:
            self._epochs.beacon(now, paused=False)  # vouches for the catch-up that led to the group
        return sent
