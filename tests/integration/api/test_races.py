"""Many at once on SQLite: nothing is lost, nothing fails as locked."""

import asyncio

import pytest

from tests.integration.api.crowd import crowd
from tests.integration.api.support import Api

pytestmark = pytest.mark.both_databases


@pytest.mark.sqlite
async def test_200_parallel_creations_claims_and_ends_lose_nothing(api: Api) -> None:
    await crowd([api])


async def test_parallel_counts_add_up(api: Api) -> None:
    session = await api.active()
    await asyncio.gather(*(api.report(session["id"], {"type": "usage", "sender": 1, "bytes_in": 1}) for _ in range(60)))
    shown = await api.get(f"/v1/sessions/{session['id']}")
    assert shown["participants"][0]["bytes_in"] == 60


async def test_of_many_ends_one_counts(api: Api) -> None:
    session = await api.active()
    path = f"/v1/sessions/{session['id']}/end"
    answers = await asyncio.gather(*(api.post(path, {"reason": f"r{n}"}, status=200) for n in range(10)))
    assert len({answer["reason"] for answer in answers}) == 1
    events = (await api.get(f"/v1/sessions/{session['id']}/events"))["items"]
    assert [event["type"] for event in events].count("session.ended") == 1
    assert len((await api.relay("GET", "commands"))["commands"]) == 1


async def test_an_end_and_a_join_at_once_leave_one_truth(api: Api) -> None:
    for _ in range(5):
        session = await api.create()
        joined, ended = await asyncio.gather(
            api.join(session["code"]), api.post(f"/v1/sessions/{session['id']}/end", status=200)
        )
        assert joined.status_code in {200, 404}
        assert ended["state"] == "ended"
        assert (await api.get(f"/v1/sessions/{session['id']}"))["state"] == "ended"


async def test_tickets_at_once_are_for_one_participant(api: Api) -> None:
    session = await api.create()
    tickets = await asyncio.gather(*(api.post(f"/v1/sessions/{session['id']}/ticket") for _ in range(10)))
    assert {ticket["participant"]["sender"] for ticket in tickets} == {2}
    assert len({ticket["ticket"] for ticket in tickets}) == 10


async def test_of_many_operators_with_one_login_one_is_made(api: Api) -> None:
    body = {"login": "carol", "name": "Carol"}
    answers = await asyncio.gather(
        *(api.http.post("/v1/operators", json=body, headers=api.alice.headers) for _ in range(3))
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409]


async def test_long_polls_do_not_use_up_the_connections(api: Api) -> None:
    session = await api.create()
    path = f"/v1/sessions/{session['id']}/events"
    last = (await api.get(path))["items"][-1]["id"]
    waiting = [asyncio.create_task(api.get(path, after=last, wait=20)) for _ in range(50)]
    await asyncio.sleep(0.2)
    await api.create()
    await api.post(f"/v1/sessions/{session['id']}/end", status=200)
    answers = await asyncio.gather(*waiting)
    assert all(answer["items"][0]["type"] == "session.ended" for answer in answers)
