"""Whoever may less than before loses it in the sessions they are in, too."""

from typing import Any

import httpx
import pytest

from tests.integration.api.support import Api, problem
from tests.integration.api.test_handover import kicks, limit


async def back(api: Api, ticket: dict[str, Any]) -> httpx.Response:
    return await api.http.post("/v1/resume", headers={"Authorization": f"Bearer {ticket['resume_ticket']}"})


async def with_guest(api: Api) -> tuple[dict[str, Any], dict[str, Any]]:
    session = await api.active(features=["chat", "screenshot"])
    await api.post(f"/v1/sessions/{session['id']}/guests", {"operator_id": api.bob.id})
    return session, await api.post(f"/v1/sessions/{session['id']}/ticket", person=api.bob)


async def test_a_guest_whose_mode_is_taken_away_is_sent_out(api: Api) -> None:
    session, ticket = await with_guest(api)
    await limit(api, api.bob, modes=["view"])
    assert await kicks(api) == [(session["id"], 3)]
    problem(await back(api, ticket), 401, "token-refused")
    problem(await api.http.post(f"/v1/sessions/{session['id']}/ticket", headers=api.bob.headers), 404, "not-found")
    assert (await api.get(f"/v1/sessions/{session['id']}"))["state"] == "active"


async def test_a_guest_who_loses_a_feature_comes_again_with_less(api: Api) -> None:
    session, ticket = await with_guest(api)
    policy = await api.post("/v1/policies", {"name": "Less", "members": {"chat": False}})
    await limit(api, api.bob, policy_id=policy["id"])
    assert await kicks(api) == [(session["id"], 3)]
    problem(await back(api, ticket), 401, "token-refused")
    again = await api.post(f"/v1/sessions/{session['id']}/ticket", person=api.bob)
    assert (again["participant"]["sender"], again["features"]) == (4, ["screenshot"])


async def test_a_guest_who_slipped_through_is_sent_out_when_they_come_back(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unseen(*_: object) -> None:
        return None

    session, ticket = await with_guest(api)
    monkeypatch.setattr("api.sessions.policy.operator_changed", unseen)
    await limit(api, api.bob, modes=["view"])
    problem(await back(api, ticket), 401, "token-refused")
    assert await kicks(api) == [(session["id"], 3)]
    assert (await back(api, session["viewer"])).status_code == 200


@pytest.mark.parametrize("what", ["reset-password", "reset-second-factor"])
async def test_a_reset_leaves_nobody_in_a_session(api: Api, what: str) -> None:
    session, guest = await with_guest(api)
    own = await api.create(api.bob)
    await api.join(own["code"])
    ticket = await api.post(f"/v1/sessions/{own['id']}/ticket", person=api.bob)
    answer = await api.http.post(f"/v1/operators/{api.bob.id}/{what}", headers=api.alice.headers)
    assert answer.is_success, answer.text
    problem(await back(api, ticket), 410, "session-ended")
    problem(await back(api, guest), 401, "token-refused")
    assert (session["id"], 3) in await kicks(api)
    assert (await api.get(f"/v1/sessions/{session['id']}"))["state"] == "active"


async def test_networks_hold_for_who_comes_back(api: Api) -> None:
    session = await api.create(api.bob)
    host = (await api.join(session["code"])).json()
    ticket = await api.post(f"/v1/sessions/{session['id']}/ticket", person=api.bob)
    await limit(api, api.bob, networks=["203.0.113.0/24"])
    problem(await back(api, ticket), 403, "network-not-allowed")
    assert (await back(api, host)).status_code == 200, "the session goes on"
    await limit(api, api.bob, networks=[])
    assert (await back(api, ticket)).status_code == 200


async def test_an_auditor_is_given_no_session(api: Api) -> None:
    body = {"login": "aud", "name": "Aud", "role": "auditor"}
    to = {"operator_id": (await api.post("/v1/operators", body))["id"]}
    session = await api.active()
    for action in ("transfer", "guests"):
        path = f"/v1/sessions/{session['id']}/{action}"
        problem(await api.http.post(path, json=to, headers=api.alice.headers), 422, "invalid")
    made = await api.http.post("/v1/sessions", json={"mode": "view", **to}, headers=api.alice.headers)
    problem(made, 403, "forbidden")
