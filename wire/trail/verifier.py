"""Verifying an exported log: lines in, a verdict out. One pass, and memory that does not grow with the log.

Between two checkpoints lies a *range* (`ranges.py`). Its lines are hashed, the file's own note of each hash is compared, and at
its end the root must be the signed one. Where it is not, the range is judged by itself and the next begins at the checkpoint's
own frontier: one fault does not hide another, and none is blamed on what comes after it.
"""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final

from wire import tokens
from wire.merkle import Frontier
from wire.tokens import Jwk, TokenError
from wire.trail import form
from wire.trail.findings import MAX_FAULTS, Fault, Kind, Verdict
from wire.trail.form import Row, TrailError, id_of, written
from wire.trail.past import Past
from wire.trail.ranges import Entry, Range, judge
from wire.trail.signed import Checkpoint, Pruned
from wire.trail.witness import Witnesses

MAX_KEYS: Final = 256
MAX_SEARCHES: Final = 16
"""Ranges in which a single line is looked for by trying."""
LATE: Final = timedelta(minutes=5)
"""So long after its time a line may come into the log: no transaction takes longer."""
_DIGEST: Final = b'"digest":"'


def verify(lines: Iterable[bytes], *, witnesses: Iterable[str] = (), pinned: Collection[str] | None = None) -> Verdict:
    """What a file proves. `witnesses` are checkpoints kept elsewhere, `pinned` fingerprints of keys that may sign.

    Raises TrailError for what is no exported log.
    """
    verifier = Verifier(list(witnesses), pinned)
    for line in lines:
        verifier.feed(line)
    return verifier.finish()


class Verifier:
    """Takes the lines of a file in their order, each with its line feed."""

    def __init__(self, witnesses: list[str] | None = None, pinned: Collection[str] | None = None) -> None:
        self.verdict = Verdict()
        self._given, self._pinned = witnesses or [], pinned
        self._keys: dict[str, Jwk] = {}
        self._needle = b""
        self._witnesses = Witnesses([])
        self._past: Past | None = Past()
        """While nothing but what is said of the past has come."""
        self._range = Range(0, Frontier(), -1)
        self._last: Checkpoint | None = None
        self._floor = b""
        self._searches = 0
        self._end: int | None = None
        self._marker_key = ""
        """Of the newest prune marker."""

    def feed(self, raw: bytes) -> None:
        """The next line of the file."""
        if not self._needle:
            self._header(raw)
        elif self._end is not None:
            self._fault(Kind.FORM, "something follows the last line of the file")
        elif raw.startswith(form.LEAF) and (row := form.read_row(raw)):
            self._row(row)
        elif raw.startswith(form.DAMAGED) and (damaged := form.read_damaged(raw)):
            self._row(damaged[1], damaged[0])
        else:
            self._other(raw)

    def finish(self) -> Verdict:
        """After the last line."""
        if not self._needle:
            raise TrailError("this is no exported audit log: it is empty")
        self._leave_past()
        verdict, rest = self.verdict, self._range
        if self._end is None:
            self._fault(Kind.CUT, "the file ends before its last line: it was cut, or not downloaded whole", rest.next)
        elif self._end > verdict.size:
            self._fault(Kind.REMOVED, "the file ends before the size that it was exported at", verdict.size, self._end)
        if rest.count and self._end is not None:
            text = "no checkpoint covers these lines: they were added, or the checkpoints after them removed"
            self._fault(
                Kind.ADDED, text, rest.start, rest.next, id_=id_of(rest.entries[0].line) if rest.entries else None
            )
        self._witnesses.finish(verdict)
        self._vouch()
        return verdict

    def _vouch(self) -> None:
        """The file brings its keys along, so anybody can add one: what counts are those that were named, or signed a witness."""
        verdict = self.verdict
        agreed = [one for one in verdict.witnesses if one.agrees]
        trusted = {one.fingerprint for one in agreed} if self._pinned is None else set(self._pinned)
        if self._pinned is not None and not trusted & verdict.keys.keys():
            self._fault(Kind.KEY, "nothing in the file is signed by a key that you named")
        if self._pinned is not None or agreed:
            sizes = [size for key, size in verdict.keys.items() if key in trusted]
            verdict.pinned_to = max([*sizes, *(one.size for one in agreed if self._pinned is None)], default=0)
            verdict.start_vouched = not verdict.start or self._marker_key in trusted

    # ---- the beginning of a file

    def _header(self, raw: bytes) -> None:
        found = form.read_object(raw) if raw.startswith(form.HEADER) else None
        if found is None:
            raise TrailError("this is no exported audit log: it does not begin like one")
        if found["form"] != form.FORM:
            raise TrailError(f"this is not of the form {form.FORM}; a newer tasuki may know it")
        organization, keys = found.get("organization"), found.get("keys")
        texts = [
            found.get("issuer"),
            found.get("exported_at"),
            organization.get("id") if isinstance(organization, dict) else None,
        ]
        if not isinstance(organization, dict) or not all(
            isinstance(text, str) for text in [*texts, *organization.values()]
        ):
            raise TrailError("this is no exported audit log: its first line does not say whose it is")
        self.verdict.organization = dict(organization)
        self.verdict.issuer, self.verdict.exported_at = str(texts[0]), str(texts[1])
        self._keys = _keys(keys)
        self._needle = tokens.canonical({"organization_id": organization["id"]})[1:-1]
        self._witnesses = Witnesses([one for text in self._given if (one := self._witness(text))])

    def _witness(self, text: str) -> tuple[Checkpoint, str] | None:
        """A checkpoint that was kept elsewhere; a fault when it cannot be one of this log."""
        fingerprint = tokens.unverified_key(text) or ""
        try:
            kept = Checkpoint.verified(text, self._keys)
        except tokens.TokenKeyUnknown:
            why = (
                f"the file has not the key {fingerprint} that signed it: another server's, or the file was signed anew"
            )
        except TokenError as error:
            why = str(error)
        else:
            if self._is_ours(kept):
                return kept, fingerprint
            why = f"it is of the organisation {kept.organization_id} at {kept.issuer}"
        self._fault(Kind.WITNESS, f"a witness is no checkpoint of this log: {why}")
        return None

    def _is_ours(self, signed: Checkpoint | Pruned) -> bool:
        return (signed.organization_id, signed.issuer) == (self.verdict.organization["id"], self.verdict.issuer)

    def _leave_past(self) -> None:
        """From here on lines follow."""
        if self._past is None:
            return
        self._past.finish(self.verdict)
        for size, root in self._past.roots.items():
            self._witnesses.signed(size, root)
        if (tree := self._past.frontier) is not None:
            self.verdict.start = self.verdict.size = tree.size
            self._range = Range(tree.size, tree, tree.size - 1)
        self._past = None

    # ---- lines

    def _row(self, row: Row, damaged: Collection[str] = ()) -> None:
        """One line of the log. What costs time here, costs it for each of them."""
        if self._past is not None:
            self._leave_past()
        leaf, _, line, salt, details = row
        verdict, range_ = self.verdict, self._range
        verdict.lines += 1
        position = range_.next
        range_.add(Entry(leaf, sha256(b"\0" + line).digest(), row.position, line))
        if self._needle not in line:
            self._fault_of(Kind.FOREIGN, "this line belongs to another organisation", position, line)
        if salt is None:
            verdict.without_details += not damaged
        else:
            at = line.find(_DIGEST) + len(_DIGEST)
            if sha256(salt + details).hexdigest().encode() != line[at : at + 64]:
                self._fault_of(Kind.DETAILS, "the details of this line are not those that were signed", position, line)
        if line[-29:-2] < self._floor and len(range_.late) < MAX_FAULTS:
            range_.late.append((position, id_of(line)))
        for what in damaged:
            self._fault_of(Kind.DETAILS, f"the server found this changed in its own database: {what}", position, line)
        if position + 1 in self._witnesses.sizes:
            self._witnesses.saw(position + 1, range_.grown())

    def _lost(self, found: dict[str, Any]) -> bool:
        """A line that the database has not any more; its hash is still there."""
        leaf, number = form.read_hashes([found.get("leaf")]), found.get("position")
        if leaf is None or not isinstance(found["lost"], str) or not isinstance(number, int):
            return False
        self._leave_past()
        position = self._range.next
        self.verdict.lines += 1
        self._range.add(Entry(leaf[0], leaf[0], number, b""))
        self._fault(Kind.REMOVED, "this line was deleted from the database", position, position + 1, id_=found["lost"])
        if position + 1 in self._witnesses.sizes:
            self._witnesses.saw(position + 1, self._range.grown())
        return True

    # ---- everything else

    def _other(self, raw: bytes) -> None:
        found = form.read_object(raw)
        if found is None or not self._known(raw, found):
            self._fault(Kind.FORM, "this line of the file is nothing that an export writes", self._range.next)

    def _known(self, raw: bytes, found: dict[str, Any]) -> bool:
        if raw.startswith(form.CHECKPOINT):
            return self._checkpoint(found)
        if raw.startswith(form.LOST):
            return self._lost(found)
        if raw.startswith(form.END) and form.is_size(found["end"]):
            self._end = int(found["end"])
            return True
        if raw.startswith((form.PRUNED, form.WITNESSED)) and self._past is not None:
            return self._of_the_past(self._past, found)
        return False

    def _of_the_past(self, past: Past, found: dict[str, Any]) -> bool:
        proof = form.read_hashes(found.get("proof"))
        if proof is None:
            return False
        if "pruned" in found:
            marker = self._believed(Pruned.verified, found["pruned"], Kind.MARKER)
            if isinstance(marker, Pruned):
                past.pruned(marker, proof, self.verdict)
                self._marker_key = tokens.unverified_key(str(found["pruned"])) or ""
        else:
            checkpoint = self._believed(Checkpoint.verified, found["witnessed"], Kind.CHECKPOINT)
            if isinstance(checkpoint, Checkpoint):
                past.witnessed(checkpoint, proof)
        return True

    def _checkpoint(self, found: dict[str, Any]) -> bool:
        nodes = form.read_hashes(found.get("frontier"))
        if nodes is None:
            return False
        self._leave_past()
        checkpoint = self._believed(Checkpoint.verified, found["checkpoint"], Kind.CHECKPOINT)
        if not isinstance(checkpoint, Checkpoint):
            return True
        verdict, range_ = self.verdict, self._range
        if checkpoint.size <= range_.start:
            self._fault(Kind.CHECKPOINT, "this checkpoint stands in the wrong place", checkpoint.size)
            return True
        after = _frontier(checkpoint, nodes)
        if after is None:
            text = "the hashes beside this checkpoint are not those that it was signed over"
            self._fault(Kind.CHECKPOINT, text, checkpoint.size)
        good = judge(range_, checkpoint, verdict, search_allowed=self._searches < MAX_SEARCHES)
        self._searches += not good
        self._settle_late(range_, checkpoint)
        self._witnesses.signed(checkpoint.size, checkpoint.root)
        verdict.checkpoints += 1
        verdict.size, verdict.signed_at = checkpoint.size, checkpoint.time
        self._range = Range(checkpoint.size, after or (range_.grown() if good else None), range_.numbered)
        self._last = checkpoint
        self._floor = written(datetime.fromisoformat(checkpoint.time) - LATE).encode()
        return True

    def _believed(self, read: Any, signed: object, kind: Kind) -> Checkpoint | Pruned | None:
        """What was signed, if it was signed for this log."""
        here = self._range.next
        try:
            found: Checkpoint | Pruned = read(signed, self._keys)
        except (TokenError, ValueError) as error:
            self._fault(kind, f"this is not as it was signed: {error}", here)
            return None
        if not self._is_ours(found):
            self._fault(
                Kind.FOREIGN, f"this was signed for the organisation {found.organization_id} at {found.issuer}", here
            )
            return None
        fingerprint = tokens.unverified_key(str(signed)) or ""
        self.verdict.keys[fingerprint] = max(found.size, self.verdict.keys.get(fingerprint, 0))
        return found

    def _settle_late(self, range_: Range, checkpoint: Checkpoint) -> None:
        """Lines that are older than the checkpoint before them lets them be."""
        if self._last is None:
            return
        if checkpoint.time < self._last.time:
            self.verdict.clock_went_back += len(range_.late)
            return
        for position, event_id in range_.late:
            text = (
                f"this line was written later than it says: the checkpoint of {self._last.time} did not have it"
                " (or the clocks of the server's machines are far apart)"
            )
            self.verdict.fault(Fault(Kind.BACKDATED, text, position, id=event_id))

    def _fault(
        self, kind: Kind, text: str, position: int | None = None, until: int | None = None, *, id_: str | None = None
    ) -> None:
        self.verdict.fault(Fault(kind, text, position, until, id_))

    def _fault_of(self, kind: Kind, text: str, position: int, line: bytes) -> None:
        self._fault(kind, text, position, id_=id_of(line))


def _keys(keys: object) -> dict[str, Jwk]:
    """The file's keys by their own fingerprints."""
    found = keys.get("keys") if isinstance(keys, dict) else None
    if not isinstance(found, list) or not 0 < len(found) <= MAX_KEYS or not all(isinstance(key, dict) for key in found):
        raise TrailError("this is no exported audit log: it carries no keys")
    try:
        return {tokens.thumbprint(key): key for key in found}
    except (TokenError, KeyError, TypeError, ValueError) as error:
        raise TrailError("this is no exported audit log: one of its keys is damaged") from error


def _frontier(checkpoint: Checkpoint, nodes: list[bytes]) -> Frontier | None:
    """The tree at a checkpoint, if these hashes are it."""
    try:
        frontier = Frontier(checkpoint.size, nodes)
    except ValueError:
        return None
    return frontier if frontier.root() == checkpoint.root else None
