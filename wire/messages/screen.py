"""The clear head of each part of a picture, and the beacon that says which picture is current (docs/protocol.md 5)."""

import struct
from dataclasses import dataclass
from typing import Final

from wire.codec import Reader
from wire.errors import Malformed
from wire.limits import MAX_PARTS

LIVE: Final = 0
PAUSED: Final = 1
_PART: Final = struct.Struct(">IIIIHH")
_BEACON: Final = struct.Struct(">IQIIB")


@dataclass(frozen=True, slots=True)
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
        return head + bytes(data)


def decode_part(body: bytes | memoryview) -> tuple[Part, memoryview]:
    """`(part, data)`; `Malformed` when the numbers cannot be."""
    reader = Reader(body)
    part = Part(reader.u32(), reader.u32(), reader.u32(), reader.u32(), reader.u16(), reader.u16())
    if not part.part < part.parts <= MAX_PARTS:
        raise Malformed("part of a picture with impossible numbers")
    return part, reader.rest()


@dataclass(frozen=True, slots=True)
class Beacon:
    """Each second: the newest picture, its group, the host's clock in milliseconds, live or paused."""

    counter: int
    ms: int
    picture: int
    group: int
    state: int = LIVE

    def encode(self) -> bytes:
        return _BEACON.pack(self.counter, self.ms, self.picture, self.group, self.state)


def decode_beacon(body: bytes | memoryview) -> Beacon:
    """A beacon; what follows the known fields is left for later versions."""
    reader = Reader(body)
    return Beacon(reader.u32(), reader.u64(), reader.u32(), reader.u32(), reader.u8())
