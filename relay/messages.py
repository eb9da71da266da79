"""A message on its way through the relay: its clear header and its bytes, which are never opened."""

from dataclasses import dataclass

from wire.header import CATCHUP, EVERYONE, FIRST, GROUP, LAST, RETAIN, Delivery, Header, split_frame, unpack

LatestKey = tuple[int, int, int, int]
"""(sender, stream, slot, recipient): what a newer LATEST message replaces."""


@dataclass(frozen=True, slots=True, eq=False)
class Message:
    """One end-to-end message. `raw` is its u32 length and its bytes, one object shared by everybody who gets it."""

    header: Header
    raw: bytes
    arrived: float
    """Seconds on the relay's monotonic clock."""

    @property
    def delivery(self) -> Delivery:
        return self.header.delivery

    @property
    def for_all(self) -> bool:
        """Sealed with the epoch's key, for every viewer."""
        return self.header.recipient == EVERYONE

    @property
    def retained(self) -> bool:
        return bool(self.header.kind & RETAIN)

    @property
    def catchup(self) -> bool:
        return bool(self.header.kind & CATCHUP)

    @property
    def group(self) -> bool:
        return bool(self.header.kind & GROUP)

    @property
    def first(self) -> bool:
        return bool(self.header.kind & FIRST)

    @property
    def last(self) -> bool:
        return bool(self.header.kind & LAST)

    @property
    def latest_key(self) -> LatestKey:
        header = self.header
        return header.sender, header.stream, header.slot, header.recipient


def parse_frame(frame: bytes | memoryview, now: float) -> list[Message]:
    """The messages of a BINARY frame, each copied once out of the read buffer.

    Raises `TooLarge` and `Malformed` (wire/errors.py); nothing of a malformed frame is delivered.
    """
    view, at, messages = memoryview(frame), 0, []
    for body in split_frame(view):
        end = at + 4 + len(body)
        messages.append(Message(unpack(body), bytes(view[at:end]), now))
        at = end
    return messages


def parse_message(raw: bytes, now: float) -> Message:
    """One message behind its length, which was found right already."""
    return Message(unpack(memoryview(raw)[4:]), raw, now)
