"""Merkle trees of RFC 9162 (section 2.1): hashing, a compact range that grows by one leaf at a time, and both kinds of proof.

A proof is a list of *ranges* of leaves, each named by where it starts and where it ends; whoever has their hashes makes the
proof of them (`inclusion_path`, `consistency_path`). So the tree may lie in a table, in memory, or in part have been
purged, and the shape of a proof is known in one place. A *hash* is 32 bytes; a *size* is a number of leaves.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

HASH_BYTES: Final = 32
EMPTY: Final = hashlib.sha256().digest()
"""The root of a tree without leaves."""
MAX_SIZE: Final = 1 << 53
"""Leaves that are counted: sizes are numbers in JSON."""
MAX_PROOF: Final = 2 * 53
"""Hashes in a proof of a tree of `MAX_SIZE`."""

Range: TypeAlias = tuple[int, int]
"""Leaves from the first number up to, not including, the second."""

_sha256 = hashlib.sha256


def leaf_hash(data: bytes) -> bytes:
    """Of one leaf: its bytes behind a zero byte."""
    return _sha256(b"\0" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Of two subtrees: their hashes behind a one byte, so that no leaf can be taken for a node."""
    return _sha256(b"\1" + left + right).digest()


@dataclass(slots=True)
class Frontier:
    """A compact range: the roots of the largest whole subtrees from the left, one for each bit of `size`.

    It is all that is needed to add leaves and to know the root, in at most 53 hashes however many leaves there were.
    """

    size: int = 0
    nodes: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        if not 0 <= self.size <= MAX_SIZE or len(self.nodes) != self.size.bit_count():
            raise ValueError("a frontier has one hash for each bit of its size")
        if any(len(node) != HASH_BYTES for node in self.nodes):
            raise ValueError(f"a hash has {HASH_BYTES} bytes")

    def append(self, leaf: bytes) -> None:
        """Add a leaf by its hash."""
        size, nodes = self.size, self.nodes
        while size & 1:
            leaf = _sha256(b"\1" + nodes.pop() + leaf).digest()
            size >>= 1
        nodes.append(leaf)
        self.size += 1

    def grow(self, leaf: bytes) -> list[bytes]:
        """The same; the roots of the subtrees that it completes: of two leaves, of four, …"""
        size, nodes, completed = self.size, self.nodes, []
        while size & 1:
            leaf = _sha256(b"\1" + nodes.pop() + leaf).digest()
            completed.append(leaf)
            size >>= 1
        nodes.append(leaf)
        self.size += 1
        return completed

    def root(self) -> bytes:
        """The root of the tree as it is now."""
        if not self.nodes:
            return EMPTY
        root = self.nodes[-1]
        for node in reversed(self.nodes[:-1]):
            root = node_hash(node, root)
        return root

    def ranges(self) -> list[Range]:
        """Which leaves each of `nodes` covers."""
        return whole_subtrees(self.size)

    def packed(self) -> bytes:
        """All nodes behind one another."""
        return b"".join(self.nodes)

    @classmethod
    def unpacked(cls, size: int, packed: bytes) -> "Frontier":
        """From `packed`; ValueError when it does not fit the size."""
        return cls(size, split_hashes(packed))

    def copy(self) -> "Frontier":
        """One that grows on its own."""
        return Frontier(self.size, list(self.nodes))


def root_of(leaves: Iterable[bytes]) -> bytes:
    """The root over leaves given by their hashes."""
    frontier = Frontier()
    for leaf in leaves:
        frontier.append(leaf)
    return frontier.root()


def split_hashes(packed: bytes) -> list[bytes]:
    """Hashes that were put behind one another; ValueError when the last is not whole."""
    if len(packed) % HASH_BYTES:
        raise ValueError(f"a hash has {HASH_BYTES} bytes")
    return [packed[at : at + HASH_BYTES] for at in range(0, len(packed), HASH_BYTES)]


def whole_subtrees(size: int) -> list[Range]:
    """The largest whole subtrees that together are the first `size` leaves, from the left."""
    ranges, start = [], 0
    for level in reversed(range(size.bit_length())):
        if size >> level & 1:
            ranges.append((start, start + (1 << level)))
            start += 1 << level
    return ranges


def split(start: int, end: int) -> int:
    """Where a subtree of at least two leaves divides: the largest power of two below its number of leaves."""
    return start + (1 << (end - start - 1).bit_length() - 1)


def inclusion_path(index: int, size: int) -> list[Range]:
    """The ranges whose hashes prove that a leaf is at `index` in a tree of `size`, from the leaf up (RFC 9162, 2.1.3.1)."""
    if not 0 <= index < size <= MAX_SIZE:
        raise ValueError(f"there is no leaf {index} in a tree of {size}")
    path, start, end = [], 0, size
    while end - start > 1:
        middle = split(start, end)
        if index < middle:
            path.append((middle, end))
            end = middle
        else:
            path.append((start, middle))
            start = middle
    return path[::-1]


def consistency_path(old: int, new: int) -> list[Range]:
    """The ranges whose hashes prove that a tree of `new` leaves begins with one of `old` leaves (RFC 9162, 2.1.4.1)."""
    if not 0 < old <= new <= MAX_SIZE:
        raise ValueError(f"a tree of {old} is no beginning of one of {new}")
    if old == new:
        return []
    path, start, end, known = [], 0, new, True
    while old != end:
        middle = split(start, end)
        if old <= middle:
            path.append((middle, end))
            end = middle
        else:
            path.append((start, middle))
            start, known = middle, False
    if not known:
        path.append((start, end))
    return path[::-1]


def range_hash(start: int, end: int, known: Callable[[int, int], bytes | None]) -> bytes:
    """The hash of a subtree, put together of those that `known` has; LookupError when a leaf is missing."""
    found = known(start, end)
    if found is not None:
        return found
    if end - start == 1:
        raise LookupError(f"leaf {start} is not there")
    middle = split(start, end)
    return node_hash(range_hash(start, middle, known), range_hash(middle, end, known))


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether `proof` shows that the leaf with this hash is at `index` of the tree (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size <= MAX_SIZE or not _is_proof(proof):
        return False
    place, last, found = index, size - 1, leaf
    for node in proof:
        if last == 0:
            return False
        if place & 1 or place == last:
            found = node_hash(node, found)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            found = node_hash(found, node)
        place, last = place >> 1, last >> 1
    return last == 0 and found == root


def verify_consistency(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether `proof` shows that the tree of `new` leaves begins with the one of `old` leaves (RFC 9162, 2.1.4.2)."""
    if not 0 < old <= new <= MAX_SIZE or not _is_proof(proof):
        return False
    if old == new:
        return not proof and old_root == new_root
    hashes = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    if not hashes:
        return False
    place, last = old - 1, new - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    before = after = hashes[0]
    for node in hashes[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            before, after = node_hash(node, before), node_hash(node, after)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            after = node_hash(after, node)
        place, last = place >> 1, last >> 1
    return last == 0 and before == old_root and after == new_root


def _is_proof(proof: Sequence[bytes]) -> bool:
    return len(proof) <= MAX_PROOF and all(len(node) == HASH_BYTES for node in proof)
