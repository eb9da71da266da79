"""What is over its time goes once a day in small batches, with a line that says how much; what a legal hold covers stays."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import SQLModel

from api import upkeep
from api.audit.tree.sequencer import Sequencer
from api.context import Context
from api.problems import LegallyHeld
from api.retention import repository, service
from api.retention.holds import refuse_if_held
from api.sessions.models import Session
from tests.integration.api import plans
from tests.integration.api.support import (
    PASSWORD,
    Api,
    Installation,
    Person,
    ShiftedClock,
    problem,
    running,
    wait_until,
)

pytestmark = pytest.mark.usefixtures("by_hand")
both = pytest.mark.both_databases
HANAKO = {"name": "Hanako Yamada", "email": "hanako@example.jp"}


@pytest.fixture
def by_hand() -> Iterator[pytest.MonkeyPatch]:
    """Upkeep leaves purging to the tests, which call it; undone, it does it by itself."""

    async def nothing(_context: Context) -> bool:
        return False

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(upkeep, "retention", SimpleNamespace(begin=nothing, step=nothing))
        patch.setattr(upkeep, "sweeping", SimpleNamespace(sweep=nothing))  # keys are as old as the machine's clock says
        yield patch


async def later(api: Api, days: int) -> None:
    """Time passes, after which administrators sign in anew."""
    await api.later(days=days)
    for name in ("alice", "gina"):
        person: Person = getattr(api, name)
        form = {"username": person.username, "password": PASSWORD}
        answer = (await api.http.post("/v1/auth/token", data=form)).json()
        setattr(api, name, Person(person.id, person.username, answer["access_token"], answer["refresh_token"]))


async def keep(api: Api, months: int | None) -> None:
    body = {"settings": {"retention": {"months": months}}}
    answer = await api.http.patch("/v1/organization", json=body, headers=api.alice.headers)
    assert answer.status_code == 200, answer.text
    assert answer.json()["settings"]["retention"] == {"months": months}


async def ended(api: Api, **body: Any) -> str:
    session = await api.active(**body)
    await api.http.patch(f"/v1/sessions/{session['id']}", json={"note": "Solved."}, headers=api.alice.headers)
    await api.post(f"/v1/sessions/{session['id']}/end", status=200)
    return str(session["id"])


async def purge(api: Api) -> int:
    """A whole purge, as upkeep carries it out; how many batches it took."""
    context, batches = api.app.state.context, 0
    await service.begin(context)
    while await service.step(context):
        batches += 1
    return batches


async def proven(api: Api) -> None:
    """Every line of the administrative log has its place and a checkpoint over it."""
    await Sequencer(api.app.state.context).step()


async def left(api: Api) -> set[str]:
    return {item["id"] for item in (await api.get("/v1/sessions", limit=200))["items"]}


async def rows_about(api: Api, session_id: str) -> dict[str, int]:
    """Rows of every table that refers to sessions."""
    found = {}
    async with api.app.state.context.database.read() as db:
        for table in SQLModel.metadata.sorted_tables:
            for key in table.foreign_keys:
                if key.column.table.name == "session":
                    sql = f"SELECT count(*) FROM {table.name} WHERE {key.parent.name} = :id"
                    found[table.name] = (
                        await (await db.connection()).execute(text(sql), {"id": session_id})
                    ).scalar_one()
    return found


@pytest.mark.parametrize(
    ("now", "months", "before"),
    [("2026-12-01", 12, "2025-12-01"), ("2026-03-31", 1, "2026-02-28"), ("2028-02-29", 12, "2027-02-28"),
     ("2026-01-15", 1, "2025-12-15"), ("2026-06-30", 120, "2016-06-30")],
)  # fmt: skip
def test_months_are_calendar_months(now: str, months: int, before: str) -> None:
    moment = datetime.fromisoformat(f"{now}T12:34:56+00:00")
    assert service.months_before(moment, months) == datetime.fromisoformat(f"{before}T12:34:56+00:00")


@both
async def test_sessions_go_with_everything_that_hangs_on_them(api: Api) -> None:
    old = [await ended(api, customer=HANAKO) for _ in range(3)]
    expired = (await api.create())["id"]
    before = await rows_about(api, old[0])
    assert {"event", "participant", "session_note"} <= {name for name, count in before.items() if count}
    await later(api, 300)
    young = await ended(api)
    assert await purge(api) == 0
    await later(api, 70)
    shown = await api.get("/v1/organization/retention")
    assert (shown["months"], shown["due"]["sessions"], shown["last"]) == (12, 3, None)
    assert datetime.fromisoformat(shown["next_at"]) <= api.clock.now()
    assert await purge(api) >= 2
    assert await left(api) == {young, expired}  # which ended when its code had run out, 300 days later
    for session_id in old:
        assert not any((await rows_about(api, session_id)).values())
    shown = await api.get("/v1/organization/retention")
    assert (shown["due"]["sessions"], shown["last"]["sessions"]) == (0, 3)
    assert shown["last"]["finished_at"] is not None
    (line,) = (await api.get("/v1/audit-events", action="retention.purged"))["items"]
    assert line["data"]["sessions"] == 3
    assert line["data"]["events"] == shown["last"]["events"] > 10
    assert line["actor"]["type"] == "system"
    assert await purge(api) == 0


@both
async def test_old_lines_of_the_log_and_customers_of_nobody_go_too(api: Api) -> None:
    await ended(api, customer=HANAKO)
    for _ in range(2):
        await ended(api, customer={"name": "Taro", "email": "taro@example.jp"})
    await later(api, 370)
    await ended(api, customer=HANAKO)
    await proven(api)
    assert (await api.get("/v1/organization/retention"))["due"]["audit_events"] > 5
    await purge(api)
    assert {item["email"] for item in (await api.get("/v1/customers"))["items"]} == {HANAKO["email"]}
    shown = await api.get("/v1/organization/retention")
    assert (shown["last"]["sessions"], shown["last"]["customers"], shown["due"]["audit_events"]) == (3, 1, 0)
    lines = (await api.get("/v1/audit-events", limit=200))["items"]
    assert shown["last"]["audit_events"] > 5
    assert min(line["time"] for line in lines) >= shown["last"]["before"]
    assert lines[0]["data"]["customers"] == 1


@both
async def test_lines_about_what_is_held_stay(api: Api) -> None:
    oldest = (await api.get("/v1/audit-events", limit=200))["items"][-1]["id"]
    await api.later(days=5)
    session = await ended(api)
    await api.post("/v1/legal-holds", {"scope": "session", "session_id": session, "reason": "x"})
    await later(api, 400)
    await proven(api)
    await purge(api)
    lines = (await api.get("/v1/audit-events", limit=200))["items"]
    assert oldest not in {line["id"] for line in lines}
    assert "legal_hold.ordered" in {line["action"] for line in lines}
    await api.post("/v1/legal-holds", {"scope": "organization", "reason": "y"})
    await later(api, 400)
    await proven(api)
    await purge(api)
    assert {line["id"] for line in lines} <= {
        item["id"] for item in (await api.get("/v1/audit-events", limit=200))["items"]
    }


async def test_as_long_as_it_is_set(api: Api) -> None:
    session = await ended(api)
    await keep(api, None)
    await later(api, 4000)
    await purge(api)
    assert await left(api) == {session}
    assert (await api.get("/v1/organization/retention"))["before"] is None
    await keep(api, 120)
    await later(api, 1)
    await purge(api)
    assert session not in await left(api)
    for months in (0, 121, "x"):
        body = {"settings": {"retention": {"months": months}}}
        problem(await api.http.patch("/v1/organization", json=body, headers=api.alice.headers), 422, "invalid")


async def test_who_decides_to_keep_for_longer_meanwhile_loses_nothing_more(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "BATCH", 1)
    for _ in range(3):
        await ended(api)
    await later(api, 400)
    context = api.app.state.context
    await service.begin(context)
    await service.step(context)
    await keep(api, 24)
    while await service.step(context):
        pass
    assert len(await left(api)) == 2
    (line,) = (await api.get("/v1/audit-events", action="retention.purged"))["items"]
    assert line["data"]["sessions"] == 1


@both
async def test_once_a_day_and_only_ones_own(api: Api) -> None:
    await keep(api, 1)
    theirs = (await api.create(person=api.gina))["id"]
    await api.post(f"/v1/sessions/{theirs}/end", person=api.gina, status=200)
    first = await ended(api)
    await later(api, 33)
    assert await purge(api) > 0
    second = await ended(api)
    async with api.app.state.context.database.write() as db:
        row = await db.get(Session, second)
        assert row is not None
        row.ended_at = datetime(2020, 1, 1, tzinfo=UTC)
        db.add(row)
    assert await purge(api) == 0
    assert await left(api) == {second}
    assert first not in await left(api)
    await later(api, 1)
    assert await purge(api) > 0
    assert await left(api) == set()
    assert (await api.get("/v1/sessions", api.gina))["items"][0]["id"] == theirs


@both
@pytest.mark.parametrize("scope", ["organization", "customer", "session"])
async def test_a_hold_keeps_until_it_is_lifted(api: Api, scope: str) -> None:
    held, other = await ended(api, customer=HANAKO), await ended(api)
    named = {"customer": {"customer_email": " Hanako@example.jp"}, "session": {"session_id": held}}.get(scope, {})
    hold = await api.post("/v1/legal-holds", {"scope": scope, "reason": "Case 17: Hanako", **named})
    assert hold["customer_email"] == ("hanako@example.jp" if scope == "customer" else None)
    assert "Hanako" not in str((await api.get("/v1/audit-events", action="legal_hold"))["items"])
    await later(api, 400)
    await purge(api)
    kept = {held, other} if scope == "organization" else {held}
    assert await left(api) == kept
    shown = await api.get("/v1/organization/retention")
    assert (shown["due"]["sessions"], shown["due"]["held_sessions"]) == (0, len(kept))
    assert (await api.get("/v1/legal-holds"))["items"] == [hold]
    assert (await api.http.delete(f"/v1/legal-holds/{hold['id']}", headers=api.alice.headers)).status_code == 204
    await later(api, 1)
    await purge(api)
    assert await left(api) == set()
    problem(await api.http.delete(f"/v1/legal-holds/{hold['id']}", headers=api.alice.headers), 404, "not-found")
    newest = (await api.get("/v1/audit-events", action="legal_hold"))["items"][0]
    assert (newest["action"], newest["data"]["scope"]) == ("legal_hold.lifted", scope)


@both
async def test_what_is_held_is_not_destroyed(api: Api) -> None:
    """The function that forgetting, removal and purge ask."""
    context = api.app.state.context
    session, other = await ended(api, customer=HANAKO), await ended(api)

    async def refused(**named: str) -> list[str]:
        async with context.database.write() as db:
            row, another = await db.get_one(Session, session), await db.get_one(Session, other)
            ids = {
                "customer": row.customer_id,
                "other_customer": another.customer_id,
                "session": session,
                "other": other,
            }
            try:
                await refuse_if_held(db, row.organization_id, **{key: ids[value] for key, value in named.items()})
            except LegallyHeld as problem:
                return list(problem.members["holds"])
            return []

    assert await refused() == await refused(customer_id="customer") == []
    hold = (await api.post("/v1/legal-holds", {"scope": "session", "session_id": session, "reason": "x"}))["id"]
    assert await refused() == await refused(session_id="session") == await refused(customer_id="customer") == [hold]
    assert await refused(session_id="other") == await refused(customer_id="other_customer") == []
    body = {"scope": "customer", "customer_email": HANAKO["email"], "reason": "y"}
    more = (await api.post("/v1/legal-holds", body))["id"]
    assert await refused(session_id="session") == [hold, more]
    whole = (await api.post("/v1/legal-holds", {"scope": "organization", "reason": "z"}))["id"]
    assert await refused(session_id="other") == await refused(customer_id="other_customer") == [whole]


async def test_holds_are_ordered_rightly_by_administrators(api: Api) -> None:
    session = await ended(api)
    for wrong in (
        {"scope": "customer"}, {"scope": "session", "customer_email": "a@b.jp"}, {"scope": "organization", "session_id": session},
        {"scope": "customer", "customer_email": "a@b.jp", "customer_id": "cus_1"}, {"scope": "everything"},
    ):  # fmt: skip
        answer = await api.http.post("/v1/legal-holds", json={"reason": "x", **wrong}, headers=api.alice.headers)
        problem(answer, 422, "invalid")
    for unknown in (
        {"scope": "customer", "customer_email": "nobody@example.jp"}, {"scope": "session", "session_id": "ses_none"},
        {"scope": "customer", "customer_id": "cus_none"},
    ):  # fmt: skip
        answer = await api.http.post("/v1/legal-holds", json={"reason": "x", **unknown}, headers=api.alice.headers)
        problem(answer, 404, "not-found")
    theirs = {"scope": "session", "session_id": session, "reason": "x"}
    problem(await api.http.post("/v1/legal-holds", json=theirs, headers=api.gina.headers), 404, "not-found")
    problem(await api.http.post("/v1/legal-holds", json=theirs, headers=api.bob.headers), 403, "scope-missing")
    problem(await api.http.get("/v1/legal-holds", headers=api.bob.headers), 403, "scope-missing")
    hold = (await api.post("/v1/legal-holds", theirs))["id"]
    assert (await api.get("/v1/legal-holds", api.gina))["items"] == []
    problem(await api.http.delete(f"/v1/legal-holds/{hold}", headers=api.gina.headers), 404, "not-found")


async def test_upkeep_purges_by_itself(api: Api, by_hand: pytest.MonkeyPatch) -> None:
    """Within seconds of the day's beginning."""
    await ended(api)
    await later(api, 400)
    by_hand.undo()

    async def done() -> bool:
        return not await left(api)

    await wait_until(done, 20)


@both
async def test_two_processes_purge_together_and_count_once(
    api: Api, installation: Installation, clock: ShiftedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "BATCH", 1)
    for _ in range(6):
        await ended(api)
    await later(api, 400)
    async with running(installation, clock) as other:
        contexts = [one.app.state.context for one in (api, other)]

        async def purging(context: Context) -> None:
            await service.begin(context)
            while await service.step(context):
                pass

        await asyncio.gather(*map(purging, contexts))
    assert await left(api) == set()
    shown = await api.get("/v1/organization/retention")
    assert (shown["last"]["sessions"], shown["last"]["finished_at"] is None) == (6, False)
    (line,) = (await api.get("/v1/audit-events", action="retention.purged"))["items"]
    assert line["data"]["sessions"] == 6


@both
async def test_requests_go_on_while_a_purge_does(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two batches whoever waits to write gets their turn: no request waits for the whole purge."""
    monkeypatch.setattr(service, "BATCH", 1)
    for _ in range(8):
        await ended(api)
    await later(api, 400)
    context = api.app.state.context
    await service.begin(context)
    order: list[str] = []

    async def purging() -> None:
        while await service.step(context):
            order.append("batch")

    async def asking() -> None:
        for _ in range(4):
            await api.create()
            order.append("request")

    await asyncio.gather(purging(), asking())
    last_request = len(order) - 1 - order[::-1].index("request")
    assert 1 < order[:last_request].count("batch") < order.count("batch"), order
    assert len(await left(api)) == 4


async def test_nothing_is_left_out_when_tables_come(api: Api) -> None:
    """Whatever refers to a session goes with it, also what refers to that: a new table cannot be forgotten."""
    tables = [table.name for table, _ in repository.hanging_on(SQLModel.metadata.tables["session"], ["ses_1"])]
    refers = {
        table.name
        for table in SQLModel.metadata.sorted_tables
        for key in table.foreign_keys
        if key.column.table.name in {"session", *tables}
    }
    assert set(tables) == refers - {"legal_hold"}


@both
async def test_retention_reads_along_indexes(api: Api) -> None:
    await ended(api)
    await later(api, 400)
    with plans.watched(api) as statements:
        await purge(api)
        await api.get("/v1/organization/retention")
        await api.post("/v1/legal-holds", {"scope": "organization", "reason": "x"})
        await purge(api)
    assert len(statements) > 15
    assert await plans.scans(api, statements) == []
