"""Guesses of session codes by the hundred thousand on a clock of our own: what is looked at stays within the budgets."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest
from sqlmodel import SQLModel

import api.models  # noqa: F401 - the tables
from api.budgets.counts import BUCKET_SECONDS, MAX_KEYS, Counts, MemoryCounts, TableCounts
from api.db import Database
from api.join import budgets
from api.join.budgets import JoinBudgets
from api.kit.wake import Waker
from api.problems import TooManyRequests

HOUR = budgets.GLOBAL_WINDOW_SECONDS
EIGHT, TEN = "00000000", "0000000000"


class Time:
    """Seconds since 1970, moved by hand."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


def made(counts: Counts | None = None) -> tuple[JoinBudgets, Time]:
    time = Time()
    return JoinBudgets(time, lambda whose: whose, counts), time


async def guess(guesses: JoinBudgets, address: str, code: str = EIGHT, *, wrong: bool = True) -> bool:
    """Whether the code was looked at."""
    try:
        async with guesses.attempt(address, code) as attempt:
            attempt.failed = wrong
    except TooManyRequests:
        return False
    return True


@asynccontextmanager
async def in_memory(_folder: Path) -> AsyncIterator[Counts]:
    yield MemoryCounts()


@asynccontextmanager
async def in_a_table(folder: Path) -> AsyncIterator[Counts]:
    database = Database(f"sqlite+aiosqlite:///{folder / 'counts.db'}", Waker())
    async with database.engine.begin() as connection:
        await connection.run_sync(SQLModel.metadata.create_all)
    yield TableCounts(database)
    await database.close()


KINDS = [in_memory, in_a_table]
Kind = Callable[[Path], AbstractAsyncContextManager[Counts]]


@pytest.mark.rule("R10")
async def test_a_botnets_guesses_stay_within_the_budgets() -> None:
    """A million, which is a week; `make fuzz` goes on with other ones."""
    await botnet(4711, 1_000_000)


async def botnet(seed: int, total: int) -> None:
    """Guesses of 20,000 addresses in 5,000 networks that never tire, about 100 a minute: what is looked at is bounded."""
    guesses, time = made()
    chance = random.Random(seed)
    looked: list[float] = []
    by_address: dict[str, list[float]] = {}
    for _ in range(total):
        time.now += chance.expovariate(1 / 0.6)
        address = f"10.{chance.randrange(20)}.{chance.randrange(250)}.{chance.randrange(4)}"
        if await guess(guesses, address):
            looked.append(time.now)
            by_address.setdefault(address, []).append(time.now)
    assert worst(looked, HOUR) <= budgets.LENGTH_FAILURES[9]
    assert (
        max(worst(times, budgets.ADDRESS_WINDOW_SECONDS) for times in by_address.values()) <= budgets.ADDRESS_FAILURES
    )
    hours = (looked[-1] - looked[0]) / HOUR
    assert hours > 1, "the budget of an hour was used up and filled again"
    assert len(looked) <= budgets.LENGTH_FAILURES[9] * (hours + 1)
    live_codes = 200
    hits_a_year = budgets.LENGTH_FAILURES[12] * 24 * 365 * live_codes / 10**10
    assert hits_a_year < 4, "a hit only lets somebody ask; codes under the shield have ten digits"


@pytest.mark.rule("R10")
async def test_guesses_by_one_network_at_once() -> None:
    """A thousand at a time from one /64 and its neighbours: no more are looked at than one at a time."""
    guesses, time = made()
    looked = 0
    for round_ in range(20):
        addresses = [f"2001:db8:0:{number % 256:x}::{round_:x}" for number in range(1_000)]
        looked += sum(await asyncio.gather(*(guess(guesses, address) for address in addresses)))
        time.now += 1
    assert looked == budgets.NETWORK_FAILURES


def worst(times: list[float], window: float) -> int:
    """The most that lie in any window of so many seconds."""
    most, first = 0, 0
    for last, time in enumerate(times):
        while times[first] <= time - window:
            first += 1
        most = max(most, last - first + 1)
    return most


@pytest.mark.parametrize("kind", KINDS)
async def test_an_address_waits_after_ten(kind: Kind, tmp_path: Path) -> None:
    async with kind(tmp_path) as counts:
        guesses, time = made(counts)
        assert [await guess(guesses, "192.0.2.7") for _ in range(12)] == [True] * 10 + [False] * 2
        assert await guess(guesses, "192.0.2.8")
        time.now += budgets.ADDRESS_WINDOW_SECONDS - BUCKET_SECONDS
        assert not await guess(guesses, "192.0.2.7")
        time.now += 2 * BUCKET_SECONDS
        assert await guess(guesses, "192.0.2.7")


@pytest.mark.parametrize("kind", KINDS)
async def test_a_right_code_costs_nothing(kind: Kind, tmp_path: Path) -> None:
    async with kind(tmp_path) as counts:
        guesses, _ = made(counts)
        for _ in range(30):
            assert await guess(guesses, "192.0.2.7", wrong=False)
        with pytest.raises(RuntimeError):
            async with guesses.attempt("192.0.2.7", EIGHT):
                raise RuntimeError("something else went wrong")
        async with guesses.attempt("192.0.2.7", EIGHT) as attempt:
            assert attempt.failures == 1
            assert attempt.standing.remaining == budgets.ADDRESS_FAILURES - 1


@pytest.mark.parametrize("kind", KINDS)
async def test_many_at_once_get_no_more_than_the_budget(kind: Kind, tmp_path: Path) -> None:
    async with kind(tmp_path) as counts:
        guesses, _ = made(counts)
        looked = await asyncio.gather(*(guess(guesses, "192.0.2.7") for _ in range(50)))
        assert sum(looked) == budgets.ADDRESS_FAILURES
        assert guesses._turns == {}


async def test_two_processes_share_the_table(tmp_path: Path) -> None:
    async with in_a_table(tmp_path) as one, in_a_table(tmp_path) as two:
        first, second = made(one)[0], made(two)[0]
        looked = await asyncio.gather(*(guess(guesses, "192.0.2.7") for guesses in (first, second) * 10))
        assert sum(looked) == budgets.ADDRESS_FAILURES


async def test_refused_tries_do_not_use_up_what_everybody_shares() -> None:
    guesses, _ = made()
    for _ in range(5_000):
        await guess(guesses, "192.0.2.7")
    async with guesses.attempt("198.51.100.1", EIGHT) as attempt:
        assert not attempt.shielded
        assert attempt.failures == budgets.ADDRESS_FAILURES + 1


@pytest.mark.rule("R10")
async def test_when_one_length_is_used_up_longer_codes_still_work() -> None:
    guesses, time = made()
    number = 0
    while await guess(guesses, f"10.{number // 62_500}.{number // 250 % 250}.{number % 250}"):
        number += 251  # another network each time
    assert number // 251 == budgets.LENGTH_FAILURES[9]
    assert not await guess(guesses, "203.0.113.9", wrong=False)
    assert await guess(guesses, "203.0.113.9", TEN, wrong=False)
    time.now += HOUR + 2 * BUCKET_SECONDS
    assert await guess(guesses, "203.0.113.9")


async def test_the_memory_is_bounded() -> None:
    counts = MemoryCounts(max_keys=100)
    guesses, _ = made(counts)
    for number in range(1_000):
        await guess(guesses, f"10.0.{number // 250}.{number % 250}", wrong=False)
        await guess(guesses, f"10.1.{number // 250}.{number % 250}")
    assert len(counts._windows) <= 100
    assert MAX_KEYS > 10_000
    async with guesses.attempt("192.0.2.7", EIGHT) as attempt:
        assert attempt.failures > 100, "what everybody shares is used all the time, so it is never forgotten"
