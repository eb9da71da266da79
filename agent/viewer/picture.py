"""What comes under the epoch key, which all viewers share: pictures, slots and signed beacons (docs/protocol.md 4 to 6). Pure.

`PictureSync` assembles and draws, `PictureProof` holds what was drawn against what the host signed, `Freshness` says how old it
is; this puts the three together and owns the keys. The same as web/core/screen.js.
"""

from agent.viewer.events import Drawn, Event, Paused, PictureAge, PictureFalse
from agent.viewer.freshness import Freshness
from agent.viewer.sync import PictureSync, State
from wire.header import CATCHUP, PAIRWISE_STREAMS, Delivery, Header, Stream
from wire.limits import MAX_EPOCH_KEYS
from wire.messages import screen
from wire.proof import Slots, check_beacon
from wire.seal import Opener


class Picture:
    """The host's picture as one viewer has it."""

    def __init__(self, statement: bytes, host: int) -> None:
        """`statement` is its SHA-256, `host` the host's sender id: what beacons are signed for."""
        self.sync = PictureSync()
        self.freshness = Freshness()
        self.slots = Slots()
        self.openers: dict[int, Opener] = {}
        """Epoch keys, by epoch."""
        self.paused = False
        self.old = 0
        """Whole seconds that the picture is old, as told; 0 while it is current."""
        self._statement, self._host = statement, host
        self._signer: bytes | None = None
        self._shown_epoch = 0
        self._newest: dict[tuple[int, int], tuple[int, int]] = {}
        self._slots_epoch, self._slots_fit = 0, True

    # ---- keys and connections

    def associated(self, signer: bytes, now: float) -> None:
        """Keys with the host were agreed anew: only what it says from now on leads on."""
        self._signer = signer
        self.openers, self._shown_epoch, self._newest = {}, 0, {}
        self.slots, self._slots_epoch = Slots(), 0
        self.freshness = Freshness(self.freshness.since)
        self.freshness.begin(now)
        self.sync.another_association()

    def forget(self) -> None:
        """Whoever is there is not known to be the host: show nothing of theirs."""
        self.openers = {}

    def clear(self) -> None:
        """Start from an empty screen."""
        self.sync = PictureSync()

    def learn(self, epoch: int, secret: bytes) -> None:
        """The key of an epoch; only the newest few are kept."""
        self.openers[epoch] = Opener(secret, epoch, self._host)
        while len(self.openers) > MAX_EPOCH_KEYS:
            del self.openers[min(self.openers)]

    @property
    def broken(self) -> bool:
        """Too many forgeries under one key."""
        return any(opener.broken for opener in self.openers.values())

    # ---- messages

    def take(self, fields: Header, message: memoryview, now: float) -> list[Event]:
        """A message to all viewers; what has no key is dropped. Raises `WireError` for one that is wrong."""
        opener = self.openers.get(fields.epoch)
        if opener is None or fields.stream in PAIRWISE_STREAMS or not fields.fits_its_stream:
            return []
        content = opener.open(fields, message)
        if fields.delivery == Delivery.FRAME and fields.stream == Stream.SCREEN:
            return self._part(fields, content, now)
        key, version = (fields.stream, fields.slot), (fields.epoch, fields.seq)
        if version <= self._newest.get(key, (-1, -1)):
            return []
        if fields.stream == Stream.BEACON:
            return self._beacon(fields, content, now)
        self._newest[key] = version
        self._slots_of(fields.epoch).note(fields.stream, fields.slot, fields.seq, content)
        return []

    def _part(self, fields: Header, content: bytes, now: float) -> list[Event]:
        if not fields.kind & CATCHUP and fields.epoch > self._shown_epoch:
            self._shown_epoch = fields.epoch
            self.openers = {epoch: opener for epoch, opener in self.openers.items() if epoch >= fields.epoch}
        part, data = screen.decode_part(content)
        if self.sync.usable(fields, part):
            self.freshness.part(now)
        rectangles = self.sync.take(fields, part, data)
        events: list[Event] = [] if rectangles is None else [Drawn(self.sync.picture, rectangles)]
        events += self._distrust()
        if rectangles is not None:
            self.freshness.draw(self.sync.picture, now, good=self._trusted)
        return events

    def _beacon(self, fields: Header, content: bytes, now: float) -> list[Event]:
        """What the host signed; whoever else holds the epoch key cannot."""
        beacon, signed, signature = screen.decode_beacon(content)
        if self._signer is None:
            return []
        check_beacon(self._signer, signed, signature, self._statement, self._host, fields.epoch)
        self._newest[fields.stream, fields.slot] = (fields.epoch, fields.seq)
        self.sync.proof.beacon(beacon)
        events = self._distrust()
        self._slots_fit = self._slots_of(fields.epoch).fits(beacon, fields.seq)
        self.freshness.beacon(beacon.counter, beacon.ms, beacon.picture, now, good=self._trusted)
        was, self.paused = self.paused, beacon.state == screen.PAUSED
        return [*events, Paused(self.paused)] if was != self.paused else events

    def _slots_of(self, epoch: int) -> Slots:
        """A new epoch says everything again."""
        if epoch > self._slots_epoch:
            self.slots, self._slots_epoch = Slots(), epoch
        return self.slots if epoch == self._slots_epoch else Slots()

    # ---- whether it can be believed, and how old it is

    @property
    def _trusted(self) -> bool:
        """Whether what is shown came whole, in order, and is what the host signed."""
        return self.sync.state is State.SYNC and self.sync.proof.proved and self._slots_fit

    def _distrust(self) -> list[Event]:
        """Stop showing as current what the host did not sign."""
        if not self.sync.proof.false or self.sync.state is not State.SYNC:
            return []
        self.sync.hold()
        return [PictureFalse()]

    def wanting(self, now: float) -> bool:
        """Whether to ask for a whole picture."""
        return self.freshness.wanting(now) or self.sync.proof.false

    def tell_age(self, now: float, *, live: bool) -> list[Event]:
        """How old it is, each time another second is full; `live` while there should be news."""
        was, self.old = self.old, int(self.freshness.age(now)) if live and self.freshness.stale(now) else 0
        return [PictureAge(self.old)] if was != self.old else []

    def is_current(self, now: float) -> bool:
        """Whether what is shown is what the host shows, so that one may type into it."""
        if not self.freshness.stale(now):
            self.old = 0
        return self.shows and not self.freshness.stale(now)

    @property
    def shows(self) -> bool:
        """Whether a picture is shown that was not told to be old."""
        return self.sync.state is State.SYNC and not self.old
