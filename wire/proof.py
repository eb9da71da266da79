"""What keeps the picture honest among viewers who share its key (docs/protocol.md 5, beacon).

Everybody who was let in holds the epoch key, so one of them, with the relay, could seal a picture for another. What the host
*signs* nobody else can say: each beacon names a chain of hashes over all pictures and a hash over all LATEST slots. A viewer
that follows finds a picture that is not the host's, or is withheld, within the next beacon. Pure: no clock.
"""

from collections import deque
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from wire import keys
from wire.codec import lp
from wire.errors import Forged, Malformed
from wire.limits import MAX_SLOTS
from wire.messages.screen import NO_HASH, Beacon

MAX_LINKS: Final = 4_096
"""Pictures that a viewer keeps hashes of between two beacons."""
MAX_WAITING: Final = 16
"""Beacons that wait for their picture."""


def signed_bytes(statement: bytes, host: int, epoch: int, body: bytes) -> bytes:
    """What the signature of a beacon covers: also whose session, host and epoch it is for."""
    return lp(b"tasuki/1 beacon", statement, host.to_bytes(2, "big"), epoch.to_bytes(4, "big"), body)


class Signer:
    """The Ed25519 key of one host process; its public half is in M2, and so in the transcript."""

    def __init__(self, seed: bytes) -> None:
        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        self.public = self._private.public_key().public_bytes_raw()

    def beacon(self, beacon: Beacon, statement: bytes, host: int, epoch: int) -> bytes:
        """The body of a beacon message."""
        body = beacon.encode()
        return body + self._private.sign(signed_bytes(statement, host, epoch, body))


def check_beacon(signer: bytes, signed: bytes, signature: bytes, statement: bytes, host: int, epoch: int) -> None:
    """Raises `Forged` unless the host's process signed this."""
    try:
        Ed25519PublicKey.from_public_bytes(signer).verify(signature, signed_bytes(statement, host, epoch, signed))
    except (InvalidSignature, ValueError):
        raise Forged("a beacon was not signed by the host") from None


def link(chain: bytes, picture: int, group: int, data_hash: bytes) -> bytes:
    """The chain after one more live picture; it starts as 32 zero bytes."""
    numbers = picture.to_bytes(4, "big") + group.to_bytes(4, "big")
    return keys.sha256(lp(b"tasuki/1 picture", chain, numbers, data_hash))


class Slots:
    """The newest LATEST message of every (stream, slot) to all viewers under one epoch, the beacon's own stream apart."""

    def __init__(self) -> None:
        self._newest: dict[tuple[int, int], tuple[int, bytes]] = {}
        self._ahead: set[tuple[int, int, int]] = set()

    def note(self, stream: int, slot: int, seq: int, content: bytes) -> None:
        """A message was sealed or taken. `Malformed` over the number of slots."""
        if (stream, slot) not in self._newest and len(self._newest) >= 2 * MAX_SLOTS:
            raise Malformed("too many slots")
        self._newest[stream, slot] = seq, keys.sha256(content)

    def clear(self) -> None:
        """A new epoch: everything is sealed again."""
        self._newest.clear()

    def digest(self) -> bytes:
        """Of all slots in order; zero bytes when there are none."""
        if not self._newest:
            return NO_HASH
        rows = (
            stream.to_bytes(2, "big") + slot.to_bytes(4, "big") + seq.to_bytes(8, "big") + content
            for (stream, slot), (seq, content) in sorted(self._newest.items())
        )
        return keys.sha256(lp(b"tasuki/1 slots", *rows))

    def fits(self, beacon: Beacon, seq: int) -> bool:
        """Whether this is what the host had when it sealed a beacon as number `seq` of the key.

        What is newer than a beacon cannot be held against it, but must not be newer than the next one as well.
        """
        before = self._ahead
        self._ahead = {(*place, other) for place, (other, _) in self._newest.items() if other > seq}
        return not before & self._ahead and (bool(self._ahead) or self.digest() == beacon.slots)


@dataclass(frozen=True, slots=True)
class _Link:
    picture: int
    group: int
    data_hash: bytes


class PictureProof:
    """Follows the chain from the catch-up by which a viewer came in; `false` once something drawn was not the host's."""

    def __init__(self) -> None:
        self.false = False
        self._entered: _Link | None = None
        self._anchor: tuple[int, bytes] | None = None
        self._links: deque[_Link] = deque()
        self._waiting: deque[Beacon] = deque()

    @property
    def proved(self) -> bool:
        """Whether a signed beacon has vouched for the way into the picture shown, and nothing since was false."""
        return self._anchor is not None and not self.false

    def restart(self, picture: int, group: int, data: bytes) -> None:
        """A catch-up was drawn: everything shown now comes from it."""
        self.false, self._anchor = False, None
        self._entered = _Link(picture, group, keys.sha256(data))
        self._links.clear()
        self._check()

    def add(self, picture: int, group: int, data: bytes) -> None:
        """A live picture was drawn on top."""
        self._links.append(_Link(picture, group, keys.sha256(data)))
        if len(self._links) > MAX_LINKS:
            self.false = True  # nobody vouched for so many: start anew
        self._check()

    def beacon(self, beacon: Beacon) -> None:
        """A signed beacon, newer than all before."""
        if len(self._waiting) == MAX_WAITING:
            self._waiting.pop()
        self._waiting.append(beacon)
        self._check()

    def _check(self) -> None:
        while self._waiting and not self.false and self._settle(self._waiting[0]):
            self._waiting.popleft()

    def _settle(self, beacon: Beacon) -> bool:
        """Hold one beacon against what was drawn; False while what it speaks of is not here yet."""
        if self._entered is not None:
            if beacon.group != self._entered.group:
                return beacon.group < self._entered.group
            self._enter(self._entered, beacon)
        if self.false or self._anchor is None:
            return self.false
        (number, chain), used = self._anchor, 0
        for item in self._links:
            if number >= beacon.picture:
                break
            number, chain, used = item.picture, link(chain, item.picture, item.group, item.data_hash), used + 1
        if number < beacon.picture:
            return False
        if number == beacon.picture and chain != beacon.chain:
            self.false = True
            return True
        for _ in range(used):
            self._links.popleft()
        self._anchor = number, chain
        return True

    def _enter(self, entered: _Link, beacon: Beacon) -> None:
        """Take the beacon's word for the picture that the catch-up gave."""
        self._entered = None
        self.false = (beacon.base, beacon.catchup) != (entered.picture, entered.data_hash)
        self._anchor = beacon.base, beacon.start
