"""What the host knows of its viewers."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final

from wire.association import Pair
from wire.handshake import HostHandshake
from wire.introduction import Introduction

MAX_PEERS: Final = 32
"""Viewers that a host keeps anything of: what a relay lets into a room beside the host."""


class Phase(Enum):
    """How far a viewer has come (docs/protocol.md 9, host table of PROTOCOL 3)."""

    NEW = "new"
    HANDSHAKE = "handshake"
    VERIFYING = "verifying"
    ACCEPTED = "accepted"
    REFUSED = "refused"


VERIFYING: Final = frozenset({Phase.HANDSHAKE, Phase.VERIFYING})


@dataclass
class Peer:
    """One viewer: its phase, its keys, and the secrets by which it may resume."""

    sender: int
    phase: Phase = Phase.NEW
    present: bool = False
    waits: bool = False
    """It was told to wait until another viewer's verification is over."""
    handshake: HostHandshake | None = None
    pair: Pair | None = None
    secret: bytes | None = None
    used_secret: bytes | None = None
    """The secret of the last resume: still good until the first message under the new keys."""
    introduction: Introduction | None = None
    """The api's word for this viewer's operator, where the session statement names another."""
    seen: float = 0.0
    applied: int = 0
    """Generation of the newest ORDERED input applied, for pointer places that refer to it."""
    ignored: int = 0
    by_link: bool = False
    """Whether the link's secret proved who is there."""
    name: str = ""
    """Who it is, as people are told; empty for the operator (or, where the operator is the host, the customer) of the session."""
    clock: float | None = None
    """The least that our clock was ahead of the viewer's, in milliseconds: how old its messages at least are."""

    def secrets(self) -> list[bytes]:
        """What a resume may name."""
        return [secret for secret in (self.secret, self.used_secret) if secret is not None]

    def associate(self, pair: Pair, secret: bytes, now: float) -> None:
        """Use new keys."""
        self.handshake, self.pair, self.secret = None, pair, secret
        self.seen, self.applied, self.clock = now, 0, None

    def forget(self) -> None:
        """Nothing of what was agreed holds any more."""
        self.phase, self.pair, self.handshake = Phase.NEW, None, None
        self.secret = self.used_secret = None

    def age(self, ms: int, now: float) -> float:
        """How many seconds ago something was sent, by the viewer's own clock `ms` (docs/protocol.md 5)."""
        ahead = now * 1000 - ms
        self.clock = ahead if self.clock is None else min(self.clock, ahead)
        return (ahead - self.clock) / 1000


class Peers:
    """All viewers that were ever in the room, a bounded number of them."""

    def __init__(self) -> None:
        self._all: dict[int, Peer] = {}

    def __iter__(self) -> Iterator[Peer]:
        return iter(list(self._all.values()))

    def here(self, sender: int) -> Peer | None:
        """A viewer came; None when there are too many already."""
        if sender not in self._all and len(self._all) >= MAX_PEERS:
            return None
        return self._all.setdefault(sender, Peer(sender))

    def restore(self, sender: int, secrets: list[bytes], seen: float, name: str) -> None:
        """A viewer that an earlier process accepted: it may resume by its secret."""
        self._all[sender] = Peer(
            sender,
            Phase.ACCEPTED,
            secret=secrets[0],
            used_secret=secrets[1] if len(secrets) > 1 else None,
            seen=seen,
            name=name,
        )

    def get(self, sender: int | None) -> Peer | None:
        """A viewer that came."""
        return None if sender is None else self._all.get(sender)

    def accepted(self) -> list[Peer]:
        """Who holds, or may resume to, the keys."""
        return [peer for peer in self if peer.phase is Phase.ACCEPTED]
