"""The beginning that was deleted: signed markers, and checkpoints that were sent out before, each leading to the next marker."""

from dataclasses import dataclass

from wire.merkle import Frontier, verify_consistency
from wire.trail.findings import Fault, Kind, Verdict
from wire.trail.signed import Checkpoint, Pruned


@dataclass(frozen=True, slots=True)
class Anchor:
    """A tree of the past that is known by its root, and the proof that leads from it to the next marker."""

    size: int
    root: bytes
    proof: list[bytes]
    what: str


class Past:
    """Takes markers and old checkpoints in the order of their sizes."""

    def __init__(self) -> None:
        self.roots: dict[int, bytes] = {}
        """By size: what a witness from then can be compared with."""
        self.frontier: Frontier | None = None
        """At the newest marker: what the lines in the file go on from."""
        self._waiting: list[Anchor] = []

    def pruned(self, marker: Pruned, proof: list[bytes], verdict: Verdict) -> None:
        """A marker: everything before it must lead here."""
        size, root = marker.size, marker.frontier.root()
        for anchor in self._waiting:
            if not verify_consistency(anchor.size, size, anchor.root, root, anchor.proof):
                text = f"{anchor.what} is no beginning of the log of which the first {size} lines were deleted"
                verdict.fault(Fault(Kind.MARKER, text, anchor.size, size))
            else:
                self.roots[anchor.size] = anchor.root
        if self.frontier is not None and size <= self.frontier.size:
            verdict.fault(Fault(Kind.MARKER, "the prune markers are not in their order", size))
            return
        self.roots[size] = root
        self.frontier = marker.frontier
        self._waiting = [Anchor(size, root, proof, f"the log whose first {size} lines were deleted by {marker.time}")]

    def witnessed(self, checkpoint: Checkpoint, proof: list[bytes]) -> None:
        """A checkpoint of the part that is gone."""
        what = f"the checkpoint of {checkpoint.time}"
        self._waiting.append(Anchor(checkpoint.size, checkpoint.root, proof, what))

    def finish(self, verdict: Verdict) -> None:
        """After the last of them: nothing may still wait for a marker but the newest marker itself."""
        start = self.frontier.size if self.frontier else 0
        for anchor in self._waiting:
            if anchor.size != start:
                text = f"{anchor.what} leads to no prune marker: one was taken out"
                verdict.fault(Fault(Kind.MARKER, text, anchor.size))
        self._waiting = []
