"""The bytes a second of a ticket."""

import pytest

from relay.allowance import Allowance


def test_without_a_rate_everything_is_allowed() -> None:
    assert Allowance(None, 0.0).spend(1 << 30, 0.0) == 0.0


def test_a_second_may_be_used_at_once_and_no_more() -> None:
    allowance = Allowance(1000, 0.0)
    assert allowance.spend(1000, 0.0) == 0.0
    assert allowance.spend(500, 0.0) == pytest.approx(0.5)
    assert allowance.spend(0, 0.5) == pytest.approx(0.0)


def test_what_is_not_used_is_not_saved_up() -> None:
    allowance = Allowance(1000, 0.0)
    assert allowance.spend(1000, 100.0) == 0.0
    assert allowance.spend(1000, 100.0) == pytest.approx(1.0)


def test_over_time_the_rate_holds() -> None:
    allowance, now, sent = Allowance(1000, 0.0), 0.0, 0
    while now < 100.0:
        now += allowance.spend(300, now)
        sent += 300
    assert sent <= 1000 * 101.5
