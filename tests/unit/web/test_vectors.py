"""The browser's implementation of the wire against the shared vectors (tests/vectors/README.md)."""

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

VECTORS = Path(__file__).resolve().parents[2] / "vectors"
FILES = sorted(path.stem for path in VECTORS.glob("*.json"))
RUN = "async ([file, vector]) => (await import('/js/vectors.js')).run(file, vector)"

pytestmark = pytest.mark.browser


def cases(file: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((VECTORS / f"{file}.json").read_text())["vectors"]
    return found


def test_every_vector_file_is_used(blank: Page) -> None:
    known = blank.evaluate("async () => (await import('/js/vectors.js')).known")
    assert sorted(known) == FILES


@pytest.mark.parametrize(
    ("file", "vector"),
    [(f, v) for f in FILES for v in cases(f)],
    ids=lambda v: str(v["id"]) if isinstance(v, dict) else v,
)
def test_vector(blank: Page, file: str, vector: dict[str, Any]) -> None:
    blank.evaluate(RUN, [file, vector])
