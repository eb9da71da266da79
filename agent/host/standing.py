"""Tells every viewer how it stands: what it is granted, whose hands are on the controls, who is present. Pure."""

from dataclasses import dataclass

from agent.host.consent import VIEW, Consent, State
from agent.host.epochs import Epochs
from agent.host.events import Changed, Event, ReleaseInput
from agent.host.peer import Peer, Peers
from agent.host.stream import PictureStream
from agent.outbox import Outbox
from wire.header import Stream
from wire.messages import control, relay

HOST, VIEWER = "host", "viewer"


@dataclass(frozen=True, slots=True)
class _Told:
    """What one viewer knows."""

    grants: frozenset[str]
    holder: str
    viewers: frozenset[int]


class Standing:
    """Compares what viewers were told with what the consent says; what was narrowed takes effect before it is told."""

    def __init__(self, consent: Consent, peers: Peers, outbox: Outbox, stream: PictureStream, epochs: Epochs) -> None:
        self._consent, self._peers, self._outbox = consent, peers, outbox
        self._stream, self._epochs = stream, epochs
        self._told: dict[int, _Told] = {}
        self._seen = (frozenset[str](), VIEWER, frozenset[int]())
        self._paused = False

    @property
    def holder(self) -> str:
        """Whose mouse and keyboard count: ``host`` while its own person uses them."""
        return HOST if self._consent.state is State.SUSPENDED else VIEWER

    def about(self, peer: Peer) -> dict[str, object]:
        """The part of a welcome that says how it stands; the viewer knows it then."""
        told = self._now(peer)
        self._told[peer.sender] = told
        return {"grants": sorted(told.grants), "holder": told.holder, "viewers": sorted(told.viewers)}

    def announce(self, now: float) -> list[Event]:
        """Carry out and tell what changed since the last time."""
        consent = self._consent
        before, self._seen = self._seen, (consent.grants, self.holder, consent.accepted)
        if self._seen == before:
            return []
        events: list[Event] = [Changed()]
        if before[0] - consent.grants or self.holder == HOST:
            events.append(ReleaseInput())
        paused = consent.state is State.PAUSED
        if paused != self._paused:
            self._paused = paused
            self._outbox.text(relay.paused(yes=paused))
        if VIEW in before[0] and not consent.may_capture:
            self._hide(now)
        elif before[0] - consent.grants:
            self._epochs.renew(self._peers.accepted(), now)
        elif consent.may_capture and VIEW not in before[0]:
            for peer in self._peers.accepted():
                self._outbox.text(relay.admit(peer.sender))
                self._stream.need(peer.sender)
        for peer in self._peers.accepted():
            self._tell(peer)
        return events

    def _hide(self, now: float) -> None:
        """What was not sent yet stays here; should anybody be let in again, it is under another key."""
        self._stream.pause()
        self._outbox.drop_pictures()
        self._epochs.renew(self._peers.accepted(), now)

    def _now(self, peer: Peer) -> _Told:
        return _Told(self._consent.grants_of(peer.sender), self.holder, self._consent.accepted)

    def _tell(self, peer: Peer) -> None:
        known, told = self._told.get(peer.sender), self._now(peer)
        if peer.pair is None or known is None or known == told:
            return
        self._told[peer.sender] = told
        messages = []
        if known.grants != told.grants:
            messages.append(control.grants(told.grants))
        if known.holder != told.holder:
            messages.append(control.holder(told.holder))
        if known.viewers != told.viewers:
            messages.append(control.viewers(told.viewers))
        for message in messages:
            self._outbox.ordered(*peer.pair.say(Stream.CONTROL, control.encode(message)))
