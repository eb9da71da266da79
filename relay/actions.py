"""What a room asks its shell to do: values, carried out by relay/server.py and relay/reports.py."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING

from wire.errors import Close as Codes

if TYPE_CHECKING:
    from relay.member import Member


class CloseCode(IntEnum):
    """WebSocket close codes of docs/protocol.md 1 that the relay sends."""

    GOODBYE = Codes.GOODBYE
    REPLACED = Codes.REPLACED
    KICKED = Codes.KICKED
    ENDED = Codes.ENDED
    SLOW = Codes.SLOW
    DRAIN = Codes.DRAIN
    PROTOCOL = Codes.PROTOCOL
    TOO_LARGE = Codes.TOO_LARGE
    TIMEOUT = Codes.TIMEOUT
    LIMIT = Codes.LIMIT

    @property
    def reason(self) -> str:
        """What stands in the close frame, as docs/protocol.md 1 spells it."""
        return self.name.lower().replace("_", "-")


class Fact(StrEnum):
    """What the api is told."""

    JOINED = "joined"
    LEFT = "left"
    ADMITTED = "admitted"
    ENDED = "ended"
    PAUSED = "paused"
    RESUMED = "resumed"
    USAGE = "usage"


@dataclass(frozen=True, slots=True)
class CloseMember:
    """Send what texts wait, then close."""

    member: "Member"
    code: CloseCode


@dataclass(frozen=True, slots=True)
class Tell:
    """A report for the api."""

    fact: Fact
    session: str
    sender: int | None = None
    by: str | None = None
    reason: str | None = None
    bytes_in: int | None = None
    bytes_out: int | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Bury:
    """Refuse this session, or one participant of it, from now on (a tombstone)."""

    session: str
    sender: int | None
    by: str
    reason: str


Action = CloseMember | Tell | Bury
