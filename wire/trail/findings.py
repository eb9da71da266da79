"""What verifying a log finds: faults with a name for each, and what was and was not proven."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

MAX_FAULTS: Final = 1000
"""Faults that are named; more are only counted."""


class Kind(StrEnum):
    """What was done. The words are for programs and never change."""

    EDITED = "edited"
    """Plain columns of a line are not those that were signed."""
    DETAILS = "details"
    """The details of a line are not those that were signed."""
    REMOVED = "removed"
    ADDED = "added"
    MOVED = "moved"
    RENUMBERED = "renumbered"
    """A line is where it was and as it was, but the file gives it another position or hash."""
    CHANGED = "changed"
    """Something between two checkpoints was changed, and what cannot be told."""
    BACKDATED = "backdated"
    """A line whose time lies before an older checkpoint that does not have it: written later than it says."""
    FOREIGN = "foreign"
    """A line, checkpoint or marker of another organisation or server."""
    CHECKPOINT = "checkpoint"
    """A checkpoint that is not as it was signed, or not by a key of this log."""
    MARKER = "marker"
    """The same of what says that a beginning was deleted."""
    WITNESS = "witness"
    """What somebody outside had noted is not what the file says."""
    KEY = "key"
    """Nothing is signed by a key that was asked for."""
    FORM = "form"
    """A line of the file that is nothing known."""
    CUT = "cut"
    """The file ends too early."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One. Positions count from 0; `until` is the first position after the range that it must be in."""

    kind: Kind
    text: str
    position: int | None = None
    until: int | None = None
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Witnessed:
    """What became of a checkpoint that the verifier was given."""

    size: int
    time: str
    fingerprint: str
    agrees: bool | None
    """None: it lies in a part that was deleted, and nothing in the file leads to it."""


@dataclass(slots=True)
class Verdict:
    """All that was found."""

    organization: dict[str, str] = field(default_factory=dict)
    issuer: str = ""
    exported_at: str = ""
    start: int = 0
    """Lines before this were deleted, and the file says so with a signature."""
    size: int = 0
    """Lines that a checkpoint covers, deleted ones included."""
    lines: int = 0
    """Lines that were in the file."""
    checkpoints: int = 0
    signed_at: str = ""
    """When the newest checkpoint was made, by the server's clock."""
    without_details: int = 0
    """Lines whose details are gone. The file alone cannot tell why."""
    keys: dict[str, int] = field(default_factory=dict)
    """Fingerprint of a key → up to which size something in the file is signed by it."""
    pinned_to: int | None = None
    """Up to which size a key vouches that the caller named, or that signed a witness; None when there is neither."""
    start_vouched: bool = True
    """Whether it is such a key, too, that says that the beginning was deleted."""
    witnesses: list[Witnessed] = field(default_factory=list)
    clock_went_back: int = 0
    """Lines that would count as backdated, had the server's clock not been set back between the same checkpoints."""
    faults: list[Fault] = field(default_factory=list)
    fault_count: int = 0

    def fault(self, fault: Fault) -> None:
        """Add one."""
        self.fault_count += 1
        if len(self.faults) < MAX_FAULTS:
            self.faults.append(fault)

    @property
    def unproven(self) -> bool:
        """Nothing is wrong, but not all that was asked for could be shown."""
        short = self.pinned_to is not None and self.pinned_to < self.size
        return short or not self.start_vouched or any(one.agrees is None for one in self.witnesses)
