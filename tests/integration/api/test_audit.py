"""The administrative log: who reads it, what is searched, what a stolen database shows, and whose lines they are."""

from datetime import timedelta
from typing import Any

import pytest

from api import audit
from api.audit import Action
from api.auth.permissions import Caller, effective
from api.operators.models import Role
from tests.integration.api.support import Api, Person, problem, stored_in

pytestmark = pytest.mark.both_databases


def caller_of(person: Person, organization_id: str, name: str) -> Caller:
    return Caller(person.id, organization_id, Role.ADMINISTRATOR, effective(Role.ADMINISTRATOR), name=name)


async def organization_of(api: Api, person: Person) -> str:
    return str((await api.get("/v1/organization", person))["id"])


async def record(api: Api, person: Person, action: Action, target: str | None = None, **data: Any) -> None:
    context = api.app.state.context
    caller = caller_of(person, await organization_of(api, person), "Alice")
    async with context.database.write() as db:
        audit.record(db, context, caller.organization_id, action, by=caller, target=target, **data)


async def found(api: Api, person: Person | None = None, **filters: Any) -> list[str]:
    return [item["action"] for item in (await api.get("/v1/audit-events", person, **filters))["items"]]


async def test_a_line_says_who_did_what_to_whom_from_where(api: Api) -> None:
    await record(api, api.alice, Action.OPERATOR_CHANGED, api.bob.id, role="auditor")
    line = (await api.get("/v1/audit-events", action="operator.changed"))["items"][0]
    assert line["actor"] == {"type": "operator", "id": api.alice.id, "name": "Alice"}
    assert line["target"] == {"type": "operator", "id": api.bob.id, "name": None}
    assert line["data"] == {"role": "auditor"}
    assert line["id"].startswith("evt_")


async def test_lines_are_found_by_every_filter(api: Api) -> None:
    await record(api, api.alice, Action.API_KEY_CREATED, "key_1")
    await record(api, api.alice, Action.API_KEY_DELETED, "key_1")
    await record(api, api.alice, Action.OPERATOR_SUSPENDED, api.bob.id)
    assert await found(api, action="api_key") == ["api_key.deleted", "api_key.created"]
    assert await found(api, action="api_key.created") == ["api_key.created"]
    assert await found(api, action="api") == []
    assert await found(api, target_id="key_1") == ["api_key.deleted", "api_key.created"]
    assert len(await found(api, actor_id=api.alice.id, action="operator.suspended")) == 1
    assert await found(api, q="BOB", action="operator.suspended") == ["operator.suspended"]
    assert await found(api, q="%") == []
    assert "operator.suspended" in await found(api, q="suspend")
    later = (api.clock.now() + timedelta(minutes=1)).isoformat()
    from_later = await api.http.get("/v1/audit-events", params={"from": later}, headers=api.alice.headers)
    assert from_later.json()["items"] == []
    assert len(await found(api, to=later, action="api_key")) == 2


async def test_pages_follow_one_another(api: Api) -> None:
    for number in range(5):
        await record(api, api.alice, Action.API_KEY_CREATED, f"key_{number}")
    seen, cursor = [], None
    while True:
        more: dict[str, Any] = {"cursor": cursor} if cursor else {}
        page = await api.get("/v1/audit-events", limit=2, action="api_key.created", **more)
        seen += [item["target"]["id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == [f"key_{number}" for number in (4, 3, 2, 1, 0)]


async def test_another_organisation_sees_nothing_of_it(api: Api) -> None:
    await record(api, api.alice, Action.OPERATOR_CHANGED, api.bob.id)
    assert all((item["target"] or {}).get("id") != api.bob.id for item in await lines(api, api.gina))
    assert await found(api, api.gina, target_id=api.bob.id) == []
    assert await found(api, api.gina, q="bob") == []


async def lines(api: Api, person: Person) -> list[dict[str, Any]]:
    return list((await api.get("/v1/audit-events", person))["items"])


async def test_an_operator_may_not_read_it(api: Api) -> None:
    problem(await api.http.get("/v1/audit-events", headers=api.bob.headers), 403, "scope-missing")


@pytest.mark.parametrize("query", ["action=No%20Way", "from=yesterday", "from=2026-01-01T00:00:00", "q=", "limit=0"])
async def test_filters_that_cannot_be_meant(api: Api, query: str) -> None:
    problem(await api.http.get(f"/v1/audit-events?{query}", headers=api.alice.headers), 422, "invalid")


async def test_a_stolen_database_shows_no_names_or_addresses(api: Api) -> None:
    await record(api, api.alice, Action.OPERATOR_CHANGED, api.bob.id, email="bob.private@example.com")
    stored = stored_in(api.folder)
    assert b"operator.changed" in stored
    assert b"bob.private" not in stored
    assert b"192.0.2.7" not in stored
