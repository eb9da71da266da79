"""Inputs to start from: the shared vectors (tests/vectors), as bytes."""

import json
from pathlib import Path
from typing import Any

VECTORS = Path(__file__).parents[1] / "vectors"


def vectors(file: str) -> list[dict[str, Any]]:
    """The vectors of a file."""
    found: list[dict[str, Any]] = json.loads((VECTORS / f"{file}.json").read_text())["vectors"]
    return found


def hexes(file: str, *members: str) -> list[bytes]:
    """The bytes of these members of all vectors that have them."""
    return [bytes.fromhex(v[member]) for v in vectors(file) for member in members if isinstance(v.get(member), str)]
