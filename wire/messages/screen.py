"""The clear head of each part of a picture, and the beacon that says which picture is current (docs/protocol.md 5)."""

import struct
from dataclasses import dataclass
from typing import Final

from wire.errors import Malformed
from wire.limits import MAX_PARTS

LIVE: Final = 0
PAUSED: Final = 1
_PART: Final = struct.Struct(">IIIIHH")
PART_HEAD_BYTES: Final = _PART.size
_BEACON: Final = struct.Struct(">IQIIBI32s32s32s32s")
SIGNATURE_BYTES: Final = 64
NO_HASH: Final = bytes(32)


@dataclass(slots=True)
class Part:
    """Where a part belongs: picture, group and index there, the picture it changes, its place among the parts."""

    picture: int
    group: int
    index: int
    base: int
    part: int
    parts: int

    def encode(self, data: bytes | memoryview) -> bytes:
        head = _PART.pack(self.picture, self.group, self.index, self.base, self.part, self.parts)
        return b"".join((head, data))

    def write(self, into: bytearray, at: int) -> None:
        """Put the head there."""
        _PART.pack_into(into, at, self.picture, self.group, self.index, self.base, self.part, self.parts)


def decode_part(body: bytes | memoryview) -> tuple[Part, memoryview]:
    """`(part, data)`; `Malformed` when the numbers cannot be."""
    if len(body) < PART_HEAD_BYTES:
        raise Malformed("part of a picture shorter than its head")
    part = Part(*_PART.unpack_from(body))
    if not part.part < part.parts <= MAX_PARTS:
        raise Malformed("part of a picture with impossible numbers")
    return part, memoryview(body)[PART_HEAD_BYTES:]


@dataclass(frozen=True, slots=True)
class Beacon:
    """Each second, signed by the host: what is current (docs/protocol.md 5). Hashes are SHA-256, zero where there is nothing."""

    counter: int
    ms: int
    """The host's monotonic clock, in milliseconds."""
    picture: int
    group: int
    state: int = LIVE
    base: int = 0
    """The picture that the group was started on."""
    start: bytes = NO_HASH
    """The chain at `base` (wire/proof.py)."""
    chain: bytes = NO_HASH
    """The chain at `picture`."""
    catchup: bytes = NO_HASH
    """Of the catch-up picture that led to this group."""
    slots: bytes = NO_HASH
    """Of the newest LATEST of every slot, for all viewers."""

    def encode(self) -> bytes:
        """What is signed; the signature follows it on the wire."""
        fields = (self.counter, self.ms, self.picture, self.group, self.state, self.base)
        return _BEACON.pack(*fields, self.start, self.chain, self.catchup, self.slots)


def decode_beacon(body: bytes | memoryview) -> tuple[Beacon, bytes, bytes]:
    """`(beacon, what is signed, signature)`. The signature is the last 64 bytes; what comes before it and after the known
    fields is left for later versions."""
    signed, signature = bytes(body[:-SIGNATURE_BYTES]), bytes(body[-SIGNATURE_BYTES:])
    if len(signed) < _BEACON.size:
        raise Malformed("beacon shorter than its fields")
    return Beacon(*_BEACON.unpack_from(signed)), signed, signature
