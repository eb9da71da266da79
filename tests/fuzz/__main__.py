"""`python -m tests.fuzz [name …]`: every target, or those named, each in a process of its own for FUZZ_SECONDS."""

import importlib
import os
import subprocess
import sys
import time
from pathlib import Path

from tests.fuzz.target import NOT_HERE

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SPARE_SECONDS = 120
"""A target that has not ended so long after its time hangs: that is a finding, too."""
_ONE = "--one"


def names() -> list[str]:
    """Of all targets."""
    return sorted(path.stem.removeprefix("fuzz_") for path in HERE.glob("fuzz_*.py"))


def run_one(name: str, seconds: float) -> None:
    """In this process."""
    importlib.import_module(f"tests.fuzz.fuzz_{name}").fuzz(seconds)


def run_all(wanted: list[str], seconds: float) -> int:
    """The exit code: 0 when no target found anything."""
    unknown = sorted(set(wanted) - set(names()))
    if unknown:
        print(f"no such target: {', '.join(unknown)}; there are {', '.join(names())}")
        return 2
    failed = []
    for name in wanted:
        print(f"── {name}: {seconds:g} s", flush=True)
        began = time.monotonic()
        command = [sys.executable, "-m", "tests.fuzz", _ONE, name, str(seconds)]
        try:
            code = subprocess.run(command, cwd=ROOT, timeout=seconds + SPARE_SECONDS, check=False).returncode
        except subprocess.TimeoutExpired:
            code = -1
        said = {0: "nothing found", NOT_HERE: "not run", -1: "did not end"}.get(code, f"FOUND SOMETHING (exit {code})")
        print(f"── {name}: {said} in {time.monotonic() - began:.0f} s", flush=True)
        if code not in {0, NOT_HERE}:
            failed.append(name)
    print(
        f"{len(wanted) - len(failed)} of {len(wanted)} targets are well"
        + (f"; look at {', '.join(failed)}" if failed else "")
    )
    return 1 if failed else 0


def main(arguments: list[str]) -> int:
    """All, some, or with `--one` one target in this process."""
    if arguments[:1] == [_ONE]:
        run_one(arguments[1], float(arguments[2]))
        return 0
    return run_all(arguments or names(), float(os.environ.get("FUZZ_SECONDS", "60")))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
