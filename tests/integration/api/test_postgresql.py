"""Several api processes with one PostgreSQL work as one."""

import asyncio
from datetime import timedelta

import pytest

from api import admin, upkeep
from api.join import budgets
from api.main import CannotStart
from api.webhooks import sender
from tests.integration.api import account_races, plans
from tests.integration.api.conftest import POSTGRESQL
from tests.integration.api.crowd import crowd
from tests.integration.api.device import Machine, enrolled, ticket
from tests.integration.api.signing_in import pending, verify, with_totp
from tests.integration.api.support import PASSWORD, Api, Installation, ShiftedClock, problem, running
from tests.integration.api.test_policies import narrowing_reaches
from tests.integration.api.test_webhooks import receiving, sent, subscribe
from tests.support.postgresql import Cluster


@pytest.fixture
def database() -> str:
    """All of these are about several processes with one database."""
    return POSTGRESQL


async def test_sessions_races_and_long_polls(installation: Installation) -> None:
    clock = ShiftedClock()
    async with (
        running(installation, clock) as one,
        running(installation, clock) as two,
    ):
        await one.register_relays()
        await _a_session(one, two)
        await _races(one, two)
        await _idempotency(one, two)
        await _devices(one, two)
        await _time(one)


async def _a_session(one: Api, two: Api) -> None:
    """From code to end, the two processes taking turns; one hears what the other did."""
    session = await one.create(customer={"name": "Hanako"}, max_session_seconds=600)
    last = (await two.get(f"/v1/sessions/{session['id']}/events"))["items"][-1]["id"]
    waiting = asyncio.create_task(two.get(f"/v1/sessions/{session['id']}/events", after=last, wait=20))
    await asyncio.sleep(0.05)
    assert (await one.join(session["code"])).status_code == 200
    assert (await waiting)["items"][0]["type"] == "session.claimed"
    await two.post(f"/v1/sessions/{session['id']}/ticket")
    await two.report(
        session["id"],
        {"type": "joined", "sender": 1},
        {"type": "joined", "sender": 2},
        {"type": "admitted", "sender": 2},
        {"type": "usage", "sender": 1, "bytes_in": 5_000_000_000},
    )
    shown = await one.get(f"/v1/sessions/{session['id']}")
    assert (shown["state"], shown["participants"][0]["bytes_in"]) == ("active", 5_000_000_000)
    assert shown["customer"] == {"name": "Hanako", "email": None}
    ended = await two.post(f"/v1/sessions/{session['id']}/end", {"reason": "solved"}, status=200)
    assert ended["ended_by"] == "operator"
    assert (await one.relay("GET", "commands"))["commands"][0]["session_id"] == session["id"]


async def _races(one: Api, two: Api) -> None:
    session = await one.create()
    joins = await asyncio.gather(*(api.join(session["code"]) for api in (one, two) * 4))
    assert sorted(answer.status_code for answer in joins) == [200] + [404] * 7
    await two.post(f"/v1/sessions/{session['id']}/ticket")
    await asyncio.gather(
        *(api.report(session["id"], {"type": "usage", "sender": 1, "bytes_in": 1}) for api in (one, two) * 10)
    )
    assert (await one.get(f"/v1/sessions/{session['id']}"))["participants"][0]["bytes_in"] == 20
    path = f"/v1/sessions/{session['id']}/end"
    ends = await asyncio.gather(
        *(api.post(path, {"reason": f"r{n}"}, status=200) for n, api in enumerate((one, two) * 4))
    )
    assert len({answer["reason"] for answer in ends}) == 1


async def _idempotency(one: Api, two: Api) -> None:
    headers = {**one.alice.headers, "Idempotency-Key": "k1"}
    answers = await asyncio.gather(
        *(api.http.post("/v1/sessions", json={"mode": "view"}, headers=headers) for api in (one, two) * 4)
    )
    assert len({answer.json()["id"] for answer in answers}) == 1
    other = await two.http.post("/v1/sessions", json={"mode": "control"}, headers=headers)
    problem(other, 409, "idempotency-key-reused")


async def _devices(one: Api, two: Api) -> None:
    """A token's last use goes to one of many; a call made at one process is heard at the other; both end it at once."""
    token = await ticket(one, uses=2)
    tried = await asyncio.gather(*(Machine(api).enrol(token) for api in (one, two) * 4))
    assert sorted(answer.status_code for answer in tried) == [201] * 2 + [401] * 6
    machine = await enrolled(two)
    waiting = asyncio.create_task(machine.wait(20))
    calls = await asyncio.gather(
        *(
            api.http.post(f"/v1/devices/{machine.id}/sessions", json={"mode": "view"}, headers=api.alice.headers)
            for api in (one, two) * 3
        )
    )
    assert sorted(answer.status_code for answer in calls) == [201] + [409] * 5
    (session,) = (await waiting).json()["calls"]
    taken = await asyncio.gather(*(machine.take_up(session["session_id"]) for _ in range(4)))
    assert sorted(answer.status_code for answer in taken) == [200] + [409] * 3
    assert (await one.get("/v1/devices", q="recep"))["items"][0]["id"] == machine.id
    await one.post(f"/v1/devices/{machine.id}/disable", status=200)
    assert (await two.get(f"/v1/sessions/{session['session_id']}"))["state"] == "ended"
    problem(await machine.wait(), 403, "device-disabled")


async def _time(api: Api) -> None:
    session = await api.create()
    api.clock.advance(minutes=11)
    async with asyncio.timeout(10):
        while (await api.get(f"/v1/sessions/{session['id']}"))["state"] != "expired":
            await asyncio.sleep(0.05)


@pytest.mark.timeout(300)  # where the tests share the machine with much else
async def test_200_at_once_by_two_processes_lose_nothing(installation: Installation) -> None:
    clock, patient = ShiftedClock(), timedelta(hours=1)
    async with (
        running(installation, clock, relay_heartbeat=patient) as one,
        running(installation, clock, relay_heartbeat=patient) as two,
    ):
        await one.register_relays()
        await crowd([one, two])


async def test_two_processes_share_the_budget_of_wrong_codes(installation: Installation) -> None:
    clock = ShiftedClock()
    async with (
        running(installation, clock) as one,
        running(installation, clock) as two,
    ):
        await one.register_relays()
        guesses = await asyncio.gather(*(api.join("000000000000") for api in (one, two) * 10))
        statuses = sorted(answer.status_code for answer in guesses)
        assert statuses == [404] * budgets.ADDRESS_FAILURES + [429] * (20 - budgets.ADDRESS_FAILURES)
        await one.later(hours=1)
        assert (await two.join((await one.create())["code"])).status_code == 200


async def test_the_queue_is_heard_of_by_another_process(installation: Installation) -> None:
    clock = ShiftedClock()
    async with (
        running(installation, clock) as one,
        running(installation, clock) as two,
    ):
        await one.register_relays()
        seen = (await two.get("/v1/queue"))["version"]
        hears = asyncio.create_task(two.get("/v1/queue", two.bob, seen=seen, wait=20))
        session = await one.create(queue=True)
        host = (await one.join(session["code"])).json()
        assert [item["session_id"] for item in (await hears)["items"]] == [session["id"]]
        path = f"/v1/sessions/{session['id']}/pick-up"
        picked = await asyncio.gather(
            *(api.http.post(path, headers=person.headers) for api, person in ((one, one.alice), (two, two.bob)))
        )
        assert sorted(answer.status_code for answer in picked) == [200, 409]
        await one.post(f"/v1/sessions/{session['id']}/end", status=200)
        assert host["queue"] == {"position": 1, "waiting": 1}


async def test_no_everyday_statement_scans_a_large_table(installation: Installation) -> None:
    async with running(installation, ShiftedClock()) as api:
        await api.register_relays()
        with plans.watched(api) as statements:
            await plans.everyday(api)
        assert len(statements) > 60
        assert await plans.scans(api, statements) == []


async def test_a_second_first_run_is_refused(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASUKI_DATA_DIR", str(installation.folder))
    with pytest.raises(CannotStart, match="exists already"):
        await admin.run(admin.parse(["init", "--company", "acme", "--login", "alice"]))


async def test_accounts_on_two_processes(installation: Installation) -> None:
    clock = ShiftedClock()
    async with (
        running(installation, clock) as one,
        running(installation, clock) as two,
    ):
        eve = await account_races.third_organisation(one)
        await account_races.guesses_at_once(one, two)
        await _a_login_is_free_again(one, two)
        await _settings_at_once(one, two)
        await account_races.last_administrator(one, two, eve)


async def _settings_at_once(one: Api, two: Api) -> None:
    """Two administrators change different settings at once: neither undoes the other."""
    changes = [
        {"lock": {"minutes": 20}},
        {"password": {"reuse_last": 3}},
        {"lock": {"failures": 9}},
        {"mac_required": True},
    ]
    answers = await asyncio.gather(
        *(
            api.http.patch("/v1/organization", json={"settings": change}, headers=api.alice.headers)
            for api, change in zip((one, two) * 2, changes, strict=True)
        )
    )
    assert {answer.status_code for answer in answers} == {200}
    settings = (await one.get("/v1/organization"))["settings"]
    assert settings["lock"] == {"failures": 9, "minutes": 20}
    assert (settings["password"]["reuse_last"], settings["mac_required"]) == (3, True)


async def _a_login_is_free_again(one: Api, two: Api) -> None:
    first = await one.post("/v1/operators", {"login": "zoe", "name": "Zoë 100%"})
    again = await two.http.post("/v1/operators", json={"login": "zoe", "name": "Zoe"}, headers=two.alice.headers)
    problem(again, 409, "already-exists")
    await two.http.delete(f"/v1/operators/{first['id']}", headers=two.alice.headers)
    second = await one.post("/v1/operators", {"login": "zoe", "name": "Zoe"})
    assert [row["id"] for row in (await two.get("/v1/operators", q="ZO"))["items"]] == [second["id"]]
    deleted = (await two.get("/v1/operators", state="deleted", q="100%"))["items"]
    assert [(row["id"], row["deleted"]) for row in deleted] == [(first["id"], True)]
    lines = (await two.get("/v1/audit-events", q="zo", action="operator"))["items"]
    assert [line["action"] for line in lines] == ["operator.created", "operator.deleted", "operator.created"]
    settings = {"settings": {"networks": ["192.0.2.0/24"], "password": {"reuse_last": 2}}}
    changed = await one.http.patch("/v1/organization", json=settings, headers=one.alice.headers)
    assert changed.json()["settings"]["networks"] == ["192.0.2.0/24"], changed.text
    new = {"username": "acme/zoe", "password": second["one_time_password"], "new_password": PASSWORD}
    assert (await two.http.post("/v1/auth/password", json=new)).status_code == 200
    undone = await one.http.patch("/v1/organization", json={"settings": {"networks": []}}, headers=one.alice.headers)
    assert undone.json()["settings"]["networks"] == []


async def test_policies_reach_sessions_that_run(installation: Installation) -> None:
    async with running(installation, ShiftedClock()) as api:
        await api.register_relays()
        api.alice = await account_races.third_organisation(api, "hooli")
        await narrowing_reaches(api, "operator")


async def test_a_second_step_is_taken_once_and_guesses_share_a_budget_replay(
    installation: Installation,
) -> None:
    clock = ShiftedClock()
    async with (
        running(installation, clock) as one,
        running(installation, clock) as two,
    ):
        app, recovery = await with_totp(one)
        waiting = await pending(two)
        race = [("totp", app.at(clock.now())), ("recovery", recovery[0])]
        for (method, code), failed in zip(race, (3, 1), strict=True):
            answers = await asyncio.gather(
                *(verify(api, waiting, method, code) for api in (one, two, one, two)[: failed + 1])
            )
            assert sorted(answer.status_code for answer in answers) == [200] + [403] * failed
        answers = await asyncio.gather(*(verify(api, waiting, "totp", "000000") for api in (one, two) * 4))
        assert sorted(answer.status_code for answer in answers) == [403] + [429] * 7
        path = f"/v1/operators/{one.bob.id}/reset-second-factor"
        assert (await one.http.post(path, headers=one.alice.headers)).status_code == 204


async def test_two_processes_share_the_budgets_of_signing_in(installation: Installation) -> None:
    """Failures of an address, the delay of an account that is not there, codes that are sent, challenges."""
    clock = ShiftedClock()
    async with running(installation, clock) as one, running(installation, clock) as two:
        for number in range(6):
            wrong = {"username": "acme/nobody", "password": "wrong"}
            answer = await (one, two)[number % 2].http.post("/v1/auth/token", data=wrong)
            problem(answer, 401, "sign-in-failed")
        for api in (one, two):
            problem(await api.http.post("/v1/auth/token", data=wrong), 429, "too-many-requests")
        clock.advance(minutes=16)
        for number in range(30):
            statuses = (await (one, two)[number % 2].http.get("/enter/tel_unknown")).status_code
            assert statuses == 404
        assert [(await api.http.get("/enter/tel_unknown")).status_code for api in (one, two)] == [429, 429]
        path = "/v1/auth/passkeys/sign-in/options"
        asked = await asyncio.gather(*(api.http.post(path) for api in (one, two) * 32))
        assert sorted(answer.status_code for answer in asked) == [200] * 60 + [429] * 4


async def test_each_delivery_is_sent_by_one_of_several_senders(installation: Installation) -> None:
    """Sixty sessions end while two processes send as fast as they can, and one more round of both finds nothing."""
    clock, changes = ShiftedClock(), {"webhook_allow_networks": "127.0.0.0/8"}
    async with (
        receiving() as receiver,
        running(installation, clock, **changes) as one,
        running(installation, clock, **changes) as two,
    ):
        await one.register_relays()
        await subscribe(one, receiver)
        made = [await one.create() for _ in range(60)]
        ends = (
            api.post(f"/v1/sessions/{session['id']}/end", status=200)
            for api, session in zip((one, two) * 30, made, strict=True)
        )
        contexts = [api.app.state.context for api in (one, two)]
        await asyncio.gather(*ends, *(sender.send_due(context) for context in contexts * 4))
        await sent(receiver, 60)
        await asyncio.gather(*(sender.send_due(context) for context in contexts))
        assert len({headers["webhook-id"] for headers, _ in receiver.requests}) == len(receiver.requests) == 60


async def test_upkeep_is_done_by_one_process_at_a_time(installation: Installation) -> None:
    """What ran out ends once, however many processes notice."""
    clock = ShiftedClock()
    async with running(installation, clock) as one, running(installation, clock) as two:
        await one.register_relays()
        made = [await one.create() for _ in range(5)]
        started = clock.now()
        clock.advance(minutes=11)
        contexts = [api.app.state.context for api in (one, two)]
        await asyncio.gather(*(upkeep.tick(context, started) for context in contexts * 3))
        for session in made:
            events = (await two.get(f"/v1/sessions/{session['id']}/events"))["items"]
            assert [event["type"] for event in events] == ["session.created", "session.expired"]


def test_a_cluster_that_logs_much_goes_on(cluster: Cluster) -> None:
    """More than a pipe holds; a database is dropped after a checkpoint, which logs as well."""
    cluster.run(*["DO $$ BEGIN RAISE LOG '%', repeat('x', 30000); END $$"] * 20)
    cluster.create("talkative")
    cluster.drop("talkative")
