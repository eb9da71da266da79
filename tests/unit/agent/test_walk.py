"""Walking the relay list: every relay has its turn, and two ends meet."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.walk import PAUSES_SECONDS, Walk
from wire.errors import Close


def test_refused_relays_are_tried_in_order_and_rounds_grow_longer() -> None:
    walk = Walk(3, 3.0)
    seen, pauses = [], []
    for _ in range(9):
        seen.append(walk.relay)
        pauses.append(walk.refused())
    assert seen == [0, 1, 2] * 3
    assert pauses[2::3] == list(PAUSES_SECONDS[:3])
    assert all(pause < PAUSES_SECONDS[0] for place, pause in enumerate(pauses) if place % 3 != 2)


def test_a_connection_ends_the_growing_of_the_pauses() -> None:
    walk = Walk(1, 3.0)
    assert [walk.refused() for _ in range(8)] == [*PAUSES_SECONDS, PAUSES_SECONDS[-1], PAUSES_SECONDS[-1]]
    walk.connected(0.0)
    assert walk.refused() == PAUSES_SECONDS[0]


@pytest.mark.parametrize(("code", "next_relay"), [(0, 1), (Close.DRAIN, 1), (Close.SLOW, 0), (Close.GOODBYE, 0)])
def test_a_relay_that_vanished_or_drains_is_not_tried_first(code: int, next_relay: int) -> None:
    walk = Walk(2, 3.0)
    walk.connected(0.0)
    assert walk.lost(code) is None
    assert walk.relay == next_relay


@pytest.mark.parametrize("code", [Close.REPLACED, Close.KICKED, Close.ENDED])
def test_some_ends_are_for_good(code: int) -> None:
    assert Walk(2, 3.0).lost(code) in {"replaced", "kicked", "ended"}


def test_leaving_goes_on_to_the_next_once() -> None:
    walk = Walk(2, 3.0)
    walk.connected(0.0)
    walk.leave()
    walk.lost(Close.GOODBYE)
    assert walk.relay == 1
    walk.connected(1.0)
    walk.lost(Close.GOODBYE)
    assert walk.relay == 1


def test_alone_counts_from_the_last_company() -> None:
    walk = Walk(2, 3.0)
    walk.connected(10.0)
    assert not walk.too_long_alone(12.9, alone=True, may_move_on=True)
    assert not walk.too_long_alone(13.1, alone=False, may_move_on=True)
    assert not walk.too_long_alone(16.0, alone=True, may_move_on=True)
    assert walk.too_long_alone(16.2, alone=True, may_move_on=True)


def test_nobody_leaves_the_only_relay_or_before_the_first_meeting() -> None:
    only, unmet = Walk(1, 3.0), Walk(2, 3.0)
    only.connected(0.0)
    unmet.connected(0.0)
    assert not only.too_long_alone(100.0, alone=True, may_move_on=True)
    assert not unmet.too_long_alone(100.0, alone=True, may_move_on=False)


@given(
    relays=st.integers(2, 5),
    host_at=st.integers(0, 4),
    viewer_at=st.integers(0, 4),
    host_starts=st.floats(0, 30),
    viewer_starts=st.floats(0, 30),
)
def test_two_that_met_before_meet_again_wherever_they_are(
    relays: int, host_at: int, viewer_at: int, host_starts: float, viewer_starts: float
) -> None:
    """Docs/protocol.md 9: a viewer moves on after 3 s, a host after 3·n + 3 s."""
    walks = {"host": Walk(relays, 3.0 * relays + 3.0), "viewer": Walk(relays, 3.0)}
    starts = {"host": host_starts, "viewer": viewer_starts}
    for name, place in (("host", host_at), ("viewer", viewer_at)):
        for _ in range(place % relays):
            walks[name].refused()
    now = 0.0
    connected: set[str] = set()
    while now < 60 + 3 * (3 * relays + 3):
        now += 0.25
        for name, walk in walks.items():
            if name not in connected and now >= starts[name]:
                connected.add(name)
                walk.connected(now)
        if connected == set(walks) and walks["host"].relay == walks["viewer"].relay:
            return
        for name in connected:
            if walks[name].too_long_alone(now, alone=True, may_move_on=True):
                walks[name].leave()
                walks[name].lost(Close.GOODBYE)
                walks[name].connected(now)
    raise AssertionError("they never met")
