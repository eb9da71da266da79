"""What is said of the process: parts of readiness one by one, and metrics that count what happened and name nobody."""

import asyncio
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families as families
from sqlalchemy.exc import OperationalError

from api import health, polling
from api.health import Condition
from api.operation.facts import Facts, look
from api.operation.listener import admin_app
from api.operation.repository import Outbox
from tests.integration.api.support import PASSWORD, Api, problem

GIB = 1 << 30


async def facts_of(api: Api) -> Facts:
    return await look(api.app.state.context)


def judged(api: Api, facts: Facts) -> dict[str, Condition]:
    """The parts that are not well."""
    state = health.judge(api.app.state.context, facts)
    bad: dict[str, Condition] = {name: part for name, part in state.parts.items() if part is not Condition.OK}
    assert state.status is (
        Condition.FAILING if Condition.FAILING in bad.values() else Condition.WARNING if bad else Condition.OK
    )
    return bad


async def test_all_is_well_while_relays_are_there(api: Api) -> None:
    assert (await api.http.get("/healthz")).json() == {"status": "ok"}
    ready = await api.http.get("/readyz")
    assert (ready.status_code, ready.json()["status"]) == (200, "ok")
    assert set(ready.json()["parts"].values()) == {"ok"}


async def test_each_part_is_judged_by_itself(api: Api) -> None:
    facts = await facts_of(api)
    late = Outbox(3, facts.now - timedelta(minutes=16))
    machine = facts.machine
    cases: list[tuple[dict[str, Any], dict[str, Condition]]] = [
        ({}, {}),
        ({"keyring": False}, {"keyring": Condition.FAILING}),
        ({"machine": replace(machine, disk_free=GIB // 2, disk_size=100 * GIB)}, {"disk": Condition.WARNING}),
        ({"machine": replace(machine, upkeep_age=61.0)}, {"upkeep": Condition.WARNING}),
        ({"machine": replace(machine, upkeep_age=None)}, {}),
        ({"webhooks": late}, {"webhooks": Condition.WARNING}),
        ({"mails": late}, {"mail": Condition.WARNING}),
        ({"webhooks": Outbox(10_000, facts.now + timedelta(hours=1))}, {}),
        ({"unplaced_since": facts.now - timedelta(minutes=2)}, {"audit": Condition.WARNING}),
        ({"relays": 0}, {"relays": Condition.WARNING}),
        ({"clock_skew": timedelta(seconds=-6)}, {"clock": Condition.WARNING}),
        ({"clock_skew": timedelta(seconds=4)}, {}),
        ({"machine": replace(machine, certificate_until=facts.now + timedelta(days=13))}, {"certificate": Condition.WARNING}),
        ({"machine": replace(machine, certificate_until=facts.now - timedelta(days=1))}, {"certificate": Condition.WARNING}),
    ]  # fmt: skip
    for changes, expected in cases:
        assert judged(api, replace(facts, **changes)) == expected, changes


async def test_without_its_database_it_is_not_ready_but_alive(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: Any, **__: Any) -> None:
        raise OperationalError("SELECT 1", {}, Exception("secret-dsn"))

    monkeypatch.setattr(api.app.state.context.database, "read", away)
    answer = await api.http.get("/readyz")
    body = problem(answer, 503, "unavailable")
    assert body["parts"]["database"] == "failing"
    assert body["detail"] == "Not ready: database."
    assert answer.headers["retry-after"] == "5"
    assert "secret-dsn" not in answer.text
    assert (await api.http.get("/healthz")).status_code == 200


async def test_it_says_no_before_it_ends(api: Api) -> None:
    api.app.state.context.stopping.set()
    answer = await api.http.get("/readyz")
    assert problem(answer, 503, "unavailable")["parts"]["process"] == "failing"
    assert answer.headers["connection"] == "close"
    assert (await api.http.get("/v1/me", headers=api.alice.headers)).status_code == 200


async def test_who_polls_a_process_that_ends_is_held_a_moment(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not answered at once: a relay would ask again and again until the end."""
    monkeypatch.setattr(polling, "STOPPING_SECONDS", 0.05)
    context, reads = api.app.state.context, []

    async def read() -> list[str]:
        reads.append(1)
        return []

    context.stopping.set()
    async with asyncio.timeout(10):
        assert await polling.poll(context, "topic", 25, read) == []
    assert len(reads) == 2


async def test_many_who_ask_cause_one_look(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = []

    async def counted(context: Any) -> Facts:
        looks.append(1)
        return await look(context)

    monkeypatch.setattr("api.operation.facts.look", counted)
    answers = await asyncio.gather(*(api.http.get("/readyz") for _ in range(50)))
    assert {answer.status_code for answer in answers} == {200}
    assert len(looks) == 1


async def scraped(api: Api) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Every sample of the listener's `/metrics`."""
    app = admin_app(api.app.state.context, api.app.state.watch)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost:9080") as client:
        answer = await client.get("/metrics")
        assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
        assert (await client.get("/readyz")).json()["status"] == "ok"
        assert (await client.get("/v1/me")).status_code == 404
    found = {}
    for family in families(answer.text):
        assert family.documentation or family.name.startswith("process_"), family.name
        for sample in family.samples:
            found[sample.name, tuple(sorted(sample.labels.items()))] = sample.value
    return found


def value(found: dict[Any, float], name: str, **labels: str) -> float:
    return found[f"tasuki_api_{name}", tuple(sorted(labels.items()))]


@pytest.mark.usefixtures("quick_passwords")
async def test_metrics_count_what_happened(api: Api) -> None:
    before = await scraped(api)
    session = await api.active(
        customer={"name": "Hanako", "email": "hanako@example.jp"}, reference={"system": "crm", "id": "47"}
    )
    assert (await api.join("000000000000")).status_code == 404
    for words in (PASSWORD, "wrong"):
        await api.http.post("/v1/auth/token", data={"username": "acme/bob", "password": words})
    await api.http.request("BREW", "/v1/me")
    await api.http.get("/nowhere/at/all")
    await api.get(f"/v1/sessions/{session['id']}/events", after="evt_0", wait=0)
    api.app.state.watch._known = None
    found = await scraped(api)
    assert value(found, "joins_total", outcome="ok") == 1
    assert value(found, "joins_total", outcome="code-not-valid") == 1
    assert value(found, "sign_ins_total", outcome="ok") == 1
    assert value(found, "sign_ins_total", outcome="sign-in-failed") == 1
    assert value(found, "problems_total", route="/v1/join", problem="code-not-valid") == 1
    assert value(found, "requests_total", method="POST", route="/v1/sessions", status="201") == 1
    assert value(found, "requests_total", method="other", route="/v1/me", status="405") == 1
    assert value(found, "requests_total", method="GET", route="unmatched", status="404") == 1
    assert value(found, "request_seconds_count", route="/v1/sessions") == 1
    assert ("tasuki_api_request_seconds_count", (("route", "/v1/sessions/{session_id}/events"),)) not in found
    assert value(found, "sessions", state="active") == 1
    assert value(found, "relays_healthy") == 2
    assert value(found, "database_up") == value(found, "keyring_up") == 1
    assert value(found, "sent_bytes_total") > value(before, "sent_bytes_total")
    assert value(found, "requests_running") == value(found, "long_polls") == 0


async def test_no_label_says_who_or_grows_without_end(api: Api) -> None:
    session = await api.active(customer={"name": "Hanako", "email": "hanako@example.jp"})
    for number in range(30):
        await api.http.get(f"/v1/sessions/ses_{number}", headers=api.alice.headers)
        await api.http.get(f"/nothing/{number}")
        await api.http.request(f"METHOD{number}", "/v1/me")
    found = await scraped(api)
    labels = " ".join(str(labels) for _, labels in found)
    for word in (session["id"], session["code"], api.alice.id, "acme", "Hanako", "example.jp", "192.0.2.7"):
        assert word not in labels
    assert not re.search(r"\b[a-z]{3}_[0-9A-HJKMNP-TV-Z]{26}\b", labels)
    assert sum(1 for name, _ in found if name == "tasuki_api_requests_total") < 20
