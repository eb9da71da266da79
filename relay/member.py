"""One participant's place in a room: who it is, what waits for it, and what it has used."""

from dataclasses import dataclass, field
from typing import Protocol

from relay.actions import Fact, Tell
from relay.outbox import Outbox
from relay.permissions import Role, withheld
from wire.limits import MAX_SLOTS
from wire.messages.relay import Text, present

RelayList = tuple[dict[str, str], ...]


class Way(Protocol):
    """Whether a message may be written to a participant at once."""

    open: bool
    live: bool

    def hold(self, role: Role, not_for: frozenset[int]) -> None: ...
    def settle(self) -> None: ...


@dataclass(slots=True, eq=False)
class Member:
    """A connected participant. Compared by identity: a second connection of the same sender id is another member."""

    session: str
    sender: int
    role: Role
    side: str
    joined_at: float
    """Seconds on the relay's monotonic clock."""
    limit_seconds: float | None = None
    """Longest session, from the ticket."""
    relays: RelayList = ()
    """Where to go when this relay is lost, from the ticket."""
    mode: str = "control"
    features: frozenset[str] = frozenset()
    """Both from the ticket; a policy of the room can leave fewer."""
    not_for: frozenset[int] = frozenset()
    """Streams it may not send on."""
    outbox: Outbox = field(default_factory=Outbox)
    way: Way | None = None
    """Its connection, where messages may go past its queues."""
    admitted: bool = False
    bytes_in: int = 0
    bytes_out: int = 0
    _slots: dict[int, set[int]] = field(default_factory=dict)
    _told: tuple[int, int, float] = (0, 0, 0.0)

    def __post_init__(self) -> None:
        self._told = (0, 0, self.joined_at)
        self.hold(self.features)

    @property
    def present(self) -> Text:
        """How the others hear of it."""
        return present(self.sender, self.role.value, self.side)

    def hold(self, allowed: frozenset[str]) -> None:
        """Let it use of its features these at most."""
        self.not_for = withheld(self.role, self.side, self.mode, self.features & allowed)
        if self.way is not None:
            self.way.hold(self.role, self.not_for)

    def may_use_slot(self, stream: int, slot: int) -> bool:
        """Whether a LATEST slot is within MAX_SLOTS per (sender, stream)."""
        used = self._slots.setdefault(stream, set())
        if slot not in used:
            if len(used) >= MAX_SLOTS:
                return False
            used.add(slot)
        return True

    def usage(self, now: float, fact: Fact = Fact.USAGE) -> Tell:
        """What was used since the last call: a difference, so that reports may be added up."""
        if self.way is not None:
            self.way.settle()
        told_in, told_out, told_at = self._told
        self._told = (self.bytes_in, self.bytes_out, now)
        return Tell(
            fact,
            self.session,
            self.sender,
            bytes_in=self.bytes_in - told_in,
            bytes_out=self.bytes_out - told_out,
            seconds=round(now - told_at, 3),
        )
