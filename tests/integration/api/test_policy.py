"""What operators may: modes and longest sessions, set by administrators, enforced at creation, in tickets and by the clock."""

import asyncio
from typing import Any

import pytest

from tests.integration.api.support import Api, problem, wait_until
from tests.integration.api.test_hooks import send
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
    problem(await api.http.post("/v1/sessions", json=foreign, headers=api.alice.headers), 422, "invalid")


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
        {}, {"mode": "teleport"}, {"mode": "view", "expires_in": 59}, {"mode": "view", "expires_in": 604_801},
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


async def shown(api: Api, session: dict[str, Any]) -> dict[str, Any]:
    return await api.get(f"/v1/sessions/{session['id']}")


async def limit(api: Api, who: str, seconds: int | None) -> None:
    if who == "operator":
        await patch(api, api.alice.id, max_session_seconds=seconds)
        return
    body = {"max_session_seconds": seconds}
    assert (await api.http.patch("/v1/organization", json=body, headers=api.alice.headers)).status_code == 200


@pytest.mark.parametrize("who", ["operator", "organization"])
async def test_a_limit_narrowed_since_reaches_a_session_that_waits(api: Api, who: str) -> None:
    session = await api.create(max_session_seconds=7200)
    await limit(api, who, 1800)
    preview = (await api.http.post("/v1/join/preview", json={"code": session["code"]})).json()
    assert preview["session"]["limits"]["seconds"] == 1800
    host = (await api.join(session["code"])).json()
    assert host["limits"]["seconds"] == 1800
    for name in ("ticket", "resume_ticket", "statement"):
        assert tokens.unverified_claims(host[name])["limits"]["seconds"] == 1800
    viewer = await api.post(f"/v1/sessions/{session['id']}/ticket")
    assert viewer["statement"] == host["statement"]
    await limit(api, who, None)
    assert (await shown(api, session))["limits"]["seconds"] == 1800


async def test_a_limit_narrowed_after_somebody_has_the_statement_is_in_the_tickets(api: Api) -> None:
    """Both sides' keys are bound to the same statement, so the one that was given out stays."""
    session = await api.create(max_session_seconds=7200)
    viewer = await api.post(f"/v1/sessions/{session['id']}/ticket")
    await limit(api, "operator", 1800)
    host = (await api.join(session["code"])).json()
    assert host["statement_sha256"] == viewer["statement_sha256"]
    assert host["limits"]["seconds"] == 1800
    assert tokens.unverified_claims(host["ticket"])["limits"]["seconds"] == 1800
    bearer = {"Authorization": f"Bearer {viewer['resume_ticket']}"}
    resumed = (await api.http.post("/v1/resume", headers=bearer)).json()
    assert tokens.unverified_claims(resumed["resume_ticket"])["limits"]["seconds"] == 1800


@pytest.mark.parametrize("who", ["operator", "organization"])
async def test_a_limit_narrowed_since_ends_a_session_that_runs(api: Api, who: str) -> None:
    session, young = await api.active(max_session_seconds=7200), await api.create()
    await api.later(seconds=300)
    await limit(api, who, 600)
    assert (await shown(api, session))["state"] == "active"
    await api.later(seconds=301)

    async def over() -> bool:
        return bool((await shown(api, session))["state"] == "ended")

    await wait_until(over)
    ended = await shown(api, session)
    assert (ended["ended_by"], ended["reason"]) == ("system", "time_limit")
    assert (await shown(api, young))["limits"]["seconds"] == 600


async def test_a_mode_taken_away_ends_the_sessions_that_run_in_it(api: Api) -> None:
    session, other, waiting = await api.active(), await api.active(mode="view"), await api.create()
    await patch(api, api.alice.id, modes=["view"])
    ended = await shown(api, session)
    assert (ended["state"], ended["ended_by"], ended["reason"]) == ("ended", "administrator", "policy")
    commands = (await api.relay("GET", "commands"))["commands"]
    assert [(command["session_id"], command["reason"]) for command in commands] == [(session["id"], "policy")]
    for side in ("joined", "viewer"):
        bearer = {"Authorization": f"Bearer {session[side]['resume_ticket']}"}
        gone = problem(await api.http.post("/v1/resume", headers=bearer), 410, "session-ended")
        assert (gone["ended_by"], gone["reason"]) == ("administrator", "policy")
    assert (await shown(api, other))["state"] == "active"
    assert (await shown(api, waiting))["state"] == "waiting"


async def test_a_session_that_slipped_through_ends_when_a_side_comes_back(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A customer that joins while the policy changes may be let in by the old one."""

    async def unseen(*_: object) -> None:
        return None

    session = await api.active()
    monkeypatch.setattr("api.sessions.policy.operator_changed", unseen)
    await patch(api, api.alice.id, modes=["view"])
    assert (await shown(api, session))["state"] == "active"
    bearer = {"Authorization": f"Bearer {session['joined']['resume_ticket']}"}
    waiting = asyncio.create_task(api.relay("GET", "commands", wait=20))
    await asyncio.sleep(0.05)
    gone = problem(await api.http.post("/v1/resume", headers=bearer), 410, "session-ended")
    assert (gone["ended_by"], gone["reason"]) == ("administrator", "policy")
    async with asyncio.timeout(5):
        assert [command["reason"] for command in (await waiting)["commands"]] == ["policy"]
    assert (await shown(api, session))["state"] == "ended"


async def test_modes_are_kept_once_and_in_order(api: Api) -> None:
    changed = await patch(api, api.bob.id, modes=["view", "control", "view"])
    assert changed["modes"] == ["control", "view"]


@pytest.mark.parametrize(
    ("email", "good"),
    [
        ("c@example.com", True), ("first.last+tag@mail.example.co.jp", True), ("root@localhost", True),
        ("ä@example.com", True), ("a@xn--fsq.xn--fiqs8s", True), ("a@example", False), ("a@例え.jp", False),
        ("a@.com", False), ("a@example..com", False), ("a@-example.com", False), ("a@example-.com", False),
        ("a@b@example.com", False), ("a b@example.com", False), ("@example.com", False), ("a@example.com.", False),
        ("a@1.2.3.4", False), ("x" * 65 + "@example.com", False),
    ],
)  # fmt: skip
async def test_mail_addresses(api: Api, email: str, good: bool) -> None:
    answer = await api.http.patch(f"/v1/operators/{api.bob.id}", json={"email": email}, headers=api.alice.headers)
    assert answer.status_code == (200 if good else 422), answer.text


async def test_how_whoever_made_a_session_proved_who_they_are(api: Api) -> None:
    """Signed for both sides, and shown to the customer before and after joining."""
    key = await api.post("/v1/api-keys", {"name": "CRM", "scopes": ["sessions:read", "sessions:write"]})
    made = await api.http.post("/v1/sessions", json={"mode": "view"}, headers={"Authorization": f"Bearer {key['key']}"})
    hook = await api.post("/v1/integrations", {"name": "Desk", "operator_id": api.alice.id})
    hooked = await send(api, hook, {"x": 1})
    for code, how in (
        ((await api.create())["code"], "password"),
        (made.json()["code"], "api-key"),
        (hooked.json()["code"], "hook"),
    ):
        preview = (await api.http.post("/v1/join/preview", json={"code": code})).json()
        assert preview["session"]["operator"]["verified"] == how
        host = (await api.join(code)).json()
        assert host["operator"]["verified"] == how
        assert tokens.unverified_claims(host["statement"])["operator"]["verified"] == how
        assert (await shown(api, {"id": host["session_id"]}))["operator"]["verified"] == how
