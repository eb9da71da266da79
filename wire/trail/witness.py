"""Checkpoints that somebody outside has kept, compared with what the file says of the same size."""

from wire.merkle import Frontier
from wire.trail.findings import Fault, Kind, Verdict, Witnessed
from wire.trail.signed import Checkpoint


class Witnesses:
    """Roots are noted as the file goes by, and compared at the end."""

    def __init__(self, kept: list[tuple[Checkpoint, str]]) -> None:
        self._kept = sorted(kept, key=lambda one: one[0].size)
        self.sizes = frozenset(one.size for one, _ in kept)
        self._roots: dict[int, bytes | None] = {}

    def saw(self, size: int, tree: Frontier | None) -> None:
        """The log has come to a size at which there is a witness."""
        self._roots.setdefault(size, None if tree is None else tree.root())

    def signed(self, size: int, root: bytes) -> None:
        """A checkpoint of the file at that size says it better."""
        if size in self.sizes:
            self._roots[size] = root

    def finish(self, verdict: Verdict) -> None:
        """Compare all."""
        agreed = verdict.start
        for kept, fingerprint in self._kept:
            agrees = self._compare(kept, verdict, agreed)
            verdict.witnesses.append(Witnessed(kept.size, kept.time, fingerprint, agrees))
            agreed = kept.size if agrees else agreed

    def _compare(self, kept: Checkpoint, verdict: Verdict, agreed: int) -> bool | None:
        found = self._roots.get(kept.size)
        if found == kept.root:
            return True
        if kept.size > verdict.size:
            text = (
                f"the witness of {kept.time} knew {kept.size} lines, the file has {verdict.size}: lines were removed at"
                " the end, or the file was exported earlier than that; export it again"
            )
            verdict.fault(Fault(Kind.WITNESS, text, verdict.size, kept.size))
            return False
        if found is None and kept.size < verdict.start:
            return None
        text = (
            f"the first {kept.size} lines are not those that the witness of {kept.time} knew: the log was written anew"
        )
        verdict.fault(Fault(Kind.WITNESS, text, min(agreed, kept.size), kept.size))
        return False
