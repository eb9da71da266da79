"""The history: what stands in it, who reads which part of it, and as CSV."""

import asyncio
import csv
import io
import json
from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Any

import pytest

from api.kit.streaming import STALLED_AFTER
from api.reports import cells, lines, stream
from api.reports.wanted import Wanted
from api.sessions import files
from api.sessions import repository as sessions
from tests.integration.api import plans
from tests.integration.api.support import Api, Person, problem

both = pytest.mark.both_databases
REPORTS = ("sessions", "events", "sign-ins", "usage")
HANAKO = {"name": "Hanako Yamada", "email": "hanako@example.jp"}


async def rows_of(api: Api, report: str, person: Person | None = None, **params: Any) -> list[dict[str, str]]:
    """A report read as CSV."""
    answer = await api.http.get(
        f"/v1/reports/{report}", params={"format": "csv", **params}, headers=(person or api.alice).headers
    )
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/csv")
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


async def ids(api: Api, report: str, person: Person | None = None, **params: Any) -> list[str]:
    """Ids of a report, read as pages of one, and the same as CSV."""
    found: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = await api.get(f"/v1/reports/{report}", person, limit=1, **params, **cursor)
        found += [item["id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert [row["id"] for row in await rows_of(api, report, person, **params)] == found
    return found


async def helped(api: Api, **body: Any) -> dict[str, Any]:
    """A session from code to end, with bytes that went through the relay."""
    session = await api.active(customer=HANAKO, reference={"system": "crm", "id": "4711"}, **body)
    await api.report(
        session["id"],
        {"type": "usage", "sender": 1, "bytes_in": 5000, "bytes_out": 40, "seconds": 60},
        {"type": "usage", "sender": 2, "bytes_in": 40, "bytes_out": 5000, "seconds": 60},
    )
    await api.later(seconds=90)
    await api.post(f"/v1/sessions/{session['id']}/end", {"reason": "solved"}, status=200)
    return session


def seconds_to_noon(api: Api) -> float:
    """Until the next one, UTC."""
    now = api.clock.now()
    noon = now.replace(hour=12, minute=0, second=0, microsecond=0)
    return (noon - now).total_seconds() % timedelta(days=1).total_seconds()


@both
async def test_a_session_with_everybody_who_took_part(api: Api) -> None:
    session = await helped(api)
    (record,) = (await api.get("/v1/reports/sessions"))["items"]
    assert record["customer"] == HANAKO
    assert record["forgotten"] is False
    assert record["operator"] == {"id": api.alice.id, "name": "Alice"}
    assert (record["ended_by"], record["reason"]) == ("operator", "solved")
    assert record["bytes"] == {"from_host": 5000, "from_viewers": 40}
    assert 90 <= record["seconds"] <= 92
    customer, operator = record["participants"]
    assert (customer["side"], customer["addresses"], customer["seconds"]) == ("customer", ["192.0.2.7"], 60)
    assert (operator["side"], operator["operator_id"], operator["bytes_out"]) == ("operator", api.alice.id, 5000)
    (row,) = await rows_of(api, "sessions")
    assert tuple(row) == lines.SESSIONS.header
    told = {
        name: row[name] for name in ("id", "operator_name", "reference_id", "ended_by", "reason", "bytes_from_host")
    }
    assert told == {
        "id": session["id"], "operator_name": "Alice", "reference_id": "4711", "ended_by": "operator", "reason": "solved",
        "bytes_from_host": "5000",
    }  # fmt: skip
    assert (row["customer_name"], row["customer_email"]) == ("Hanako Yamada", "hanako@example.jp")
    assert (row["customer_addresses"], row["operator_addresses"]) == ("192.0.2.7", "192.0.2.7")
    assert (row["customer_seconds"], row["bytes_from_viewers"], row["participants"]) == ("60", "40", "2")
    assert int(row["seconds"]) == pytest.approx(record["seconds"], abs=1)
    assert row["created_at"] == record["created_at"][:19] + "Z"


@both
async def test_filters_find_the_same_in_pages_and_csv(api: Api) -> None:
    first = (await helped(api))["id"]
    await api.later(days=1)
    between = api.clock.now().isoformat()
    second = (await api.create(mode="view", person=api.bob))["id"]
    third = (await api.create(mode="present"))["id"]
    assert await ids(api, "sessions") == [third, second, first]
    for expected, given in (
        ([first], {"to": between}),
        ([third, second], {"from": between}),
        ([second], {"operator_id": api.bob.id}),
        ([second], {"mode": "view"}),
        ([third, second], {"state": "waiting"}),
        ([third, second, first], {"state": ["waiting", "ended"]}),
        ([first], {"reference_system": "crm", "reference_id": "4711"}),
        ([first], {"customer_email": " Hanako@Example.jp"}),
        ([], {"customer_email": "nobody@example.jp"}),
        ([first], {"ended_by": "operator", "reason": "solved"}),
        ([], {"ended_by": "customer"}),
        ([], {"device_id": "dev_none"}),
    ):
        assert await ids(api, "sessions", **given) == expected, given
    assert len(await ids(api, "events", reference_id="4711")) == len(await ids(api, "events", session_id=first)) > 5
    assert len(await ids(api, "events", event="session.ended")) == 1
    answer = await api.http.get("/v1/reports/sessions", params={"cursor": "bm9uZQ"}, headers=api.alice.headers)
    problem(answer, 400, "bad-cursor")


@both
async def test_everybody_reads_their_part(api: Api) -> None:
    """An operator's own, all of the organisation for administrators and auditors, nothing of others."""
    mine = (await helped(api))["id"]
    bobs = (await api.create(person=api.bob))["id"]
    theirs = (await api.create(person=api.gina))["id"]
    auditor = await _auditor(api)
    assert set(await ids(api, "sessions")) == set(await ids(api, "sessions", auditor)) == {mine, bobs}
    assert await ids(api, "sessions", api.bob) == [bobs]
    assert await ids(api, "sessions", api.bob, operator_id=api.alice.id) == []
    assert await ids(api, "sessions", api.gina) == [theirs]
    assert {row["session_id"] for row in await rows_of(api, "events", api.bob)} == {bobs}
    assert {row["operator_id"] for row in await rows_of(api, "sign-ins", api.bob)} == {api.bob.id}
    assert {api.alice.id, api.bob.id} <= {row["operator_id"] for row in await rows_of(api, "sign-ins")}
    assert api.gina.id not in {row["operator_id"] for row in await rows_of(api, "sign-ins")}
    assert [row["sessions"] for row in await rows_of(api, "usage", api.bob)] == ["1"]
    key = await api.post("/v1/api-keys", {"name": "billing", "scopes": ["sessions:read"]})
    for report in REPORTS:
        answer = await api.http.get(f"/v1/reports/{report}", headers={"Authorization": f"Bearer {key['key']}"})
        problem(answer, 403, "scope-missing")


async def _auditor(api: Api) -> Person:
    made = await api.post("/v1/operators", {"login": "audrey", "name": "Audrey", "role": "auditor"})
    new = {"username": "acme/audrey", "password": made["one_time_password"], "new_password": "maple river lotus 42"}
    answer = (await api.http.post("/v1/auth/password", json=new)).json()
    return Person(made["id"], "acme/audrey", answer["access_token"], answer["refresh_token"])


@both
async def test_no_cell_is_a_formula_evil(api: Api) -> None:
    """Whether the database writes it or we do."""
    evil = [f'{start}cmd|"/c calc",1' for start in cells.FORMULA if not start.isspace()]
    for text in evil:
        await api.create(customer={"name": text}, reference={"system": "crm", "id": text})
    answer = await api.http.get("/v1/reports/sessions", params={"format": "csv"}, headers=api.alice.headers)
    for text in evil:
        assert answer.text.count(f',"\'{text.replace(chr(34), chr(34) * 2)}"') == 2
    rows = await rows_of(api, "sessions")
    assert (
        [row["reference_id"] for row in rows]
        == [row["customer_name"] for row in rows]
        == [f"'{text}" for text in evil[::-1]]
    )
    for start in "\t\r\n":  # which are cut off where names are taken
        assert cells.cell(f"{start}=1") == f'"\'{start}=1"'


@both
async def test_of_a_forgotten_customer_cells_are_empty(api: Api) -> None:
    forgotten = (await helped(api))["id"]
    await api.http.patch(
        f"/v1/sessions/{forgotten}", json={"closing_reason": "Hanako was glad"}, headers=api.alice.headers
    )
    other = {"name": "Taro", "email": "taro@example.jp"}
    kept = (await api.create(customer=other))["id"]
    await api.post("/v1/customers/forget", {"email": HANAKO["email"], "reason": "Asked for it."}, status=200)
    records = {item["id"]: item for item in (await api.get("/v1/reports/sessions"))["items"]}
    gone = records[forgotten]
    assert (gone["forgotten"], gone["customer"], gone["reference"], gone["closing_reason"]) == (True, None, None, None)
    assert (gone["bytes"]["from_host"], gone["reason"], records[kept]["customer"]) == (5000, "solved", other)
    sides = {one["side"]: one["addresses"] for one in gone["participants"]}
    assert sides == {"customer": [], "operator": ["192.0.2.7"]}
    rows = {row["id"]: row for row in await rows_of(api, "sessions")}
    row = rows[forgotten]
    empty = (
        "customer_name",
        "customer_email",
        "customer_addresses",
        "customer_devices",
        "closing_reason",
        "reference_id",
    )
    assert [row[name] for name in empty] == [""] * len(empty)
    assert (row["operator_addresses"], row["bytes_from_host"], rows[kept]["customer_name"]) == (
        "192.0.2.7",
        "5000",
        "Taro",
    )
    events = await rows_of(api, "events", session_id=forgotten)
    assert len(events) > 5
    assert {event["data"] for event in events if event["type"] == "session.ended"} == {""}
    assert await ids(api, "sessions", customer_email=HANAKO["email"]) == []
    for report in ("sessions", "events", "sign-ins"):
        assert "anako" not in str(await rows_of(api, report))


async def test_csv_by_accept_with_a_mark_for_excel(api: Api) -> None:
    await api.create(customer={"name": '山田, "花子"\nさん'})
    headers = {**api.alice.headers, "Accept": "text/csv, */*;q=0.1"}
    answer = await api.http.get("/v1/reports/sessions", params={"bom": True}, headers=headers)
    assert answer.content.startswith(b"\xef\xbb\xbfid,state,mode,")
    assert answer.headers["content-disposition"] == 'attachment; filename="sessions.csv"'
    assert answer.content.count(b"\r\n") == 2
    assert '"山田, ""花子""\nさん"' in answer.text
    as_json = await api.http.get("/v1/reports/sessions", params={"format": "json"}, headers=headers)
    assert as_json.headers["content-type"] == "application/json"


@both
async def test_sign_ins_say_from_where_and_why_not(api: Api) -> None:
    wrong = {"username": "acme/bob", "password": "=wrong wrong wrong"}
    await api.http.post("/v1/auth/token", data=wrong, headers={"User-Agent": "=Firefox"})
    newest = (await api.get("/v1/reports/sign-ins", outcome="failed"))["items"][0]
    assert (newest["outcome"], newest["why"], newest["login"]) == ("failed", "password", "bob")
    assert (newest["operator"], newest["address"]) == ({"id": api.bob.id, "name": "Bob"}, "192.0.2.7")
    row = (await rows_of(api, "sign-ins", outcome="failed"))[0]
    assert (row["user_agent"], row["address"], row["operator_name"]) == ("'=Firefox", "192.0.2.7", "Bob")
    assert len(await ids(api, "sign-ins", address="192.0.2.7")) >= 1
    assert await ids(api, "sign-ins", address="192.0.2.8") == []
    assert len(await ids(api, "sign-ins", operator_id=api.bob.id)) < len(await ids(api, "sign-ins"))


@both
async def test_usage_adds_up(api: Api) -> None:
    await api.later(seconds=seconds_to_noon(api))  # no day ends between the first two
    for _ in range(2):
        await helped(api)
    await api.later(days=1)
    await helped(api, mode="view")
    await api.create(person=api.bob)
    whole = await api.get("/v1/reports/usage")
    assert [whole["total"]] == [
        {name: value for name, value in row.items() if value is not None} for row in whole["rows"]
    ]
    total = whole["total"]
    assert (total["sessions"], total["started"]) == (4, 3)
    assert (total["bytes_from_host"], total["bytes_from_viewers"]) == (15_000, 120)
    assert 270 <= total["seconds"] <= 276
    assert total["minutes"] == -(-total["seconds"] // 60)
    by = (await api.get("/v1/reports/usage", by=["day", "operator", "mode"]))["rows"]
    assert [(row["operator"]["name"], row["mode"], row["sessions"]) for row in by if row["day"] == by[0]["day"]] == [
        ("Alice", "control", 2)
    ]
    assert sum(row["sessions"] for row in by) == 4
    assert {row["mode"]: row["sessions"] for row in (await api.get("/v1/reports/usage", by="mode"))["rows"]} == {
        "control": 3,
        "view": 1,
    }
    rows = await rows_of(api, "usage", by="operator")
    assert {row["operator_name"]: row["sessions"] for row in rows} == {"Alice": "3", "Bob": "1"}


@both
async def test_days_begin_where_the_reader_is(api: Api) -> None:
    made = await api.create()
    day = (await api.get("/v1/reports/usage", by="day"))["rows"][0]["day"]
    assert day == made["created_at"][:10]
    hour = int(made["created_at"][11:13])
    shifted = (await api.get("/v1/reports/usage", by="day", utc_offset="+14:00" if hour >= 10 else "-14:00"))["rows"]
    assert shifted[0]["day"] != day
    answer = await api.http.get("/v1/reports/usage", params={"utc_offset": "15"}, headers=api.alice.headers)
    problem(answer, 422, "invalid")


async def test_paths_of_files_are_there_when_there_are_any(api: Api) -> None:
    session = await api.active()
    context = api.app.state.context
    async with context.database.write() as db:
        row = await sessions.locked(db, session["id"])
        assert row is not None
        for path in ("C:\\Users\\hanako\\driver.zip", "=evil.txt"):
            files.moved(db, context, row, path, "to_customer", 1024)
    (record,) = (await api.get("/v1/reports/sessions"))["items"]
    assert [(file["path"], file["direction"], file["bytes"]) for file in record["files"]] == [
        ("C:\\Users\\hanako\\driver.zip", "to_customer", 1024),
        ("=evil.txt", "to_customer", 1024),
    ]
    (line,) = await rows_of(api, "sessions")
    assert (line["files"], line["file_paths"]) == ("2", "C:\\Users\\hanako\\driver.zip\n=evil.txt")


@both
async def test_a_stream_goes_on_from_chunk_to_chunk(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is lost or comes twice, also of rows of one and the same moment."""
    monkeypatch.setattr(stream, "CHUNK", 2)
    context = api.app.state.context
    made = [(await api.create())["id"] for _ in range(5)]
    async with context.database.write() as db:
        moment = context.clock.now()
        for session_id in made:
            row = await sessions.locked(db, session_id)
            assert row is not None
            row.created_at = moment
            db.add(row)
    for report in ("sessions", "events", "sign-ins"):
        found = [row["id"] for row in await rows_of(api, report)]
        assert len(found) == len(set(found)) >= 2
    assert [row["id"] for row in await rows_of(api, "sessions")] == sorted(made, reverse=True)


async def test_a_reader_who_goes_away_is_not_read_for(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "CHUNK", 1)
    for _ in range(3):
        await api.create()
    caller = _caller_of(api)
    with plans.watched(api) as statements:
        body = stream.stream(api.app.state.context, caller, lines.SESSIONS, Wanted(), bom=False)._body
        assert (await anext(body)).startswith("id,")
        await anext(body)
        assert stream._running[api.alice.id] == 0
        await body.aclose()
    assert len([one for one in statements if "printf" in one or "format(" in one]) == 1
    assert not stream._running


async def test_a_reader_who_takes_nothing_is_let_go() -> None:
    """And what was being read for them is closed."""
    closed = asyncio.Event()

    async def body() -> AsyncGenerator[str]:
        try:
            yield "id\r\n"
            yield "ses_1\r\n"
        finally:
            closed.set()

    taken: list[Any] = []

    async def send(message: Any) -> None:
        taken.append(message)
        if len(taken) > 2:  # the beginning goes out, then the connection is full for ever
            await asyncio.Event().wait()

    async def receive() -> Any:
        return await asyncio.Event().wait()

    scope = {"type": "http", "asgi": {"spec_version": "2.3"}}
    await stream.CsvStream("sessions", body(), timedelta(milliseconds=1))(scope, receive, send)
    assert closed.is_set()
    assert [message["type"] for message in taken] == ["http.response.start", "http.response.body", "http.response.body"]


async def test_only_so_many_streams_at_once(api: Api) -> None:
    context, caller = api.app.state.context, _caller_of(api)
    bodies = [stream.stream(context, caller, lines.SESSIONS, Wanted(), bom=False)._body for _ in range(stream.AT_ONCE)]
    for body in bodies:
        await anext(body)
    answer = await api.http.get("/v1/reports/sessions", params={"format": "csv"}, headers=api.alice.headers)
    assert problem(answer, 503, "unavailable")["detail"].startswith("3 reports are being sent")
    assert (await api.get("/v1/reports/sessions"))["items"] == []
    for body in bodies:
        await body.aclose()
    assert await rows_of(api, "sessions") == []


def _caller_of(api: Api) -> Any:
    from api.auth.permissions import Caller, Scope  # noqa: PLC0415 - only here
    from api.operators.models import Role  # noqa: PLC0415

    organization = json.loads(_claims(api.alice.access_token))["org"]
    return Caller(api.alice.id, organization, Role.ADMINISTRATOR, frozenset(Scope))


def _claims(token: str) -> bytes:
    import base64  # noqa: PLC0415

    part = token.split(".")[1]
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


@both
async def test_reports_read_along_indexes(api: Api) -> None:
    await helped(api)
    with plans.watched(api) as statements:
        await plans.history(api)
    assert len(statements) > 20
    assert await plans.scans(api, statements) == []


def test_cells_of_python_and_of_the_database_agree() -> None:
    assert cells.cell(None) == ""
    assert cells.cell(12) == "12"
    assert cells.cell('a "b"') == '"a ""b"""'
    assert cells.cell("-1") == '"\'-1"'
    assert timedelta(minutes=1) < STALLED_AFTER
