"""What a statement demands of the handshake: what is not understood is not taken for nothing."""

from typing import Any

import pytest

from wire.errors import Malformed
from wire.statement import ANYTHING, Demands, demands_in


def test_members_that_are_missing_demand_nothing() -> None:
    assert demands_in({}) == demands_in({"policy": {}}) == demands_in({"policy": {"idle_seconds": 5}}) == ANYTHING
    assert demands_in({"policy": {"verification": "link", "pq_required": True}}) == Demands("link", True)


@pytest.mark.parametrize(
    "policy",
    [
        {"verification": "none"},
        {"verification": None},
        {"verification": ["link"]},
        {"pq_required": "no"},
        {"pq_required": 0},
        [],
    ],
)
def test_lying_or_later_demands_are_refused(policy: Any) -> None:
    with pytest.raises(Malformed):
        demands_in({"policy": policy})
