"""Who is in a host's session: viewers come, are let in, turned away or leave, and everybody hears of the end (docs/protocol.md
4, 6, 7 and 9). Pure.

`Consent` alone says what may be captured or applied; `Verification` answers handshakes; `Epochs` owns the key that viewers
share; `PictureStream` decides what to send; `Standing` tells viewers what changed. One viewer is verified at a time.
"""

from collections.abc import Callable

from agent.host.chat import Chat
from agent.host.consent import RUNNING, Consent, State
from agent.host.epochs import Epochs
from agent.host.events import (
    LET_GO,
    Accepted,
    Cancelled,
    Ended,
    Event,
    Refused,
    ReleaseInput,
    ViewerAway,
    ViewerHere,
)
from agent.host.inbox import Inbox
from agent.host.introductions import NOBODY, Introductions
from agent.host.kept import Kept
from agent.host.peer import VERIFYING, Peer, Peers, Phase
from agent.host.standing import Standing
from agent.host.stream import PictureStream
from agent.host.verification import Verification
from agent.outbox import Outbox
from wire.handshake import SUITE_HYBRID, Entropy
from wire.header import Stream
from wire.messages import chat, control, relay
from wire.messages.handshake import NoticeKind
from wire.statement import ANYTHING, Demands


class Members:
    """All parts of a host, and what follows for them when somebody comes or goes."""

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

    # ---- coming and going

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

    def _too_weak(self, peer: Peer) -> bool:
        """Whether policy has demanded better keys since these were agreed."""
        return self._pq_required and peer.pair is not None and peer.pair.suite != SUITE_HYBRID

    # ---- what follows from the consent, and ends

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

    def _finish(self, by: str, reason: str) -> list[Event]:
        if self.ended is not None:
            return []
        if self.consent.state is not State.ENDED:
            self.consent.end(by, reason)
        self._epochs.stop()
        self.ended = Ended(by, reason)
        return [ReleaseInput(), self.ended]

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

    def _stand(self, now: float) -> list[Event]:
        events = self._standing.announce(now)
        self._beacon(now)
        return events

    def _beacon(self, now: float) -> None:
        self._beacon_at = now
        self._epochs.beacon(now, paused=not self.consent.may_capture)
        for peer in self._peers:
            self._inbox.acknowledge(peer, now)

    # ---- who is here

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
