"""The kernels of the screen pipeline against memory itself."""

import itertools
import random
import sys

from bench.table import Table, in_turns
from ext import IMPLEMENTATION, diff_tiles, forward

WIDTH, HEIGHT = 1920, 1080
SIZE = WIDTH * HEIGHT * 4
ROTATED = 6
"""Pairs of frames taken in turn, so that none is in the cache."""


def frames(seed: int) -> tuple[bytes, bytes]:
    """Two equal frames in different memory."""
    row = random.Random(seed).randbytes(WIDTH * 4)
    return row * HEIGHT, bytes(bytearray(row * HEIGHT))


def main() -> int:
    table, marks = Table("screen"), bytearray(30 * 17)
    new, old = frames(0)

    def diff(a: bytes, b: bytes) -> None:
        if diff_tiles(a, b, WIDTH, HEIGHT, WIDTH * 4, marks):
            raise AssertionError("the frames are equal")

    def compare(a: bytes, b: bytes) -> None:
        if a != b:  # one memcmp
            raise AssertionError("the frames are equal")

    note = f"ms, 1920x1080 unchanged, {IMPLEMENTATION}"
    ours, other = in_turns(lambda: diff(new, old), lambda: compare(new, old))
    table.at_most("framediff against one memcmp, frames in the cache", ours, other, 1.2, note)

    pairs = [frames(n) for n in range(ROTATED)]
    mine, theirs = itertools.cycle(pairs), itertools.cycle(pairs[ROTATED // 2 :] + pairs[: ROTATED // 2])
    ours, other = in_turns(lambda: diff(*next(mine)), lambda: compare(*next(theirs)))
    table.at_most("framediff against one memcmp, frames from memory", ours, other, 1.2, note)

    planes, target = bytearray(WIDTH * HEIGHT * 3), bytearray(SIZE)

    def predict() -> None:
        forward(new, WIDTH * 4, 0, 0, WIDTH, HEIGHT, planes, 0)

    def copy() -> None:
        target[:] = new

    ours, other = in_turns(predict, copy)
    table.at_most(
        "prediction of a full screen against one memcpy of it", ours, other, 8.0, "ms, no goal was set; 8 is ours"
    )
    return table.finish()


if __name__ == "__main__":
    sys.exit(main())
