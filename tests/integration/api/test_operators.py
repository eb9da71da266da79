"""Operators: found, changed, suspended, deleted, reset, unlocked, invited; and never an organisation without administrator."""

import re
from typing import Any

import pytest

from tests.integration.api import account_races
from tests.integration.api.account_races import from_address, settle
from tests.integration.api.support import PASSWORD, Api, Installation, problem, running, wait_until
from tests.support.smtp import mail_server

NEW = "a quite new and long password"


async def make(api: Api, login: str = "carol", **body: Any) -> dict[str, Any]:
    return await api.post("/v1/operators", {"login": login, "name": login.title(), **body})


async def logins(api: Api, **filters: Any) -> list[str]:
    return [row["login"] for row in (await api.get("/v1/operators", **filters))["items"]]


async def actions(api: Api, operator_id: str) -> list[str]:
    return [line["action"] for line in (await api.get("/v1/audit-events", target_id=operator_id))["items"]]


async def test_operators_are_found(api: Api) -> None:
    await make(api, "carol", email="c@example.com")
    await make(api, "dave", role="auditor")
    assert await logins(api) == ["dave", "carol", "bob", "alice"]
    assert await logins(api, q="CAR") == ["carol"]
    assert await logins(api, q="example.com") == ["carol"]
    assert await logins(api, q="_") == []
    assert await logins(api, role="auditor") == ["dave"]
    assert await logins(api, state="suspended") == []
    assert await logins(api, state="locked") == []
    assert await logins(api, state="active", role="administrator") == ["alice"]
    problem(await api.http.get("/v1/operators?state=asleep", headers=api.alice.headers), 422, "invalid")


async def test_a_deleted_operator_is_gone_but_for_the_history(api: Api) -> None:
    session = await api.create(api.bob)
    key = await api.post("/v1/api-keys", {"name": "k", "scopes": ["me:read"]}, api.bob, status=403)
    assert key["slug"] == "scope-missing"
    assert (await api.http.delete(f"/v1/operators/{api.bob.id}", headers=api.alice.headers)).status_code == 204
    assert "bob" not in await logins(api)
    assert await logins(api, state="deleted") == ["bob"]
    problem(await api.http.get(f"/v1/operators/{api.bob.id}", headers=api.alice.headers), 404, "not-found")
    problem(await api.http.get("/v1/me", headers=api.bob.headers), 401, "token-refused")
    refused = await api.http.post("/v1/auth/refresh", json={"refresh_token": api.bob.refresh_token})
    problem(refused, 401, "refresh-refused")
    problem(await from_address(api, "192.0.2.9", "acme/bob", PASSWORD), 401, "sign-in-failed")
    shown = await api.get(f"/v1/sessions/{session['id']}")
    assert (shown["state"], shown["operator"]["name"]) == ("ended", "Bob")
    again = await make(api, "bob")
    assert again["id"] != api.bob.id
    line = (await api.get("/v1/audit-events", action="operator.deleted"))["items"][0]
    assert line["target"] == {"type": "operator", "id": api.bob.id, "name": "Bob"}
    assert line["actor"] == {"type": "operator", "id": api.alice.id, "name": "Alice"}
    assert line["data"] == {"login": "bob"}


async def test_keys_of_a_deleted_operator_are_gone(api: Api) -> None:
    eve = await account_races.administrator(api, "eve")
    key = (await api.post("/v1/api-keys", {"name": "k", "scopes": ["me:read"]}, eve))["key"]
    headers = {"Authorization": f"Bearer {key}"}
    assert (await api.http.get("/v1/me", headers=headers)).status_code == 200
    await account_races.gone(api, eve, api.alice)
    problem(await api.http.get("/v1/me", headers=headers), 401, "token-refused")


@pytest.mark.parametrize("body", [{"suspended": True}, {"role": "operator"}, {"role": "auditor"}])
async def test_nobody_takes_their_own_administration_away(api: Api, body: dict[str, Any]) -> None:
    await account_races.administrator(api, "eve")
    mine = f"/v1/operators/{api.alice.id}"
    problem(await api.http.patch(mine, json=body, headers=api.alice.headers), 409, "conflict")
    problem(await api.http.delete(mine, headers=api.alice.headers), 409, "conflict")


async def test_two_administrators_cannot_end_each_other(api: Api) -> None:
    await account_races.last_administrator(api, api, await account_races.third_organisation(api))


async def test_an_auditor_reads_and_changes_nothing(api: Api) -> None:
    made = await make(api, "dave", role="auditor")
    dave = await settle(api, "acme/dave", made["one_time_password"])
    assert (await api.http.get("/v1/operators", headers=dave.headers)).status_code == 200
    assert (await api.http.get("/v1/audit-events", headers=dave.headers)).status_code == 200
    for method, path in (("POST", "/v1/operators"), ("PATCH", f"/v1/operators/{api.bob.id}"), ("POST", "/v1/sessions")):
        problem(await api.http.request(method, path, json={}, headers=dave.headers), 403, "scope-missing")


async def test_who_becomes_an_auditor_leaves_the_sessions(api: Api) -> None:
    session = await api.create(api.bob)
    answer = await api.http.patch(f"/v1/operators/{api.bob.id}", json={"role": "auditor"}, headers=api.alice.headers)
    assert answer.status_code == 200, answer.text
    assert (await api.get(f"/v1/sessions/{session['id']}"))["state"] == "ended"
    assert (await actions(api, api.bob.id))[0] == "operator.changed"


async def test_a_reset_password_ends_sign_ins_and_must_be_changed(api: Api) -> None:
    reset = await api.post(f"/v1/operators/{api.bob.id}/reset-password", status=200)
    problem(await api.http.get("/v1/me", headers=api.bob.headers), 401, "token-refused")
    problem(await from_address(api, "192.0.2.9", "acme/bob", PASSWORD), 401, "sign-in-failed")
    first = reset["one_time_password"]
    problem(await from_address(api, "192.0.2.9", "acme/bob", first), 403, "password-change-required")
    await settle(api, "acme/bob", first, NEW)
    assert (await from_address(api, "192.0.2.9", "acme/bob", NEW)).status_code == 200
    assert "operator.password_reset" in await actions(api, api.bob.id)
    own = await api.http.post(f"/v1/operators/{api.alice.id}/reset-password", headers=api.alice.headers)
    problem(own, 409, "conflict")


async def test_an_administrator_unlocks(api: Api) -> None:
    for number in range(3):
        problem(await from_address(api, f"192.0.2.{number}", "acme/bob", "wrong"), 401, "sign-in-failed")
    assert await logins(api, state="locked") == ["bob"]
    problem(await from_address(api, "192.0.2.9", "acme/bob", PASSWORD), 401, "sign-in-failed")
    unlocked = await api.post(f"/v1/operators/{api.bob.id}/unlock", status=200)
    assert unlocked["locked_until"] is None
    assert (await from_address(api, "192.0.2.9", "acme/bob", PASSWORD)).status_code == 200
    assert (await actions(api, api.bob.id))[:2] == ["sign_in.succeeded", "operator.unlocked"]


async def test_an_invitation_sets_the_first_password_once(api: Api) -> None:
    made = await make(api, "carol")
    sent = await api.post(f"/v1/operators/{made['id']}/invite", {"language": "ja"})
    assert sent["mailed"] is False
    token = re.fullmatch(r"http://localhost:8080/console/invitation#(toi_[\w-]{43})", sent["link"])
    assert token is not None
    body = {"token": token[1], "password": NEW}
    weak = await api.http.post("/v1/auth/invitation", json=body | {"password": "carol carol carol"})
    assert problem(weak, 422, "invalid")["errors"][0]["pointer"] == "#/password"
    accepted = await api.http.post("/v1/auth/invitation", json=body)
    assert accepted.json() == {"username": "acme/carol", "name": "Carol", "organisation": "acme"}
    problem(await api.http.post("/v1/auth/invitation", json=body), 404, "invitation-not-valid")
    assert (await from_address(api, "192.0.2.9", "acme/carol", NEW)).status_code == 200
    problem(await from_address(api, "192.0.2.9", "acme/carol", made["one_time_password"]), 401, "sign-in-failed")
    again = await api.http.post(f"/v1/operators/{made['id']}/invite", headers=api.alice.headers)
    problem(again, 409, "conflict")
    assert {"operator.invitation_accepted", "operator.invited", "operator.created"} <= set(
        await actions(api, made["id"])
    )


async def test_an_invitation_goes_by_mail_where_there_is_mail(installation: Installation) -> None:
    with mail_server() as mailbox:
        where: dict[str, Any] = {"smtp_url": f"smtp://127.0.0.1:{mailbox.port}", "mail_from": "support@example.com"}
        async with running(installation, **where) as api:
            made = await make(api, "carol", email="carol@example.com")
            sent = await api.post(f"/v1/operators/{made['id']}/invite", {"language": "en"})
            assert (sent["mailed"], sent["link"]) == (True, None)

            async def arrived() -> list[str]:
                return mailbox.texts()

            (text,) = await wait_until(arrived)
            link = re.search(r"http://localhost:8080/console/invitation#(toi_[\w-]{43})", text)
            assert link is not None
            assert "acme/carol" in text
            accepted = await api.http.post("/v1/auth/invitation", json={"token": link[1], "password": NEW})
            assert accepted.status_code == 200, accepted.text
            nowhere = await make(api, "dave")
            assert (await api.post(f"/v1/operators/{nowhere['id']}/invite"))["link"] is not None


async def test_an_invitation_ends_with_its_time_with_a_newer_one_and_with_its_operator(api: Api) -> None:
    made = await make(api, "carol")
    tokens = []
    for _ in range(3):
        sent = await api.post(f"/v1/operators/{made['id']}/invite")
        tokens.append(sent["link"].partition("#")[2])

    async def refused(token: str) -> None:
        answer = await api.http.post("/v1/auth/invitation", json={"token": token, "password": NEW})
        problem(answer, 404, "invitation-not-valid")

    await refused(tokens[0])
    await refused("toi_unknown")
    await api.http.patch(f"/v1/operators/{made['id']}", json={"suspended": True}, headers=api.alice.headers)
    await refused(tokens[2])
    await api.http.patch(f"/v1/operators/{made['id']}", json={"suspended": False}, headers=api.alice.headers)
    api.clock.advance(hours=73)
    await refused(tokens[2])


async def test_guesses_of_invitations_are_throttled(api: Api) -> None:
    body = {"token": "toi_unknown", "password": NEW}
    for _ in range(30):
        problem(await api.http.post("/v1/auth/invitation", json=body), 404, "invitation-not-valid")
    problem(await api.http.post("/v1/auth/invitation", json=body), 429, "too-many-requests")


async def test_a_reset_second_factor_ends_sign_ins(api: Api) -> None:
    answer = await api.http.post(f"/v1/operators/{api.bob.id}/reset-second-factor", headers=api.alice.headers)
    assert answer.status_code == 204, answer.text
    problem(await api.http.get("/v1/me", headers=api.bob.headers), 401, "token-refused")
    assert (await actions(api, api.bob.id))[0] == "operator.second_factor_reset"


OTHERS = [
    ("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/reset-password"), ("POST", "/reset-second-factor"),
    ("POST", "/unlock"), ("POST", "/invite"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path"), OTHERS)
async def test_another_organisations_operator_does_not_exist(api: Api, method: str, path: str) -> None:
    body = {"name": "Mine"} if method == "PATCH" else None
    for operator in (api.alice, api.bob):
        url = f"/v1/operators/{operator.id}{path}"
        problem(await api.http.request(method, url, json=body, headers=api.gina.headers), 404, "not-found")
    assert (await api.get(f"/v1/operators/{api.bob.id}"))["name"] == "Bob"
    assert (await api.http.get("/v1/me", headers=api.bob.headers)).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        {"email": "evil@example.com"},
        {"networks": []},
        {"role": "administrator"},
        {"suspended": True},
        {"name": "Your Bank"},
        {"modes": ["control"]},
        {"max_session_seconds": None},
    ],
)
async def test_an_api_key_cannot_decide_who_gets_in(api: Api, body: dict[str, Any]) -> None:
    key = (await api.post("/v1/api-keys", {"name": "k", "scopes": ["operators:read", "operators:write"]}))["key"]
    headers = {"Authorization": f"Bearer {key}"}
    path = f"/v1/operators/{api.bob.id}"
    problem(await api.http.patch(path, json=body, headers=headers), 403, "forbidden")
    for act in ("reset-password", "reset-second-factor", "invite", "unlock"):
        assert (await api.http.post(f"{path}/{act}", headers=headers)).status_code == 403


async def test_lists_hold_one_organisation_only(api: Api) -> None:
    assert {row["id"] for row in (await api.get("/v1/operators", api.gina))["items"]} == {api.gina.id}
    assert (await api.get("/v1/operators", api.gina, q="bob"))["items"] == []
