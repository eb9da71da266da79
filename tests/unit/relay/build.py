"""Messages and members for the tests of the pure parts."""

from typing import Any

from relay.member import Member
from relay.messages import Message, parse_frame
from relay.permissions import Role
from wire.header import CATCHUP, FIRST, GROUP, LAST, Delivery, Stream, header, join_frame

HOST = 1
EVERYTHING = frozenset(
    {"chat", "voice", *(f"{what}_{way}_customer" for what in ("file", "clipboard") for way in ("to", "from"))}
)
"""Features for every stream."""
WHOLE = FIRST | LAST


def raw(delivery: Delivery, stream: Stream, sender: int, recipient: int = 0, size: int = 10, **fields: int) -> bytes:
    """A message as bytes."""
    return header(delivery, stream, sender, recipient, **fields).pack() + bytes(size)


def parsed(body: bytes, now: float = 0.0) -> Message:
    [message] = parse_frame(join_frame([body]), now)
    return message


def screen(flags: int = WHOLE, *, size: int = 10, now: float = 0.0, seq: int = 0, epoch: int = 0) -> Message:
    """A part of the picture stream."""
    return parsed(raw(Delivery.FRAME, Stream.SCREEN, HOST, size=size, flags=flags, seq=seq, epoch=epoch), now)


def catchup(flags: int = WHOLE, **fields: float) -> Message:
    return screen(CATCHUP | flags, **fields)  # type: ignore[arg-type]


def group(flags: int = WHOLE, **fields: float) -> Message:
    return screen(GROUP | flags, **fields)  # type: ignore[arg-type]


def host(sender: int = HOST) -> Member:
    return Member("ses_1", sender, Role.HOST, "customer", 0.0, features=EVERYTHING)


def viewer(sender: int, **fields: Any) -> Member:
    return Member("ses_1", sender, Role.VIEWER, "operator", 0.0, **{"features": EVERYTHING, **fields})
