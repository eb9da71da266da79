"""The epoch key of host → viewers messages: when it changes, who gets it, and the beacon under it (docs/protocol.md 9)."""

from collections.abc import Callable

from agent.host.peer import Peer
from agent.host.stream import PictureStream
from agent.outbox import Outbox
from wire import keys
from wire.handshake import Entropy
from wire.header import RETAIN, Delivery, Stream, header
from wire.limits import EPOCH_SECONDS
from wire.messages import control, relay
from wire.messages.screen import LIVE, PAUSED, Beacon
from wire.seal import Sealer

SPARE_BYTES = 1 << 30
"""A key with less than this left is replaced."""


class Epochs:
    """Owns the key; seals nothing while nobody may see."""

    def __init__(
        self, sender: int, outbox: Outbox, stream: PictureStream, entropy: Entropy, counter: Callable[[], int]
    ) -> None:
        self._sender, self._outbox, self._stream = sender, outbox, stream
        self._entropy, self._counter = entropy, counter
        self._sealer: Sealer | None = None
        self._since = 0.0
        self._beacons = 0

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

    def stop(self) -> None:
        """Nobody may see."""
        self._sealer = None
        self._stream.use(None)
        self._outbox.drop_pictures()

    def due(self, now: float) -> bool:
        """Whether the key is an hour old or nearly worn."""
        if self._sealer is None:
            return False
        return now - self._since > EPOCH_SECONDS or self._sealer.exhausted(SPARE_BYTES)

    def beacon(self, now: float, *, paused: bool) -> None:
        """Say which picture is current."""
        if self._sealer is None:
            return
        self._beacons += 1
        state = PAUSED if paused else LIVE
        body = Beacon(self._beacons, int(now * 1000), self._stream.picture, self._stream.group, state).encode()
        head = header(Delivery.LATEST, Stream.BEACON, self._sender, flags=RETAIN)
        self._outbox.latest("beacon", self._sealer.seal(head, body))

    def _say(self, peer: Peer, message: control.Control) -> None:
        if peer.pair is not None:
            self._outbox.ordered(*peer.pair.say(Stream.CONTROL, control.encode(message)))
