"""Wake-ups between processes: nobody looks again by themselves here, so what is heard was said."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import psycopg
import pytest

from api import polling
from api.db import libpq, take_turn, wake_after
from api.kit import notices
from api.kit.wake import Waker, key_of
from tests.integration.api.conftest import POSTGRESQL
from tests.integration.api.support import Api, Installation, ShiftedClock, running, wait_until

Two = tuple[Api, Api]


@pytest.fixture
def database() -> str:
    return POSTGRESQL


@pytest.fixture
async def two(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Two]:
    """Two processes that hear each other."""
    monkeypatch.setattr(polling, "UNHEARD_SECONDS", 3600.0)
    clock = ShiftedClock()
    async with running(installation, clock) as one, running(installation, clock) as other:
        await one.register_relays()
        for api in (one, other):
            await heard(api)
        yield one, other


async def heard(api: Api) -> None:
    async def listens() -> bool:
        return bool(api.app.state.context.database.hears_all)

    await wait_until(listens)


async def test_a_long_poll_hears_what_another_process_did(two: Two) -> None:
    one, other = two
    session = await one.create()
    path = f"/v1/sessions/{session['id']}/events"
    last = (await other.get(path))["items"][-1]["id"]
    waiting = [asyncio.create_task(api.get(path, after=last, wait=25)) for api in (other, one)]
    async with asyncio.timeout(20):
        await one.post(f"/v1/sessions/{session['id']}/end", status=200)
        answers = await asyncio.gather(*waiting)
    assert [answer["items"][0]["type"] for answer in answers] == ["session.ended"] * 2


async def test_a_broken_connection_is_made_again_and_nothing_is_missed(two: Two) -> None:
    one, other = two
    session = await one.create()
    path = f"/v1/sessions/{session['id']}/events"
    last = (await other.get(path))["items"][-1]["id"]
    waiting = asyncio.create_task(other.get(path, after=last, wait=25))
    with psycopg.connect(libpq(one.app.state.context.database.url), autocommit=True) as connection:
        ended = connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND query LIKE 'LISTEN %' OR query = 'SELECT 1'"
        ).fetchall()
    assert len(ended) >= 2
    async with asyncio.timeout(20):
        await one.post(f"/v1/sessions/{session['id']}/end", status=200)
        assert (await waiting)["items"][0]["type"] == "session.ended"
        for api in two:
            await heard(api)


@pytest.mark.parametrize("count", [1, notices.MAX_TOPICS, notices.MAX_TOPICS + 1])
async def test_many_and_long_topics(two: Two, count: int) -> None:
    """Above the limit everybody is woken, once."""
    one, other = two
    topics = [f"{number} {'x' * 9000}" for number in range(count)]
    with other.app.state.context.waker.listen(topics[-1]) as listener:
        async with one.app.state.context.database.write() as db:
            wake_after(db, topics)
        assert await listener.wait(20)


async def test_what_is_rolled_back_wakes_nobody(two: Two) -> None:
    one, other = two
    with other.app.state.context.waker.listen("a") as quiet, other.app.state.context.waker.listen("b") as loud:
        with contextlib.suppress(LookupError):
            async with one.app.state.context.database.write() as db:
                wake_after(db, ["a"])
                raise LookupError
        async with one.app.state.context.database.write() as db:
            wake_after(db, ["b"])
        assert await loud.wait(20)
        assert not await quiet.wait(0)


async def test_one_process_has_its_turn_until_its_transaction_ends(two: Two) -> None:
    one, other = (api.app.state.context.database for api in two)
    async with one.write() as db:
        assert await take_turn(db, "sequencer")
        async with other.write() as second:
            assert not await take_turn(second, "sequencer")
            assert await take_turn(second, "another")
    async with other.write() as second:
        assert await take_turn(second, "sequencer")


def test_the_name_of_a_long_topic_is_short_and_stays_itself() -> None:
    name = key_of("y" * 10_000)
    assert len(name) == 64
    assert key_of(name) == name
    assert key_of("session ses_1") == "session ses_1"
    made = notices.Notices("postgresql:///x", Waker()).payloads(["b", "a", "b"])
    assert [payload.partition(" ")[2] for payload in made] == ["a", "b"]
