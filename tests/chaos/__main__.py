"""`make chaos`: two hundred kills under load, half of them with the api away; prints how long the picture stood still."""

import statistics
import sys
import tempfile
from pathlib import Path

from bench.table import Table
from tests.chaos.harness import Outcome, run

FREEZE_SECONDS = 3.0
TOGETHER = 50
"""Kills in one session: half of them with the api there, half without."""


def main(kills: int) -> int:
    """0 when nothing was lost and the picture came back in time."""
    outcomes = [attack(min(TOGETHER, kills - done)) for done in range(0, kills, TOGETHER)]
    seconds = [second for outcome in outcomes for second in outcome.seconds]
    lost = sum(outcome.lost_or_doubled for outcome in outcomes)
    p95 = statistics.quantiles(seconds, n=20, method="inclusive")[-1] if len(seconds) > 1 else seconds[0]
    table = Table("chaos")
    note = f"median {statistics.median(seconds):.2f} s, worst {max(seconds):.2f} s, {len(seconds)} kills"
    table.at_most("relay killed to next picture, p95 seconds / limit", p95, FREEZE_SECONDS, 1.0, note)
    typed = sum(outcome.typed for outcome in outcomes)
    table.at_most("ordered messages lost or doubled, + 1 / 1", lost + 1.0, 1.0, 1.0, f"{lost} of {typed} typed lines")
    return table.finish()


def attack(kills: int) -> Outcome:
    """Some kills in one session."""
    with tempfile.TemporaryDirectory(prefix="tasuki-chaos-") as folder:
        return run(kills - kills // 2, kills // 2, Path(folder))


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 200))
