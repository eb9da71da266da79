"""Feedback: cumulative acknowledgements of ORDERED, and how far the picture got (docs/protocol.md 5)."""

import struct
from dataclasses import dataclass, field

from wire.codec import Reader
from wire.errors import Malformed

WANT, WELCOMED = 1, 2
MAX_ACKNOWLEDGED = 32


@dataclass(frozen=True, slots=True)
class Feedback:
    """What the sender has: newest picture drawn, the one in progress and its parts so far, generations by stream."""

    ms: int = 0
    picture: int = 0
    receiving: int = 0
    parts: int = 0
    want: bool = False
    welcomed: bool = False
    generations: dict[int, int] = field(default_factory=dict)

    def encode(self) -> bytes:
        flags = WANT * self.want | WELCOMED * self.welcomed
        head = struct.pack(
            ">IIIHBB", self.ms & 0xFFFFFFFF, self.picture, self.receiving, self.parts, flags, len(self.generations)
        )
        return head + b"".join(struct.pack(">HQ", *item) for item in sorted(self.generations.items()))


def decode(body: bytes | memoryview) -> Feedback:
    """A feedback body; `Malformed` when it is not exactly its layout."""
    reader = Reader(body)
    ms, picture, receiving, parts, flags, count = (
        reader.u32(),
        reader.u32(),
        reader.u32(),
        reader.u16(),
        reader.u8(),
        reader.u8(),
    )
    if count > MAX_ACKNOWLEDGED:
        raise Malformed("too many acknowledgements")
    generations = {reader.u16(): reader.u64() for _ in range(count)}
    reader.end()
    return Feedback(ms, picture, receiving, parts, bool(flags & WANT), bool(flags & WELCOMED), generations)
