"""Relays die under somebody's hands: a short freeze, no new question, and not one line lost or doubled (C9, R37)."""

from pathlib import Path

import pytest

from tests.chaos.harness import run

pytestmark = [pytest.mark.x11, pytest.mark.xdist_group("chaos")]


@pytest.mark.rule("R37")
def test_kills_under_load_lose_nothing(tmp_path: Path) -> None:
    """Three with the api there, three with the api killed as well."""
    outcome = run(3, 3, tmp_path)
    assert len(outcome.seconds) == 6
    assert outcome.typed > 30
    assert outcome.lost_or_doubled == 0
