"""What operators may: modes and longest sessions, set by administrators, enforced at creation, in tickets and by the clock."""

from typing import Any

import pytest

from tests.integration.api.support import Api, problem, wait_until
from wire import tokens


async def patch(api: Api, operator: str, **body: Any) -> dict[str, Any]:
    answer = await api.http.patch(f"/v1/operators/{operator}", json=body, headers=api.alice.headers)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_a_mode_that_is_not_allowed(api: Api) -> None:
    before = await api.create(api.bob, mode="control")
    changed = await patch(api, api.bob.id, modes=["view"])
    assert changed["modes"] == ["view"]
    refused = await api.http.post("/v1/sessions", json={"mode": "control"}, headers=api.bob.headers)
    assert problem(refused, 403, "mode-not-allowed")["mode"] == "control"
    ticket = await api.http.post(f"/v1/sessions/{before['id']}/ticket", headers=api.bob.headers)
    problem(ticket, 403, "mode-not-allowed")
    assert (await api.create(api.bob, mode="view"))["mode"] == "view"
    await patch(api, api.bob.id, modes=[])
    refused = await api.http.post("/v1/sessions", json={"mode": "view"}, headers=api.bob.headers)
    problem(refused, 403, "mode-not-allowed")


@pytest.mark.parametrize(
    ("organization", "operator", "request_", "holds"),
    [
        (None, None, None, None), (7200, None, None, 7200), (7200, 3600, None, 3600), (1800, 3600, None, 1800),
        (7200, 3600, 900, 900), (None, 600, 900, 600), (None, None, 900, 900),
    ],
)  # fmt: skip
async def test_the_narrowest_limit_holds(
    api: Api, organization: int | None, operator: int | None, request_: int | None, holds: int | None
) -> None:
    limit = {"max_session_seconds": organization}
    assert (await api.http.patch("/v1/organization", json=limit, headers=api.alice.headers)).status_code == 200
    await patch(api, api.bob.id, max_session_seconds=operator)
    session = await api.create(api.bob, max_session_seconds=request_)
    assert session["limits"] == {"seconds": holds, "bytes_per_second": None}
    assert session["policy"]["limits"]["seconds"] == holds
    host = (await api.join(session["code"])).json()
    for name in ("ticket", "resume_ticket", "statement"):
        assert tokens.unverified_claims(host[name])["limits"]["seconds"] == holds


async def test_a_session_ends_when_its_time_is_over(api: Api) -> None:
    session = await api.active(max_session_seconds=600)
    shown = await api.get(f"/v1/sessions/{session['id']}")
    assert shown["ends_at"] is not None
    await api.later(seconds=599)
    assert (await api.get(f"/v1/sessions/{session['id']}"))["state"] == "active"
    await api.later(seconds=2)

    async def over() -> bool:
        return bool((await api.get(f"/v1/sessions/{session['id']}"))["state"] == "ended")

    await wait_until(over)
    ended = await api.get(f"/v1/sessions/{session['id']}")
    assert (ended["ended_by"], ended["reason"]) == ("system", "time_limit")
    assert (await api.relay("GET", "commands"))["commands"][0]["reason"] == "time_limit"


async def test_a_code_nobody_used_expires(api: Api) -> None:
    session = await api.create()
    api.clock.advance(seconds=601)

    async def expired() -> bool:
        return bool((await api.get(f"/v1/sessions/{session['id']}"))["state"] == "expired")

    await wait_until(expired)
    after = await api.get(f"/v1/sessions/{session['id']}")
    assert (after["code"], after["ended_by"], after["reason"]) == (None, "system", "expired")
    refused = await api.http.post(f"/v1/sessions/{session['id']}/ticket", headers=api.alice.headers)
    problem(refused, 409, "session-ended")


async def test_an_operator_acts_for_nobody_else(api: Api) -> None:
    body = {"mode": "view", "operator_id": api.alice.id}
    problem(await api.http.post("/v1/sessions", json=body, headers=api.bob.headers), 403, "forbidden")
    made = await api.create(api.alice, operator_id=api.bob.id)
    assert made["operator"]["id"] == api.bob.id
    assert (await api.get(f"/v1/sessions/{made['id']}", api.bob))["code"] == made["code"]
    foreign = {"mode": "view", "operator_id": api.gina.id}
    problem(await api.http.post("/v1/sessions", json=foreign, headers=api.alice.headers), 400, "bad-request")


@pytest.mark.rule("R36")
async def test_suspending_ends_sign_ins_and_sessions_at_once(api: Api) -> None:
    session = await api.active()
    mine = await api.create(api.bob)
    assert (await patch(api, api.bob.id, suspended=True))["suspended"] is True
    problem(await api.http.get("/v1/me", headers=api.bob.headers), 401, "token-refused")
    refused = await api.http.post("/v1/auth/refresh", json={"refresh_token": api.bob.refresh_token})
    problem(refused, 401, "refresh-refused")
    ended = await api.get(f"/v1/sessions/{mine['id']}")
    assert (ended["state"], ended["ended_by"]) == ("ended", "administrator")
    assert (await api.get(f"/v1/sessions/{session['id']}"))["state"] == "active"
    assert (await patch(api, api.bob.id, suspended=False))["suspended"] is False
    problem(await api.http.get("/v1/me", headers=api.bob.headers), 401, "token-refused")


async def test_administrators_do_not_lock_themselves_out(api: Api) -> None:
    for body in ({"suspended": True}, {"role": "operator"}):
        answer = await api.http.patch(f"/v1/operators/{api.alice.id}", json=body, headers=api.alice.headers)
        problem(answer, 409, "conflict")


async def test_operators_of_others_are_not_there(api: Api) -> None:
    for method, body in (("GET", None), ("PATCH", {"name": "x"})):
        answer = await api.http.request(method, f"/v1/operators/{api.gina.id}", json=body, headers=api.alice.headers)
        problem(answer, 404, "not-found")
    listed = await api.get("/v1/operators")
    assert {item["login"] for item in listed["items"]} == {"alice", "bob"}


async def test_operators_are_created_and_changed(api: Api) -> None:
    made = await api.post("/v1/operators", {"login": "Carol", "name": " Carol ", "modes": ["view"]})
    assert (made["login"], made["name"], made["role"], made["must_change_password"]) == (
        "carol",
        "Carol",
        "operator",
        True,
    )
    taken = await api.http.post("/v1/operators", json={"login": "carol", "name": "x"}, headers=api.alice.headers)
    problem(taken, 409, "already-exists")
    other = await api.post("/v1/operators", {"login": "carol", "name": "Carol of Globex"}, api.gina)
    assert other["id"] != made["id"]
    changed = await patch(api, made["id"], name="Caroline", email="c@example.com", max_session_seconds=600)
    assert (changed["name"], changed["email"], changed["max_session_seconds"]) == ("Caroline", "c@example.com", 600)
    cleared = await patch(api, made["id"], max_session_seconds=None, name=None)
    assert (cleared["name"], cleared["max_session_seconds"], cleared["email"]) == ("Caroline", None, "c@example.com")


@pytest.mark.parametrize(
    "body",
    [
        {"modes": ["everything"]}, {"max_session_seconds": 5}, {"max_session_seconds": "long"}, {"role": "owner"},
        {"name": ""}, {"unknown": 1}, {"email": "not an address"}, {"id": "opr_x"},
    ],
)  # fmt: skip
async def test_a_malformed_change_is_422(api: Api, body: dict[str, Any]) -> None:
    answer = await api.http.patch(f"/v1/operators/{api.bob.id}", json=body, headers=api.alice.headers)
    (name,) = body
    assert problem(answer, 422, "invalid")["errors"][0]["pointer"].startswith(f"#/{name}")


@pytest.mark.parametrize(
    "body",
    [
        {}, {"mode": "present"}, {"mode": "view", "expires_in": 59}, {"mode": "view", "expires_in": 604_801},
        {"mode": "view", "features": ["teleport"]}, {"mode": "view", "customer": {"name": ""}},
        {"mode": "view", "starts_at": "tomorrow"}, {"mode": "view", "starts_at": "2026-12-01T09:00:00"},
        {"mode": "view", "metadata": {"a": "x" * 501}}, {"mode": "view", "metadata": {"a": {"b": 1}}},
        {"mode": "view", "reference": {"system": "crm", "id": "1", "url": "javascript:alert(1)"}},
        {"mode": "view", "state": "active"}, {"mode": "view", "code": "12345678"}, [], "text", None,
    ],
)  # fmt: skip
async def test_a_malformed_session_is_422(api: Api, body: Any) -> None:
    answer = await api.http.post("/v1/sessions", json=body, headers=api.alice.headers)
    assert problem(answer, 422, "invalid")["errors"]
