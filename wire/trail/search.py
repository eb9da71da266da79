"""Which one line was added to a range, or moved in it: found by trying, where the range is short enough to try.

`before` is the compact range at the range's start; `leaves` are the hashes as they stand now; `root` is what was signed for the
end of the range.
"""

from collections.abc import Sequence
from typing import Final

from wire.merkle import Frontier

MOST_FOR_ADDED: Final = 1024
"""Lines in a range; trying costs a hash for each pair of them."""
MOST_FOR_MOVED: Final = 48
"""The same, but a hash for each three."""


def added(before: Frontier, leaves: Sequence[bytes], root: bytes) -> int | None:
    """The index of the one leaf without which the range is as it was signed."""
    if len(leaves) > MOST_FOR_ADDED:
        return None
    begun = before.copy()
    for index, leaf in enumerate(leaves):
        if root_after(begun, leaves[index + 1 :]) == root:
            return index
        begun.append(leaf)
    return None


def swapped(before: Frontier, leaves: Sequence[bytes], root: bytes) -> tuple[int, int] | None:
    """Two leaves that have changed places: where they are now."""
    if len(leaves) > MOST_FOR_MOVED:
        return None
    for one in range(len(leaves)):
        for other in range(one + 1, len(leaves)):
            changed = list(leaves)
            changed[one], changed[other] = leaves[other], leaves[one]
            if root_after(before, changed) == root:
                return one, other
    return None


def carried(before: Frontier, leaves: Sequence[bytes], root: bytes) -> tuple[int, int] | None:
    """One leaf that was taken out and put in again elsewhere: where it is, and where it was."""
    if len(leaves) > MOST_FOR_MOVED:
        return None
    for index, leaf in enumerate(leaves):
        rest = [*leaves[:index], *leaves[index + 1 :]]
        for place in range(len(leaves)):
            if place != index and root_after(before, [*rest[:place], leaf, *rest[place:]]) == root:
                return index, place
    return None


def root_after(before: Frontier, leaves: Sequence[bytes]) -> bytes:
    """The root when these leaves follow."""
    grown = before.copy()
    for leaf in leaves:
        grown.append(leaf)
    return grown.root()
