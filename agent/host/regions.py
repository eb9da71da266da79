"""From changed tiles to few rectangles: join tiles, then trim to the changed pixels (DESIGN: never code tiles one by one)."""

from ext import TILE, trim
from wire.messages.picture import Rectangle


def _runs(marks: bytearray | memoryview, across: int, row: int) -> list[tuple[int, int]]:
    """`(first tile, tile after the last)` of each run of changed tiles in a row."""
    line, runs, at = bytes(marks[row * across : (row + 1) * across]), [], 0
    while (start := line.find(1, at)) >= 0:
        end = line.find(0, start)
        at = across if end < 0 else end
        runs.append((start, at))
        if end < 0:
            break
    return runs


def joined(marks: bytearray, width: int, height: int) -> list[Rectangle]:
    """Rectangles of whole tiles: equal runs of neighbouring rows are one."""
    across, down = -(-width // TILE), -(-height // TILE)
    done: list[Rectangle] = []
    open_runs: dict[tuple[int, int], int] = {}

    def close(run: tuple[int, int], first: int, after: int) -> None:
        left, top = run[0] * TILE, first * TILE
        done.append(Rectangle(left, top, min(run[1] * TILE, width) - left, min(after * TILE, height) - top))

    for row in range(down):
        runs = _runs(marks, across, row)
        for run in [run for run in open_runs if run not in runs]:
            close(run, open_runs.pop(run), row)
        for run in runs:
            open_runs.setdefault(run, row)
    for run, first in open_runs.items():
        close(run, first, down)
    return done


def changed(
    new: bytes | bytearray | memoryview, old: bytearray, width: int, height: int, marks: bytearray
) -> list[Rectangle]:
    """The trimmed rectangles that hold every changed pixel of the marked tiles."""
    boxes = (trim(new, old, width * 4, *rectangle) for rectangle in joined(marks, width, height))
    return [Rectangle(*box) for box in boxes if box is not None]
