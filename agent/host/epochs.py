"""The epoch key of host → viewers messages: when it changes, who gets it, what is sealed and signed under it
(docs/protocol.md 4, 5 and 9)."""

from collections.abc import Callable
from typing import Final

from agent.host.peer import Peer
from agent.host.stream import PictureStream
from agent.outbox import Outbox
from wire import keys
from wire.handshake import Entropy
from wire.header import EVERYONE, RETAIN, Delivery, Stream, header, unpack
from wire.limits import EPOCH_SECONDS
from wire.messages import control, relay
from wire.messages.screen import LIVE, PAUSED, Beacon
from wire.proof import Signer, Slots
from wire.seal import Sealer

SEED_BYTES: Final = 32


class Epochs:
    """Owns the key and the beacon's signature; seals nothing while nobody may see.

    An old key is let go of as soon as there is a new one: what was sealed under it cannot be opened here any more.
    """

    def __init__(
        self,
        sender: int,
        statement: bytes,
        outbox: Outbox,
        stream: PictureStream,
        entropy: Entropy,
        counter: Callable[[], int],
    ) -> None:
        self._sender, self._statement, self._outbox, self._stream = sender, statement, outbox, stream
        self._entropy, self._counter = entropy, counter
        self._signer = Signer(entropy(SEED_BYTES))
        self._sealer: Sealer | None = None
        self._since = 0.0
        self._beacons = 0
        self._slots = Slots()
        self._newest: dict[tuple[int, int], bytes] = {}

    @property
    def signer(self) -> bytes:
        """The public key by which viewers know what this process signs."""
        return self._signer.public

    def renew(self, accepted: list[Peer], now: float, welcome: dict[int, dict[str, object]] | None = None) -> None:
        """A new key for those accepted; `welcome` maps a new viewer's sender id to what its welcome says."""
        holders = [peer for peer in accepted if peer.pair is not None]
        if not holders:
            self.stop()
            return
        number, secret = self._counter(), self._entropy(keys.SECRET_BYTES)
        self._sealer, self._since = Sealer(secret, number, self._sender), now
        cut = self._stream.use(self._sealer)
        for peer in holders:
            new = (welcome or {}).get(peer.sender)
            message = control.epoch_keys("epoch" if new is None else "welcome", number, secret, **(new or {}))
            self._say(peer, message)
            if cut:
                self._outbox.text(relay.admit(peer.sender))
                self._stream.need(peer.sender)
        self._slots.clear()
        for (stream, slot), body in list(self._newest.items()):
            self.latest(stream, slot, body)

    def stop(self) -> None:
        """Nobody may see."""
        self._sealer = None
        self._newest.clear()
        self._slots.clear()
        self._stream.use(None)
        self._outbox.drop_pictures()

    def due(self, now: float) -> bool:
        """Whether the key is an hour old or nearly worn."""
        return self._sealer is not None and (now - self._since > EPOCH_SECONDS or self._sealer.worn)

    def latest(self, stream: int, slot: int, body: bytes) -> None:
        """Say the newest of a slot to everybody who may see; a new epoch says it again."""
        if self._sealer is None:
            return
        self._newest[stream, slot] = body
        message = self._seal(self._sealer, stream, slot, body)
        self._slots.note(stream, slot, unpack(message).seq, body)
        self._outbox.latest(("slot", stream, slot), message)

    def beacon(self, now: float, *, paused: bool) -> None:
        """Sign which picture is current, and what led to it."""
        if self._sealer is None:
            return
        self._beacons += 1
        stream, ms = self._stream, int(now * 1000)
        beacon = Beacon(
            self._beacons, ms, stream.picture, stream.group, PAUSED if paused else LIVE,
            stream.base, stream.start, stream.chain, stream.caught_up, self._slots.digest(),
        )  # fmt: skip
        body = self._signer.beacon(beacon, self._statement, self._sender, self._sealer.number)
        self._outbox.latest("beacon", self._seal(self._sealer, Stream.BEACON, 0, body))

    def _seal(self, sealer: Sealer, stream: int, slot: int, body: bytes) -> bytes:
        return sealer.seal(header(Delivery.LATEST, stream, self._sender, EVERYONE, slot=slot, flags=RETAIN), body)

    def _say(self, peer: Peer, message: control.Control) -> None:
        if peer.pair is not None:
            self._outbox.ordered(*peer.pair.say(Stream.CONTROL, control.encode(message)))
