"""R28: a key never does more than its maker may, is shown once, expires, and can be taken back at once."""

import httpx
import pytest

from api.auth.permissions import BY_ROLE, Scope
from api.operators.models import Role
from tests.integration.api.people import new_operator
from tests.integration.api.support import Api, Person, problem, stored_in

pytestmark = pytest.mark.rule("R28")


async def make(api: Api, *scopes: str, **body: object) -> tuple[dict[str, object], dict[str, str]]:
    made = await api.post("/v1/api-keys", {"name": "CRM", "scopes": list(scopes), **body})
    return made, {"Authorization": f"Bearer {made['key']}"}


async def test_a_key_acts_for_its_maker_within_its_scopes(api: Api) -> None:
    made, headers = await make(api, "sessions:write", "sessions:read", "me:read")
    assert str(made["key"]).startswith("tsk_")
    me = (await api.http.get("/v1/me", headers=headers)).json()
    assert me["scopes"] == ["me:read", "sessions:read", "sessions:write"]
    assert me["operator"]["id"] == api.alice.id
    session = await api.http.post("/v1/sessions", json={"mode": "view", "operator_id": api.bob.id}, headers=headers)
    assert session.status_code == 201, session.text
    assert session.json()["code"]
    refused = await api.http.get("/v1/operators", headers=headers)
    problem(refused, 403, "scope-missing")
    ended = await api.http.post(f"/v1/sessions/{session.json()['id']}/end", headers=headers)
    assert ended.json()["ended_by"] == "system"


async def test_reading_alone_shows_no_code(api: Api) -> None:
    _, headers = await make(api, "sessions:read")
    session = await api.create()
    shown = (await api.http.get(f"/v1/sessions/{session['id']}", headers=headers)).json()
    assert (shown["code"], shown["join_url"]) == (None, None)


@pytest.mark.parametrize("scope", sorted(set(Scope) - BY_ROLE[Role.OPERATOR]))
async def test_an_operator_makes_no_key_at_all(api: Api, scope: str) -> None:
    answer = await api.http.post("/v1/api-keys", json={"name": "x", "scopes": [scope]}, headers=api.bob.headers)
    problem(answer, 403, "scope-missing")


async def test_a_demoted_makers_key_is_demoted_too(api: Api) -> None:
    made = await api.post("/v1/operators", {"login": "carol", "name": "Carol", "role": "administrator"})
    change = {
        "username": "acme/carol",
        "password": made["one_time_password"],
        "new_password": "a new and long password",
    }
    token = (await api.http.post("/v1/auth/password", json=change)).json()["access_token"]
    carol = Person(made["id"], "acme/carol", token, "")
    key = await api.post("/v1/api-keys", {"name": "x", "scopes": ["operators:read", "sessions:read"]}, carol)
    headers = {"Authorization": f"Bearer {key['key']}"}
    assert (await api.http.get("/v1/operators", headers=headers)).status_code == 200
    demoted = await api.http.patch(f"/v1/operators/{made['id']}", json={"role": "operator"}, headers=api.alice.headers)
    assert demoted.status_code == 200, demoted.text
    problem(await api.http.get("/v1/operators", headers=headers), 403, "scope-missing")
    await api.http.patch(f"/v1/operators/{made['id']}", json={"suspended": True}, headers=api.alice.headers)
    problem(await api.http.get("/v1/sessions", headers=headers), 401, "token-refused")


async def test_a_key_makes_no_credentials_and_no_roles(api: Api) -> None:
    _, headers = await make(api, *[str(scope) for scope in Scope])
    for method, path, body in (
        ("POST", "/v1/api-keys", {"name": "x", "scopes": ["me:read"]}),
        ("POST", "/v1/operators", {"login": "eve", "name": "Eve", "role": "administrator"}),
        ("PATCH", f"/v1/operators/{api.bob.id}", {"role": "administrator"}),
        ("PATCH", f"/v1/operators/{api.bob.id}", {"suspended": True}),
    ):
        problem(await api.http.request(method, path, json=body, headers=headers), 403, "forbidden")


async def test_it_expires_and_can_be_deleted(api: Api) -> None:
    made, headers = await make(api, "me:read", expires_in_days=1)
    assert (await api.http.get("/v1/me", headers=headers)).status_code == 200
    listed = (await api.get("/v1/api-keys"))["items"]
    assert "key" not in listed[0]
    assert listed[0]["last_used_at"] is not None
    assert str(made["key"]).endswith(listed[0]["ending"])
    foreign = await api.http.delete(f"/v1/api-keys/{made['id']}", headers=api.gina.headers)
    problem(foreign, 404, "not-found")
    api.clock.advance(days=1)
    problem(await api.http.get("/v1/me", headers=headers), 401, "token-refused")
    other, headers = await make(api, "me:read")
    assert (await api.http.delete(f"/v1/api-keys/{other['id']}", headers=api.alice.headers)).status_code == 204
    problem(await api.http.get("/v1/me", headers=headers), 401, "token-refused")


async def test_only_its_hash_is_stored(api: Api) -> None:
    made, _ = await make(api, "me:read")
    stored = stored_in(api.folder)
    assert str(made["key"]).encode() not in stored


@pytest.mark.parametrize(
    "body", [{"scopes": []}, {"scopes": ["everything"]}, {"expires_in_days": 0}, {"expires_in_days": 367}]
)
async def test_a_malformed_key_request(api: Api, body: dict[str, object]) -> None:
    whole = {"name": "x", "scopes": ["me:read"], **body}
    problem(await api.http.post("/v1/api-keys", json=whole, headers=api.alice.headers), 422, "invalid")


async def use(api: Api, key: object) -> httpx.Response:
    return await api.http.get("/v1/me", headers={"Authorization": f"Bearer {key}"})


async def test_it_says_when_and_from_where_it_was_last_used(api: Api) -> None:
    made, _ = await make(api, "me:read")
    assert (made["last_used_at"], made["last_used_address"], made["expired"]) == (None, None, False)
    assert (await use(api, made["key"])).status_code == 200
    (seen,) = (await api.get("/v1/api-keys"))["items"]
    assert seen["last_used_address"] == "192.0.2.7"
    first = seen["last_used_at"]
    await use(api, made["key"])
    assert (await api.get("/v1/api-keys"))["items"][0]["last_used_at"] == first, "noted once a minute"
    api.clock.advance(seconds=61)
    await use(api, made["key"])
    assert (await api.get("/v1/api-keys"))["items"][0]["last_used_at"] > first
    stored = stored_in(api.folder)
    assert b"192.0.2.7" not in stored


async def test_an_expired_key_is_listed_until_it_is_deleted(api: Api) -> None:
    made, _ = await make(api, "me:read", expires_in_days=1)
    api.clock.advance(days=1)
    problem(await use(api, made["key"]), 401, "token-refused")
    (seen,) = (await api.get("/v1/api-keys"))["items"]
    assert (seen["id"], seen["expired"]) == (made["id"], True)
    renewed = await api.post(f"/v1/api-keys/{made['id']}/rotate", status=200)
    assert (await use(api, renewed["key"])).status_code == 200
    assert (await api.http.delete(f"/v1/api-keys/{made['id']}", headers=api.alice.headers)).status_code == 204
    assert (await api.get("/v1/api-keys"))["items"] == []


@pytest.mark.parametrize(
    ("networks", "good"),
    [([], True), (["192.0.2.0/24"], True), (["198.51.100.0/24", "2001:db8::/32"], False), (["192.0.2.8"], False)],
)
async def test_it_can_be_bound_to_networks(api: Api, networks: list[str], good: bool) -> None:
    made, _ = await make(api, "me:read", networks=networks)
    answer = await use(api, made["key"])
    if good:
        assert answer.status_code == 200
    else:
        problem(answer, 403, "network-not-allowed")


async def test_the_networks_of_its_maker_hold_for_it(api: Api) -> None:
    """From where the maker may not work, the key is worth nothing either."""
    carol = await new_operator(api, "carol", Role.ADMINISTRATOR)
    made = await api.post("/v1/api-keys", {"name": "x", "scopes": ["me:read"]}, carol)
    assert (await use(api, made["key"])).status_code == 200
    path = f"/v1/operators/{carol.id}"
    moved = await api.http.patch(path, json={"networks": ["198.51.100.0/24"]}, headers=api.alice.headers)
    assert moved.status_code == 200, moved.text
    problem(await use(api, made["key"]), 403, "network-not-allowed")


async def test_rotation_with_and_without_overlap(api: Api) -> None:
    made, _ = await make(api, "me:read", networks=["192.0.2.0/24"])
    path = f"/v1/api-keys/{made['id']}/rotate"
    second = await api.post(path, {"overlap_minutes": 60}, status=200)
    assert (second["id"], second["scopes"], second["networks"]) == (made["id"], made["scopes"], made["networks"])
    assert second["old_secret_until"] is not None
    assert [(await use(api, key)).status_code for key in (made["key"], second["key"])] == [200, 200]
    api.clock.advance(minutes=60)
    problem(await use(api, made["key"]), 401, "token-refused")
    assert (await api.get("/v1/api-keys"))["items"][0]["old_secret_until"] is None
    third = await api.post(path, status=200)
    problem(await use(api, second["key"]), 401, "token-refused")
    assert (await use(api, third["key"])).status_code == 200


async def test_the_overlap_does_not_outlive_the_old_secret(api: Api) -> None:
    made, _ = await make(api, "me:read", expires_in_days=1)
    api.clock.advance(hours=23)
    renewed = await api.post(f"/v1/api-keys/{made['id']}/rotate", {"overlap_minutes": 1440}, status=200)
    assert renewed["old_secret_until"] == made["expires_at"]


async def test_only_its_maker_rotates_it_in_person(api: Api) -> None:
    """The new secret acts for the maker: nobody else may hold it, and no key makes keys."""
    carol = await new_operator(api, "carol", Role.ADMINISTRATOR)
    made, headers = await make(api, *[str(scope) for scope in Scope])
    path = f"/v1/api-keys/{made['id']}/rotate"
    problem(await api.http.post(path, headers=carol.headers), 403, "forbidden")
    problem(await api.http.post(path, headers=headers), 403, "forbidden")
    problem(await api.http.post(path, headers=api.gina.headers), 404, "not-found")
    assert (await use(api, made["key"])).status_code == 200


async def test_it_is_in_the_administrative_log(api: Api) -> None:
    made, _ = await make(api, "me:read")
    await api.post(f"/v1/api-keys/{made['id']}/rotate", status=200)
    await api.http.delete(f"/v1/api-keys/{made['id']}", headers=api.alice.headers)
    found = (await api.get("/v1/audit-events", target_id=made["id"]))["items"]
    assert [event["action"] for event in found] == ["api_key.deleted", "api_key.rotated", "api_key.created"]
