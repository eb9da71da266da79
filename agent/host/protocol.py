"""The host's side of the protocol, without I/O: bytes and answers in, events and an `Outbox` out (docs/protocol.md 3 to 9).

`Consent` alone says what may be captured or applied; `Verification` answers handshakes; `Epochs` owns the key that viewers
share; `PictureStream` decides what to send; `Standing` tells viewers what changed. One viewer is verified at a time.
"""

from collections.abc import Callable
from typing import Final

from agent.host.capture.base import Frame
from agent.host.chat import Chat
from agent.host.consent import CONTROL, RUNNING, VIEW, Consent, ConsentError, State, Verdict
from agent.host.epochs import Epochs
from agent.host.events import (
    LET_GO,
    Accepted,
    Cancelled,
    ConsentNeeded,
    Ended,
    Event,
    Narrowed,
    Refused,
    ReleaseInput,
    Said,
    ViewerAway,
    ViewerHere,
)
from agent.host.inbox import Inbox
from agent.host.introductions import NOBODY, Introductions
from agent.host.kept import Kept, KeptViewer
from agent.host.peer import VERIFYING, Peer, Peers, Phase
from agent.host.standing import Standing
from agent.host.stream import PictureStream
from agent.host.verification import TooManyHandshakesError, Verification
from agent.outbox import Outbox
from wire.association import Received
from wire.errors import Forged, Malformed, WireError
from wire.handshake import SUITE_HYBRID, Entropy
from wire.header import Delivery, Header, Stream, split_frame, unpack
from wire.limits import BEACON_SECONDS, RESUME_SECONDS
from wire.messages import chat, control, handshake, relay
from wire.messages.chat import Line
from wire.messages.handshake import NoticeKind
from wire.policy import Narrowing
from wire.statement import ANYTHING, Demands

_DOING: Final = frozenset({Stream.INPUT, Stream.CHAT, Stream.CLIPBOARD, Stream.FILE})
"""Streams on which somebody does something."""


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
        idle_seconds: float | None = None,
        demands: Demands = ANYTHING,
        introductions: Introductions = NOBODY,
        side: str = "customer",
        kept: Kept | None = None,
    ) -> None:
        """`statement` is its SHA-256; `counter` gives association and epoch numbers, stored before use; `about` goes into
        the sealed welcome; `limit_seconds` is the longest session, from the first acceptance on, `idle_seconds`
        the longest time without anything being done; `side` is whose machine
        this is; `kept` is what an earlier process left."""
        self.consent, self.outbox = consent, outbox
        self.me, self.side = sender, side
        self._other = "operator" if side == "customer" else "customer"
        self.stream = PictureStream(sender, outbox)
        self.ended: Ended | None = None
        self.untold = False
        """It was ended here while no relay could be told: the next connection is for that."""
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
        self._standing = Standing(consent, self._peers, outbox, self.stream, self._epochs)
        self.chat = Chat(sender, consent, outbox, entropy, kept.lines if kept else ())
        self._beacon_at = 0.0
        self._limit_seconds, self._idle_seconds = limit_seconds, idle_seconds
        self._pq_required = demands.pq_required
        self._active_at: float | None = None
        """When anything was done last."""
        self._accepted_at: float | None = None
        self._met = False
        if kept is not None:
            self._accepted_at, self._met = kept.accepted_at, True
            for viewer in kept.viewers:
                self._peers.restore(viewer.sender, viewer.secrets, viewer.seen, viewer.name)

    # ---- what the relay says

    def connected(self) -> None:
        """A new connection: who is there comes in `welcome`."""
        self.outbox.open()
        for peer in self._peers:
            peer.present = False
            if peer.pair is not None:
                peer.pair.forgive()
        if self.untold and self.ended is not None:
            self.untold = False
            self.outbox.text(relay.end(self.ended.reason, self.ended.by))

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
        events += self._standing.announce(now)
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
        if self._idle_for_too_long(now):
            return events + self.end("system", "idle")
        for peer in [peer for peer in accepted if now - peer.seen > RESUME_SECONDS]:
            events += self._gone(peer, now)
            accepted.remove(peer)
        for peer in accepted:
            if peer.pair is not None and peer.pair.worn:
                peer.pair = None
                self._verification.notice(peer, NoticeKind.NEED_RESUME)
        self._verification.call_next(self._peers)
        if self._epochs.due(now):
            self._epochs.renew(accepted, now)
        if now - self._beacon_at >= BEACON_SECONDS:
            self._beacon(now)
        return events

    # ---- what the customer says

    def digits(self, typed: str, now: float) -> tuple[Verdict, list[Event]]:
        """The customer typed the digits."""
        events = self._expire(now)
        peer = self._peers.get(self.consent.pending)
        if self.ended is not None or peer is None or self.consent.step is not State.DIGITS:
            return Verdict.TOO_LATE, events
        verdict = self.consent.enter_digits(typed, now)
        if verdict is Verdict.FAILED:
            return verdict, events + self.end("system", "verification_failed")
        if verdict is Verdict.WRONG:
            self._verification.again(peer)
        if verdict is Verdict.RIGHT:
            self._verification.succeeded()
            self._verification.notice(peer, NoticeKind.VERIFIED)
            events.append(ConsentNeeded(peer.sender, peer.introduction))
        return verdict, events

    def answer(self, yes: bool, now: float) -> list[Event]:
        """The customer's yes or no."""
        events = self._expire(now)
        peer = self._peers.get(self.consent.pending)
        if self.ended is not None or peer is None or self.consent.step is not State.ASK:
            return events
        if self.consent.answer(yes, now) is State.APPROVED and peer.phase is Phase.VERIFYING and peer.pair is not None:
            return events + self._let_in(peer, now)
        return events + self._turn_away(peer, self.side)

    def pause(self, now: float) -> list[Event]:
        """Nothing is captured, sent or applied any more; viewers are told."""
        return self._chosen(self.consent.pause, now)

    def view_only(self, now: float) -> list[Event]:
        """Take control back."""
        return self._chosen(self.consent.view_only, now)

    def chat_only(self, now: float) -> list[Event]:
        """Only written words from now on."""
        return self._chosen(self.consent.chat_only, now)

    def go_on(self, now: float) -> list[Event]:
        """Everything that was granted holds again; own input that suspended the viewer's is over."""
        suspended = self.consent.state is State.SUSPENDED
        return self._chosen(self.consent.give_back if suspended else self.consent.resume, now)

    def own_input(self, now: float) -> list[Event]:
        """Mouse or keyboard of this machine were used by hand."""
        self._active_at = now
        return self._stand(now) if self.consent.own_input(now) else []

    def grant(self, name: str, given: bool, now: float) -> list[Event]:
        """Give or take back one thing; takes effect before the next message."""
        (self.consent.allow if given else self.consent.withdraw)(name)
        return self._stand(now)

    def narrow(self, narrowing: Narrowing, now: float) -> list[Event]:
        """Policy leaves only this. What was granted and is not any more ends before the next message, under new keys."""
        if self.ended is not None:
            return []
        before, seconds, idle = self.consent.possible, self._limit_seconds, self._idle_seconds
        self.consent.narrow({VIEW, CONTROL} | narrowing.features)
        self._limit_seconds = _shorter(seconds, narrowing.seconds)
        self._idle_seconds = _shorter(idle, narrowing.idle_seconds)
        self._pq_required |= narrowing.demands.pq_required
        accepted = self._peers.accepted()
        if any(self._too_weak(peer) for peer in accepted):
            return self.end("administrator", "policy")
        told = Narrowed(
            before - self.consent.possible,
            self._limit_seconds if self._limit_seconds != seconds else None,
            self._idle_seconds if self._idle_seconds != idle else None,
        )
        if told.taken and accepted:
            self._epochs.renew(accepted, now)
        return [*self._stand(now), *([told] if told != Narrowed(frozenset()) else [])]

    def say(self, text: str) -> Line | None:
        """Write to everybody who may chat; None when that is not allowed now. Raises `WireError` for what cannot be sent."""
        return self.chat.say(text, self._peers)

    def end(self, by: str, reason: str) -> list[Event]:
        """End for everybody: viewers hear it sealed, the relay in a text."""
        if self.ended is not None:
            return []
        for peer in self._peers:
            if peer.pair is not None:
                self.outbox.ordered(*peer.pair.say(Stream.CONTROL, control.encode(control.end(reason, by))))
        self.outbox.text(relay.end(reason, by))
        self.untold = not self.outbox.connected
        return self._finish(by, reason)

    def remove(self, viewer: int, now: float) -> list[Event]:
        """Send one viewer out: the relay keeps it out, and the others get keys that it has not."""
        peer = self._peers.get(viewer)
        if peer is None or self.ended is not None:
            return []
        self.outbox.text(relay.kick(viewer))
        return self._gone(peer, now)

    # ---- time

    def _expire(self, now: float) -> list[Event]:
        """Let the time-outs of the consent happen, before anything else does."""
        if self.ended is not None:
            return []
        lapse = self.consent.tick(now)
        events = self._standing.announce(now)
        if self.consent.ended is not None:
            return events + self.end(self.consent.ended.by, self.consent.ended.reason)
        viewer = self._peers.get(lapse.viewer) if lapse else None
        if viewer is None or lapse is None:
            return events
        if lapse.refused:
            return events + self._turn_away(viewer, "system")
        self._verification.again(viewer)
        return [*events, Cancelled(viewer.sender)]

    def _too_long(self, now: float) -> bool:
        if self._limit_seconds is None or self._accepted_at is None:
            return False
        return now - self._accepted_at > self._limit_seconds

    def _idle_for_too_long(self, now: float) -> bool:
        """Who only looks on does nothing else: there a changed picture counts as well."""
        if self._idle_seconds is None or self._accepted_at is None:
            return False
        return now - max(self._accepted_at, self._active_at or 0.0) > self._idle_seconds

    # ---- what follows from the consent

    def _too_weak(self, peer: Peer) -> bool:
        """Whether policy has demanded better keys since these were agreed."""
        return self._pq_required and peer.pair is not None and peer.pair.suite != SUITE_HYBRID

    def _let_in(self, peer: Peer, now: float) -> list[Event]:
        if self._too_weak(peer):
            return self.end("administrator", "policy")
        if peer.introduction is not None:
            peer.name = chat.shown(peer.introduction.operator)
        self._admit(peer, now)
        return [Accepted(peer.sender), *self._standing.announce(now)]

    def _turn_away(self, peer: Peer, by: str) -> list[Event]:
        """No to the first viewer is the end; no to a further one is only its own."""
        peer.phase = Phase.REFUSED
        self._verification.notice(peer, NoticeKind.REFUSED)
        if self.consent.state in RUNNING or self.consent.ended is None:
            return [Refused(peer.sender)]
        return self.end(by, "refused")

    def _chosen(self, choice: Callable[[float], State], now: float) -> list[Event]:
        events = self._expire(now)
        if self.ended is None and self.consent.state in RUNNING:
            choice(now)
            events += self._stand(now)
        return events

    def _stand(self, now: float) -> list[Event]:
        events = self._standing.announce(now)
        self._beacon(now)
        return events

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
        if self.consent.pending == sender:
            self.consent.present(now)
        return [ViewerHere(sender)]

    def _away(self, peer: Peer, now: float) -> list[Event]:
        peer.present = False
        self.stream.forget(peer.sender)
        if self.consent.pending == peer.sender:
            self.consent.absent(now)
        return [ViewerAway(peer.sender), LET_GO]

    def _gone(self, peer: Peer, now: float) -> list[Event]:
        """A leave (not a lost connection): what was granted to this viewer is void, and so are its keys."""
        mine, phase = self.consent.pending == peer.sender, peer.phase
        peer.forget()
        if phase is Phase.ACCEPTED:
            if peer.sender in self.consent.accepted:
                self.consent.left(peer.sender, now)
            self.stream.forget(peer.sender)
            self._epochs.renew(self._peers.accepted(), now)
        elif phase in VERIFYING and mine:
            self.consent.cancel(now)
            return [Cancelled(peer.sender)]
        return [ReleaseInput()]

    def _admit(self, peer: Peer, now: float) -> None:
        peer.phase = Phase.ACCEPTED
        self._accepted_at = now if self._accepted_at is None else self._accepted_at
        about: dict[str, object] = self._standing.about(peer) | {"host": self._about}
        self._epochs.renew(self._peers.accepted(), now, welcome={peer.sender: about})
        self.chat.welcome(peer)
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
        if stream in _DOING:
            self._active_at = now
        if stream == Stream.CONTROL:
            return self._control(peer, control.decode(received.body), now)
        if stream == Stream.INPUT:
            return self._inbox.input(peer, received, now)
        if stream == Stream.CHAT:
            line = self.chat.take(peer, received.body, self._peers, now)
            return [] if line is None else [Said(line)]
        if stream == Stream.FEEDBACK and self._inbox.feedback(peer, received, now):
            self._needs_picture(peer)
        return []

    def _control(self, peer: Peer, message: control.Control, now: float) -> list[Event]:
        further = peer.phase is not Phase.ACCEPTED and self.consent.state in RUNNING
        if message["type"] == "end" and not further:
            return self.end(self._other, relay.reason_of(message))
        if message["type"] in {"bye", "end"}:
            return self._gone(peer, now)
        if message["type"] == "accept" and self.consent.step is State.ELSEWHERE and self.consent.pending == peer.sender:
            return self._accepted_there(peer, now)
        return []

    def _accepted_there(self, peer: Peer, now: float) -> list[Event]:
        """The customer, who looks on, said yes on their side."""
        self._verification.succeeded()
        if self.consent.accepted_there(now, by_link=peer.by_link) is State.ASK:
            return [ConsentNeeded(peer.sender, peer.introduction)]
        return self._let_in(peer, now)

    def _beacon(self, now: float) -> None:
        self._beacon_at = now
        self._epochs.beacon(now, paused=not self.consent.may_capture)
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
    def mark(self) -> tuple[object, ...]:
        """Another value whenever `keep` has something else to say."""
        consent = self.consent
        secrets = tuple((peer.sender, peer.secret) for peer in self._peers.accepted())
        last = self.chat.lines[-1].id if self.chat.lines else ""
        return (consent.state in RUNNING, consent.state, consent.accepted, consent.withheld, secrets, last)

    def keep(self) -> Kept | None:
        """What a restarted process needs to come back without a new question; None while nobody is accepted."""
        consent = self.consent.kept()
        if consent is None or self._accepted_at is None:
            return None
        viewers = [KeptViewer(p.sender, p.secrets(), p.seen, p.name) for p in self._peers.accepted() if p.secrets()]
        return Kept(consent, viewers, self.chat.lines, self._accepted_at) if viewers else None

    def who(self) -> list[tuple[int, str, bool]]:
        """The accepted viewers: sender id, name, and whether it is connected."""
        return [(peer.sender, peer.name, peer.present) for peer in self._peers.accepted()]

    @property
    def holder(self) -> str:
        """Whose hands are on the controls: ``host`` or ``viewer``."""
        return self._standing.holder

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
        if sent and CONTROL not in self.consent.possible:
            self._active_at = now
        if self.stream.group != group:
            self._epochs.beacon(now, paused=False)  # vouches for the catch-up that led to the group
        return sent


def _shorter(one: float | None, other: float | None) -> float | None:
    return min((limit for limit in (one, other) if limit is not None), default=None)
