"""Delays and budgets of signing in: the same in memory and in a table."""

from pathlib import Path

import pytest

from api.auth.budgets import ADDRESS_FAILURES, ADDRESS_WINDOW_SECONDS, SignInBudgets
from api.budgets.counts import LONGEST_WINDOW_SECONDS, Counts
from api.problems import TooManyRequests
from tests.unit.api.test_join_budgets import KINDS, Kind, Time

HERE = "192.0.2.7"


def made(counts: Counts) -> tuple[SignInBudgets, Time]:
    time = Time()
    return SignInBudgets(time, lambda whose: whose, counts), time


@pytest.mark.parametrize("kind", KINDS)
async def test_waiting_doubles_up_to_a_limit_and_ends_with_success(kind: Kind, tmp_path: Path) -> None:
    async with kind(tmp_path) as counts:
        budgets, time = made(counts)
        waits = []
        for number in range(18):
            await budgets.failed("a/b", f"10.0.0.{number}")
            standing = await budgets.standing("a/b", HERE)
            waits.append(0 if standing.remaining else standing.reset_seconds)
        assert waits == [0] * 5 + [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]
        with pytest.raises(TooManyRequests):
            await budgets.check("a/b", HERE)
        await budgets.check("a/c", HERE)
        await budgets.check_address(HERE)
        time.now += 900
        await budgets.check("a/b", HERE)
        await budgets.succeeded("a/b")
        await budgets.failed("a/b", HERE)
        await budgets.check("a/b", HERE)


@pytest.mark.parametrize("kind", KINDS)
async def test_an_address_has_a_budget_that_comes_back_as_time_passes(kind: Kind, tmp_path: Path) -> None:
    async with kind(tmp_path) as counts:
        budgets, time = made(counts)
        assert (await budgets.headers(None, HERE))["RateLimit"] == f'"sign-in";r={ADDRESS_FAILURES};t=0'
        for _ in range(ADDRESS_FAILURES):
            await budgets.check_address(HERE)
            time.now += 1
            await budgets.failed_address(HERE)
        with pytest.raises(TooManyRequests) as refused:
            await budgets.check_address(HERE)
        assert refused.value.headers["Retry-After"] == str(ADDRESS_WINDOW_SECONDS - ADDRESS_FAILURES + 1)
        await budgets.check_address("192.0.2.8")
        time.now += ADDRESS_WINDOW_SECONDS - ADDRESS_FAILURES + 1.5
        assert (await budgets.standing(None, HERE)).remaining == 1
        time.now += LONGEST_WINDOW_SECONDS
        assert (await budgets.standing(None, HERE)).remaining == ADDRESS_FAILURES
