"""The locked requirements of one part, with their hashes: `python tools/requirements.py api relay agent build …`

constraints.txt locks everything there is; an environment gets only what its extras need. Which package came in through
which is in the lock file's own `# via` lines, so nothing needs to be installed to know it. `build` is what compiles the
wheel (`[build-system]` in pyproject.toml). The result goes to `pip install --require-hashes -r`.
"""

import re
import sys
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
OURSELVES = "tasuki"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class RequirementsError(Exception):
    """What is missing, and what to do about it."""


@dataclass(frozen=True, slots=True)
class Locked:
    """One package of the lock file."""

    lines: tuple[str, ...]
    """Its version, marker and hashes, as written."""
    via: frozenset[str]
    """Who needs it."""


def canonical(name: str) -> str:
    """One spelling of a package's name (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def read_lock(text: str) -> dict[str, Locked]:
    """The lock file by package name."""
    found = {}
    for block in re.split(r"\n(?=[A-Za-z0-9])", text.strip()):
        lines = block.splitlines()
        kept = tuple(line for line in lines if not line.lstrip().startswith("#"))
        comments = " ".join(line.strip(" #") for line in lines if line.lstrip().startswith("#"))
        via = _NAME.findall(re.sub(r"\(.*?\)|^via\b", " ", comments))
        found[_name(lines[0])] = Locked(kept, frozenset(map(canonical, via)))
    return found


def roots(project: dict[str, Any], part: str) -> set[str]:
    """What `part` names in pyproject.toml; RequirementsError when there is no such part."""
    if part == "build":
        return {_name(line) for line in project["build-system"]["requires"]}
    extras = project["project"]["optional-dependencies"]
    if part not in extras:
        raise RequirementsError(f"{part!r} is none of {', '.join(sorted([*extras, 'build']))}")
    return {_name(line) for line in [*project["project"]["dependencies"], *extras[part]]}


def closure(lock: dict[str, Locked], wanted: set[str]) -> list[str]:
    """`wanted` and all that came in through it, by name."""
    if missing := sorted(wanted - lock.keys()):
        raise RequirementsError(f"constraints.txt does not lock {', '.join(missing)}; run `make lock`")
    found, fresh = set(wanted), set(wanted)
    while fresh:
        fresh = {name for name, package in lock.items() if package.via & fresh} - found
        found |= fresh
    return sorted(found)


def requirements(root: Path, parts: Iterable[str]) -> list[str]:
    """The lines of a requirements file for these parts."""
    project = tomllib.loads((root / "pyproject.toml").read_text())
    lock = read_lock((root / "constraints.txt").read_text())
    wanted = set[str]().union(*(roots(project, part) for part in parts))
    return [line for name in closure(lock, wanted) for line in lock[name].lines]


def _name(line: str) -> str:
    match = _NAME.match(line)
    if match is None:
        raise RequirementsError(f"{line!r} is not a requirement")
    return canonical(match.group())


def main(parts: list[str]) -> int:
    """Entry of the script."""
    if not parts:
        print("usage: python tools/requirements.py PART …   (an extra of pyproject.toml, or build)", file=sys.stderr)
        return 2
    try:
        print("\n".join(requirements(ROOT, parts)))
    except RequirementsError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
