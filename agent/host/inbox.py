"""What viewers say under their keys: how far they are, and input; whether that is applied (docs/protocol.md 5)."""

from agent.host.consent import Consent
from agent.host.events import LET_GO, Event, Input, Pointer
from agent.host.peer import Peer, Phase
from agent.host.stream import PictureStream
from agent.outbox import Outbox
from wire.association import Received
from wire.header import Delivery, Stream
from wire.limits import INPUT_AGE_SECONDS
from wire.messages import control, feedback
from wire.messages import input as inputs


class Inbox:
    """Takes feedback and input of all viewers, and acknowledges."""

    def __init__(self, consent: Consent, outbox: Outbox, stream: PictureStream) -> None:
        self._consent, self._outbox, self._stream = consent, outbox, stream

    def acknowledge(self, peer: Peer, now: float) -> None:
        """Say which ORDERED messages of a viewer are here."""
        if peer.pair is not None and peer.present:
            body = feedback.Feedback(ms=int(now * 1000), generations=dict(peer.pair.incoming.generations)).encode()
            self._outbox.latest(("feedback", peer.sender), peer.pair.latest(Stream.FEEDBACK, body))

    def feedback(self, peer: Peer, received: Received, now: float) -> bool:
        """Take a viewer's feedback; whether it wants a whole picture. Raises `Malformed`."""
        value = feedback.decode(received.body)
        if peer.pair is None:
            return False
        peer.age(value.ms, now)
        peer.pair.out.acknowledge(value.generations)
        self._outbox.ordered(*peer.pair.pump())
        if peer.phase is not Phase.ACCEPTED:
            return False
        self._stream.acknowledge(value, now)
        return value.want

    def input(self, peer: Peer, received: Received, now: float) -> list[Event]:
        """Input to apply, if the consent allows it now and it is not old. Raises `Malformed`."""
        allowed = peer.phase is Phase.ACCEPTED and self._consent.may_control(peer.sender)
        if received.header.delivery == Delivery.LATEST:
            move = inputs.decode_pointer(received.body)
            if not allowed:
                self._ignore(peer)
            return [Pointer(move)] if allowed and move.after >= peer.applied else []
        peer.applied = peer.pair.incoming.generations[Stream.INPUT] if peer.pair else 0
        ms, happened = inputs.decode(received.body)
        if allowed and peer.age(ms, now) <= INPUT_AGE_SECONDS:
            return [Input(happened)]
        self._ignore(peer)
        return [LET_GO] if inputs.ReleaseAll() in happened else []

    def _ignore(self, peer: Peer) -> None:
        """Count input that is not applied; tell the viewer now and then (each doubling), not at its own pace."""
        peer.ignored += 1
        if peer.pair is not None and peer.ignored & (peer.ignored - 1) == 0:
            message = control.encode(control.ignored("input", peer.ignored))
            self._outbox.ordered(*peer.pair.say(Stream.CONTROL, message))
