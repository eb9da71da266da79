"""The host's side of the protocol, without I/O: bytes and answers in, events and an `Outbox` out (docs/protocol.md 3 to 9).

In three files: `agent.host.members` is who is here and what follows when somebody comes or goes, `agent.host.wishes` what the
person at this machine says, this what relay and viewers send, and time.
"""

from typing import Final

from agent.host.capture.base import Frame
from agent.host.consent import CONTROL, RUNNING, ConsentError, State
from agent.host.events import (
    LET_GO,
    ConsentNeeded,
    Event,
    Said,
)
from agent.host.kept import Kept, KeptViewer
from agent.host.peer import Peer, Phase
from agent.host.verification import TooManyHandshakesError
from agent.host.wishes import Wishes
from wire.association import Received
from wire.errors import Forged, Malformed, WireError
from wire.header import Delivery, Header, Stream, split_frame, unpack
from wire.limits import BEACON_SECONDS, RESUME_SECONDS
from wire.messages import control, handshake, relay
from wire.messages.handshake import NoticeKind

_DOING: Final = frozenset({Stream.INPUT, Stream.CHAT, Stream.CLIPBOARD, Stream.FILE})
"""Streams on which somebody does something."""


class HostProtocol(Wishes):
    """One session's host. Feed it `text`, `frame`, `connected`, `disconnected` and `tick`; send what is in `outbox`."""

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

    def _too_long(self, now: float) -> bool:
        if self._limit_seconds is None or self._accepted_at is None:
            return False
        return now - self._accepted_at > self._limit_seconds

    def _idle_for_too_long(self, now: float) -> bool:
        """Who only looks on does nothing else: there a changed picture counts as well."""
        if self._idle_seconds is None or self._accepted_at is None:
            return False
        return now - max(self._accepted_at, self._active_at or 0.0) > self._idle_seconds

    # ---- texts of the relay

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
