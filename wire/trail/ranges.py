"""The lines between two checkpoints, and what can be said of them when the root at their end is not the signed one."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from wire.merkle import Frontier
from wire.trail import search
from wire.trail.findings import MAX_FAULTS, Fault, Kind, Verdict
from wire.trail.form import id_of
from wire.trail.signed import Checkpoint

MOST_KEPT: Final = 4096
"""Lines of a range that are kept until its end. Of a longer one only the root is known, and what was odd on the way."""
MOST_KEPT_BYTES: Final = 16 << 20


class Entry(NamedTuple):
    """A line of a range."""

    noted: bytes
    """Its hash as the file notes it."""
    own: bytes
    """Its hash as it is."""
    position: int
    """As the file numbers it."""
    line: bytes


class Range:
    """What has come since the last checkpoint. `before` is the tree at its start; None: that is not known any more."""

    def __init__(self, start: int, before: Frontier | None, numbered: int) -> None:
        self.start, self.next, self.before = start, start, before
        self.late: list[tuple[int, str | None]] = []
        self.entries: list[Entry] = []
        self.odd: list[tuple[int, Entry]] = []
        """Lines, by true position, whose hash is not the noted one."""
        self.misnumbered: list[tuple[int, Entry]] = []
        self.folded = False
        self._bytes = 0
        self._tree = None if before is None else before.copy()
        self.numbered = numbered
        """The position that the file gave the last line."""

    @property
    def count(self) -> int:
        """Lines so far."""
        return self.next - self.start

    def add(self, entry: Entry) -> None:
        """The next line."""
        self.entries.append(entry)
        if entry.noted != entry.own and len(self.odd) < MAX_FAULTS:
            self.odd.append((self.next, entry))
        if entry.position not in (self.next, self.numbered + 1) and len(self.misnumbered) < MAX_FAULTS:
            self.misnumbered.append((self.next, entry))
        self.numbered = entry.position
        self.next += 1
        self._bytes += len(entry.line)
        if len(self.entries) >= MOST_KEPT or self._bytes >= MOST_KEPT_BYTES:
            self._fold()

    def grown(self) -> Frontier | None:
        """The tree with what has come, by the noted hashes."""
        if self._tree is None:
            return None
        tree = self._tree.copy()
        for entry in self.entries:
            tree.append(entry.noted)
        return tree

    def _fold(self) -> None:
        self._tree = self.grown()
        self.entries.clear()
        self._bytes, self.folded = 0, True


def judge(found: Range, checkpoint: Checkpoint, verdict: Verdict, *, search_allowed: bool) -> bool:
    """Name what is wrong with a range; whether nothing was, beyond single lines."""
    tree = found.grown()
    if tree is None:
        return False
    if found.count == checkpoint.size - found.start and tree.root() == checkpoint.root:
        for fault in _single(found):
            verdict.fault(fault)
        return True
    for fault in _explained(found, checkpoint, search_allowed):
        verdict.fault(fault)
    return False


def _single(found: Range) -> Iterator[Fault]:
    """The noted hashes are the signed ones: lines that differ from theirs were edited, or have changed places."""
    places = {entry.noted: position for position, entry in found.odd}
    for position, entry in found.odd:
        home = places.get(entry.own)
        if home is not None:
            yield Fault(Kind.MOVED, f"this line belongs at position {home}", position, id=id_of(entry.line))
        else:
            yield Fault(Kind.EDITED, "this line is not as it was signed", position, id=id_of(entry.line))
    for position, entry in found.misnumbered:
        text = f"this line stands where it was signed, but the file calls it position {entry.position}"
        yield Fault(Kind.RENUMBERED, text, position, id=id_of(entry.line))


def _explained(found: Range, checkpoint: Checkpoint, search_allowed: bool) -> Iterator[Fault]:
    """The root is not the signed one."""
    one = None
    if not found.folded and found.before is not None:
        one = _renoted(found, checkpoint) or _reordered(found, checkpoint)
        if one is None and search_allowed:
            one = _searched(found, checkpoint)
    if one is not None:
        yield from one
        return
    for position, entry in found.odd:
        yield Fault(Kind.EDITED, "this line is not the one whose hash stands beside it", position, id=id_of(entry.line))
    yield from _by_count(found, checkpoint)


def _renoted(found: Range, checkpoint: Checkpoint) -> list[Fault] | None:
    """The lines are as they were signed; the file's notes of their hashes were changed."""
    if not found.odd or _root(found, [entry.own for entry in found.entries]) != checkpoint.root:
        return None
    text = "this line is as it was signed, but the hash beside it was changed"
    return [Fault(Kind.RENUMBERED, text, position, id=id_of(entry.line)) for position, entry in found.odd]


def _reordered(found: Range, checkpoint: Checkpoint) -> list[Fault] | None:
    """In the order of their numbers they would be as they were signed."""
    ordered = sorted(found.entries, key=lambda entry: entry.position)
    wanted = range(found.start, checkpoint.size)
    if [entry.position for entry in ordered] != list(wanted) or _root_of(found, ordered) != checkpoint.root:
        return None
    return [
        Fault(Kind.MOVED, f"this line belongs at position {entry.position}", place, id=id_of(entry.line))
        for place, entry in zip(wanted, found.entries, strict=True)
        if entry.position != place
    ]


def _searched(found: Range, checkpoint: Checkpoint) -> list[Fault] | None:
    """One line too many, or one in the wrong place: found by trying."""
    assert found.before is not None
    leaves = [entry.noted for entry in found.entries]
    more = found.count - (checkpoint.size - found.start)
    if more == 1 and (extra := search.added(found.before, leaves, checkpoint.root)) is not None:
        text = "this line was not there when the log was signed"
        return [Fault(Kind.ADDED, text, found.start + extra, id=id_of(found.entries[extra].line))]
    if more == 0 and (pair := search.swapped(found.before, leaves, checkpoint.root)) is not None:
        return [_moved(found, pair[0], pair[1]), _moved(found, pair[1], pair[0])]
    if more == 0 and (way := search.carried(found.before, leaves, checkpoint.root)) is not None:
        return [_moved(found, *way)]
    return None


def _moved(found: Range, now: int, home: int) -> Fault:
    text = f"this line belongs at position {found.start + home}"
    return Fault(Kind.MOVED, text, found.start + now, id=id_of(found.entries[now].line))


def _by_count(found: Range, checkpoint: Checkpoint) -> Iterator[Fault]:
    """Nothing explains it but how many lines there are, and how they are numbered."""
    missing = checkpoint.size - found.start - found.count
    where = f"between positions {found.start} and {checkpoint.size}"
    gaps = list(_gaps(found, checkpoint)) if missing > 0 and not found.folded else []
    if len(gaps) == 1 and gaps[0][1] == checkpoint.size:  # or all that follows was numbered anew
        text = f"{_lines(missing)} removed {where}; by the numbers in the file from position {gaps[0][0]} on"
        yield Fault(Kind.REMOVED, text, found.start, checkpoint.size)
    elif gaps:
        for start, end in gaps:
            yield Fault(Kind.REMOVED, f"{_lines(end - start)} removed here", start, end)
    elif missing > 0:
        yield Fault(Kind.REMOVED, f"{_lines(missing)} removed {where}", found.start, checkpoint.size)
    elif missing < 0:
        yield Fault(Kind.ADDED, f"{_lines(-missing)} added {where}", found.start, checkpoint.size)
    else:
        yield Fault(Kind.CHANGED, f"something was changed {where}", found.start, checkpoint.size)


def _gaps(found: Range, checkpoint: Checkpoint) -> Iterator[tuple[int, int]]:
    """Positions that no line has, if the lines have kept their numbers."""
    numbers = [entry.position for entry in found.entries]
    kept = all(one < other for one, other in pairwise(numbers))
    if not kept or (numbers and not found.start <= numbers[0] <= numbers[-1] < checkpoint.size):
        return
    at = found.start
    for number in [*numbers, checkpoint.size]:
        if number > at:
            yield at, number
        at = number + 1


def _lines(count: int) -> str:
    return "a line was" if count == 1 else f"{count} lines were"


def _root_of(found: Range, entries: Sequence[Entry]) -> bytes:
    return _root(found, [entry.noted for entry in entries])


def _root(found: Range, leaves: Sequence[bytes]) -> bytes:
    assert found.before is not None
    return search.root_after(found.before, leaves)
