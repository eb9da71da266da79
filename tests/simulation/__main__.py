"""`python -m tests.simulation 17`: the story of a seed; `python -m tests.simulation 0-5000`: many of them."""

import sys
import time
from concurrent.futures import ProcessPoolExecutor

from tests.simulation.story import Story


def judged(seed: int) -> tuple[int, list[str]]:
    """A seed and what went wrong in it; a crash of the code under test is wrong too."""
    try:
        return seed, Story(seed).run()
    except Exception as error:
        return seed, [f"crash: {type(error).__name__}: {error}"]


def main(arguments: list[str]) -> int:
    first, _, last = (arguments[0] if arguments else "0-2000").partition("-")
    if not last:
        return tell(int(first))
    began, failed, seeds = time.monotonic(), 0, range(int(first), int(last))
    with ProcessPoolExecutor() as pool:
        for seed, wrong in pool.map(judged, seeds, chunksize=8):
            if wrong:
                failed += 1
                print(f"seed {seed}: {wrong[0]}" + (f" (and {len(wrong) - 1} more)" if wrong[1:] else ""))
    print(f"{len(seeds)} seeds in {time.monotonic() - began:.0f} s, {failed} with a violation")
    return 1 if failed else 0


def tell(seed: int) -> int:
    """One seed, as a story."""
    story = Story(seed)
    wrong = story.run()
    for when, what in story.world.story:
        print(f"{when - 1000:8.3f}  {what}")
    for line in wrong:
        print(f"     !!!  {line}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
