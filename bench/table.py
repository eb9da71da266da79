"""How every bench prints and keeps its rows: a ratio against something measured in the same run, never a bare time."""

import json
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

OUT = Path(__file__).parent / "out"


@dataclass
class Row:
    """One figure: ours and the other's in the same unit, their ratio, and the goal it is held against."""

    figure: str
    ours: float
    other: float
    ratio: float
    goal: float
    holds: bool
    note: str


@dataclass
class Table:
    """The rows of one bench."""

    name: str
    rows: list[Row] = field(default_factory=list)
    _floors: list[str] = field(default_factory=list)
    """Figures whose goal is the least."""

    def at_most(self, figure: str, ours: float, other: float, goal: float, note: str) -> None:
        """A row whose ratio ours/other should be at most `goal`."""
        ratio = ours / other
        self.rows.append(Row(figure, ours, other, ratio, goal, ratio <= goal, note))

    def at_least(self, figure: str, ours: float, other: float, goal: float, note: str) -> None:
        """A row whose ratio ours/other should be at least `goal`."""
        ratio = ours / other
        self.rows.append(Row(figure, ours, other, ratio, goal, ratio >= goal, note))
        self._floors.append(figure)

    def finish(self) -> int:
        """Print the table, write bench/out/NAME.json; 0 when every goal holds."""
        print(f"{'figure':<58} {'ours':>10} {'other':>10} {'ratio':>7} {'goal':>7}  holds  note")
        for row in self.rows:
            holds = "yes" if row.holds else "NO"
            sign = "≥" if row.figure in self._floors else "≤"
            values = f"{row.ours:>10.3f} {row.other:>10.3f} {row.ratio:>6.2f}x {sign}{row.goal:>5.2f}x"
            print(f"{row.figure:<58} {values}  {holds:<5}  {row.note}")
        OUT.mkdir(exist_ok=True)
        (OUT / f"{self.name}.json").write_text(json.dumps([asdict(row) for row in self.rows], indent=1) + "\n")
        return 0 if all(row.holds for row in self.rows) else 1


def in_turns(ours: Callable[[], object], other: Callable[[], object], rounds: int = 60) -> tuple[float, float]:
    """Median milliseconds of two things done in turns, so that noise meets both."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        for work, kept in zip((ours, other), times, strict=True):
            start = time.perf_counter()
            work()
            kept.append((time.perf_counter() - start) * 1e3)
    return statistics.median(times[0]), statistics.median(times[1])
