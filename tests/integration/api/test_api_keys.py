"""R28: a key never does more than its maker may, is shown once, expires, and can be taken back at once."""

import pytest

from api.auth.permissions import BY_ROLE, Scope
from api.operators.models import Role
from tests.integration.api.support import Api, Person, problem

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
    stored = b"".join(path.read_bytes() for path in api.folder.glob("tasuki.db*"))
    assert str(made["key"]).encode() not in stored


@pytest.mark.parametrize(
    "body", [{"scopes": []}, {"scopes": ["everything"]}, {"expires_in_days": 0}, {"expires_in_days": 367}]
)
async def test_a_malformed_key_request(api: Api, body: dict[str, object]) -> None:
    whole = {"name": "x", "scopes": ["me:read"], **body}
    problem(await api.http.post("/v1/api-keys", json=whole, headers=api.alice.headers), 422, "invalid")
