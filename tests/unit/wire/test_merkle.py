"""Trees and proofs against published roots, and against the definitions of RFC 9162 written down as they stand there."""

import json
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wire import merkle

PUBLISHED = json.loads((Path(__file__).parents[2] / "vectors/rfc9162/tree.json").read_text())
SIZES = st.integers(1, 70)


def mth(data: Sequence[bytes]) -> bytes:
    """MTH(D_n) of section 2.1.1."""
    if len(data) <= 1:
        return sha256(b"\x00" + data[0]).digest() if data else sha256().digest()
    k = 1 << (len(data) - 1).bit_length() - 1
    return sha256(b"\x01" + mth(data[:k]) + mth(data[k:])).digest()


def path(m: int, data: Sequence[bytes]) -> list[bytes]:
    """PATH(m, D_n) of section 2.1.3.1."""
    if len(data) == 1:
        return []
    k = 1 << (len(data) - 1).bit_length() - 1
    return [*path(m, data[:k]), mth(data[k:])] if m < k else [*path(m - k, data[k:]), mth(data[:k])]


def subproof(m: int, data: Sequence[bytes], known: bool) -> list[bytes]:
    """SUBPROOF(m, D_n, b) of section 2.1.4.1."""
    if m == len(data):
        return [] if known else [mth(data)]
    k = 1 << (len(data) - 1).bit_length() - 1
    if m <= k:
        return [*subproof(m, data[:k], known), mth(data[k:])]
    return [*subproof(m - k, data[k:], False), mth(data[:k])]


def leaves(size: int) -> list[bytes]:
    return [b"leaf %d" % number for number in range(size)]


def hashes(data: Sequence[bytes], ranges: list[merkle.Range]) -> list[bytes]:
    def known(start: int, end: int) -> bytes | None:
        return merkle.leaf_hash(data[start]) if end - start == 1 else None

    return [merkle.range_hash(*one, known) for one in ranges]


@pytest.mark.parametrize("size", range(len(PUBLISHED["roots"])))
def test_published_roots(size: int) -> None:
    data = [bytes.fromhex(leaf) for leaf in PUBLISHED["leaves"][:size]]
    assert merkle.root_of(map(merkle.leaf_hash, data)).hex() == PUBLISHED["roots"][size]


@settings(max_examples=60)
@given(SIZES)
def test_a_frontier_is_the_tree_of_the_rfc(size: int) -> None:
    data, frontier = leaves(size), merkle.Frontier()
    for leaf in data:
        frontier.append(merkle.leaf_hash(leaf))
    assert frontier.root() == mth(data)
    assert frontier.nodes == hashes(data, frontier.ranges())
    again = merkle.Frontier.unpacked(size, frontier.packed())
    again.append(merkle.leaf_hash(b"one more"))
    assert (frontier.size, again.root()) == (size, mth([*data, b"one more"]))


@settings(max_examples=60)
@given(SIZES)
def test_growing_tells_what_was_completed(size: int) -> None:
    data, frontier, completed = leaves(size), merkle.Frontier(), {}
    for number, leaf in enumerate(data, 1):
        for level, root in enumerate(frontier.grow(merkle.leaf_hash(leaf)), 1):
            completed[number - (1 << level), number] = root
    assert frontier.root() == mth(data)
    assert completed == {(start, end): mth(data[start:end]) for start, end in completed}
    assert all((start, start + 2) in completed for start in range(0, size - 1, 2))


@settings(max_examples=60)
@given(SIZES, st.data())
def test_proofs_of_inclusion(size: int, draw: st.DataObject) -> None:
    data, index = leaves(size), draw.draw(st.integers(0, size - 1))
    proof = hashes(data, merkle.inclusion_path(index, size))
    root, leaf = mth(data), merkle.leaf_hash(data[index])
    assert proof == path(index, data)
    assert merkle.verify_inclusion(leaf, index, size, proof, root)
    other = draw.draw(st.integers(0, size + 1))
    assert merkle.verify_inclusion(leaf, other, size, proof, root) == (other == index)
    assert not merkle.verify_inclusion(merkle.leaf_hash(b"another"), index, size, proof, root)
    for wrong in spoiled(proof, draw):
        assert not merkle.verify_inclusion(leaf, index, size, wrong, root)


@settings(max_examples=60)
@given(SIZES, st.data())
def test_proofs_of_consistency(new: int, draw: st.DataObject) -> None:
    data, old = leaves(new), draw.draw(st.integers(1, new))
    proof = hashes(data, merkle.consistency_path(old, new))
    before, after = mth(data[:old]), mth(data)
    assert proof == subproof(old, data, True)
    assert merkle.verify_consistency(old, new, before, after, proof)
    assert not merkle.verify_consistency(old, new, before, mth([*data, b"x"]), proof)
    assert not merkle.verify_consistency(old, new, merkle.EMPTY, after, proof)
    for wrong in spoiled(proof, draw):
        assert not merkle.verify_consistency(old, new, before, after, wrong)


@settings(max_examples=60)
@given(SIZES, st.data())
def test_stale_history_with_one_changed_leaf_is_consistent_with_nothing(new: int, draw: st.DataObject) -> None:
    data, old = leaves(new), draw.draw(st.integers(1, new))
    changed = draw.draw(st.integers(0, old - 1))
    forged = [*data[:changed], b"changed", *data[changed + 1 :]]
    proof = hashes(forged, merkle.consistency_path(old, new))
    assert not merkle.verify_consistency(old, new, mth(data[:old]), mth(forged), proof)


def spoiled(proof: list[bytes], draw: st.DataObject) -> list[list[bytes]]:
    """The same proof, cut, lengthened, with a bit turned over, and with a hash of the wrong size."""
    more = [[*proof, bytes(32)], [bytes(32), *proof]]
    if proof:
        at = draw.draw(st.integers(0, len(proof) - 1))
        turned = bytes([proof[at][0] ^ 1]) + proof[at][1:]
        more += [proof[:-1], [*proof[:at], turned, *proof[at + 1 :]], [*proof[:at], proof[at][:-1], *proof[at + 1 :]]]
    return more


def test_impossible_sizes_are_refused() -> None:
    for index, size in ((0, 0), (3, 3), (-1, 2), (0, merkle.MAX_SIZE + 1)):
        with pytest.raises(ValueError, match="no leaf"):
            merkle.inclusion_path(index, size)
    for old, new in ((0, 3), (4, 3), (1, merkle.MAX_SIZE + 1)):
        with pytest.raises(ValueError, match="no beginning"):
            merkle.consistency_path(old, new)
    with pytest.raises(ValueError, match="each bit"):
        merkle.Frontier(3, [bytes(32)])
    with pytest.raises(ValueError, match="32 bytes"):
        merkle.Frontier(1, [bytes(31)])
    with pytest.raises(ValueError, match="32 bytes"):
        merkle.Frontier.unpacked(1, bytes(33))
    with pytest.raises(LookupError, match="leaf 0"):
        merkle.range_hash(0, 4, lambda *_: None)
