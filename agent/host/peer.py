"""What the host knows of one viewer."""

from dataclasses import dataclass
from enum import Enum

from wire.association import Pair
from wire.handshake import HostHandshake


class Phase(Enum):
    """How far a viewer has come (docs/protocol.md 9, host table of PROTOCOL 3)."""

    NEW = "new"
    HANDSHAKE = "handshake"
    VERIFYING = "verifying"
    ACCEPTED = "accepted"
    REFUSED = "refused"


@dataclass
class Peer:
    """One viewer: its phase, its keys, and the secrets by which it may resume."""

    sender: int
    phase: Phase = Phase.NEW
    present: bool = False
    handshake: HostHandshake | None = None
    pair: Pair | None = None
    secret: bytes | None = None
    used_secret: bytes | None = None
    """The secret of the last resume: still good until the first message under the new keys."""
    seen: float = 0.0
    applied: int = 0
    """Generation of the newest ORDERED input applied, for pointer places that refer to it."""
    ignored: int = 0

    def secrets(self) -> list[bytes]:
        """What a resume may name."""
        return [secret for secret in (self.secret, self.used_secret) if secret is not None]
