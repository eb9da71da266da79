"""Builds what is shipped as the Dockerfile does: the same files (.dockerignore), the same scripts (tools/image)."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 240
"""For one step: far more than it takes, so that a slow machine does not matter."""
STOP_SECONDS = 20


def _ignored(path: str, rules: list[str]) -> bool:
    """Whether .dockerignore keeps `path` (from the root, with /) away; the last rule that speaks of it decides."""
    verdict = False
    for rule in rules:
        pattern = rule.removeprefix("!")
        names = [path, *(parent.as_posix() for parent in Path(path).parents if parent != Path())]
        tail = pattern.removeprefix("**/")
        if any(fnmatchcase(Path(name).name if tail != pattern else name, tail) for name in names):
            verdict = not rule.startswith("!")
    return verdict


def context_files(root: Path) -> Iterator[str]:
    """What `docker build` would send, in order."""
    rules = [line for line in (root / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    for folder, folders, files in os.walk(root):
        inside = Path(folder).relative_to(root)
        # A folder that is left out by `*` alone cannot have anything let in below it by these rules.
        folders[:] = sorted(name for name in folders if not _ignored((inside / name).as_posix(), rules))
        yield from (path for name in sorted(files) if not _ignored(path := (inside / name).as_posix(), rules))


def copy_context(target: Path) -> Path:
    """The clean tree that a builder has."""
    for name in context_files(ROOT):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target / name)
    return target


def clean_environment(**more: str) -> dict[str, str]:
    """The environment without settings of ours and without anything that leads back to this checkout."""
    ours = ("TASUKI_", "PYTHON", "VIRTUAL_ENV", "COVERAGE", "PYTEST")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return kept | {"PYTHON": sys.executable, "TASUKI_PIP_OPTIONS": "--no-compile"} | more


def run(*command: str | Path, cwd: Path, **more: str) -> "subprocess.CompletedProcess[str]":
    """Run to the end, whatever the exit code."""
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=clean_environment(**more),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def must(*command: str | Path, cwd: Path, **more: str) -> str:
    """Run to the end; what it printed. A failure shows what it said."""
    done = run(*command, cwd=cwd, **more)
    assert done.returncode == 0, f"{command} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
    return done.stdout


@contextmanager
def process(*command: str | Path, cwd: Path, **more: str) -> "Iterator[subprocess.Popen[str]]":
    """A process that is stopped at the end; what it says on stderr is in the file of that name in `cwd`."""
    words = [str(part) for part in command]
    with (
        (cwd / "stderr").open("w") as stderr,
        subprocess.Popen(
            words, cwd=cwd, env=clean_environment(**more), stdout=subprocess.PIPE, stderr=stderr, text=True
        ) as started,
    ):
        try:
            yield started
        finally:
            started.terminate()
            try:
                started.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                started.kill()
