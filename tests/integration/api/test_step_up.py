"""Acts that could hurt need a proof of the last five minutes; signed-in devices are seen and ended."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.integration.api.signing_in import actions, pending, post, signed_in, token, verify, with_passkey, with_totp
from tests.integration.api.support import PASSWORD, Api, Installation, Person, problem, running, stored_in
from wire import tokens


@pytest.fixture
async def strict(installation: Installation, clock: Any) -> AsyncIterator[Api]:
    """An app where a proof is fresh for as long as it really is."""
    async with running(installation, clock, step_up_after=timedelta(minutes=5)) as api:
        yield api


async def alice_again(api: Api) -> Person:
    return signed_in(api.alice, await token(api, "acme/alice"))


async def make_key(api: Api, person: Person) -> Any:
    body = {"name": "k", "scopes": ["sessions:read"]}
    return await api.http.post("/v1/api-keys", json=body, headers=person.headers)


async def test_a_proof_is_fresh_for_five_minutes_and_a_step_up_renews_it(strict: Api) -> None:
    alice = await alice_again(strict)
    assert (await make_key(strict, alice)).status_code == 201
    strict.clock.advance(minutes=5, seconds=1)
    refused = problem(await make_key(strict, alice), 403, "step-up-required")
    assert refused["methods"] == ["password"]
    problem(await post(strict, "step-up", alice.access_token, password="wrong"), 401, "sign-in-failed")
    problem(await post(strict, "step-up", alice.access_token), 422, "invalid")
    given = await post(strict, "step-up", alice.access_token, password=PASSWORD)
    assert given.json()["refresh_token"] is None
    fresh = replace(alice, access_token=given.json()["access_token"])
    assert (await make_key(strict, fresh)).status_code == 201
    problem(await make_key(strict, alice), 403, "step-up-required")
    later = await strict.http.post("/v1/auth/refresh", json={"refresh_token": alice.refresh_token})
    before, after = (tokens.unverified_claims(each.json()["access_token"]) for each in (given, later))
    assert before["auth_time"] == after["auth_time"], "renewing the access proves nothing"


async def test_a_refresh_is_no_proof(strict: Api) -> None:
    alice = await alice_again(strict)
    strict.clock.advance(minutes=6)
    renewed = await strict.http.post("/v1/auth/refresh", json={"refresh_token": alice.refresh_token})
    problem(await make_key(strict, signed_in(alice, renewed)), 403, "step-up-required")


DANGEROUS: list[tuple[str, str, Any]] = [
    ("POST", "/v1/api-keys", {"name": "k", "scopes": ["sessions:read"]}),
    ("PATCH", "/v1/operators/{bob}", {"role": "administrator"}),
    ("PATCH", "/v1/operators/{bob}", {"name": "Your Bank"}),
    ("PATCH", "/v1/operators/{bob}", {"modes": ["control"]}),
    ("PATCH", "/v1/operators/{bob}", {"max_session_seconds": None}),
    ("PATCH", "/v1/organization", {"name": "Your Bank"}),
    ("PATCH", "/v1/organization", {"max_session_seconds": None}),
    ("POST", "/v1/operators/{bob}/reset-password", None),
    ("POST", "/v1/operators/{bob}/reset-second-factor", None),
    ("DELETE", "/v1/operators/{bob}", None),
    ("POST", "/v1/organization/entry-link", None),
    ("DELETE", "/v1/organization/entry-link", None),
    ("PATCH", "/v1/organization", {"settings": {"second_factor": "off"}}),
    ("PATCH", "/v1/policies/pol_01KAH2V5QJ6T8N3W9XZB4C7D0E", {"name": "x"}),
    ("DELETE", "/v1/policies/pol_01KAH2V5QJ6T8N3W9XZB4C7D0E", None),
    ("POST", "/v1/devices/dev_01KAH2V5QJ6T8N3W9XZB4C7D0E/wipe", None),
    ("PATCH", "/v1/machines/mch_01KAH2V5QJ6T8N3W9XZB4C7D0E", {"approved": True}),
    ("POST", "/v1/auth/mfa/totp", None),
    ("POST", "/v1/auth/console-link", None),
    ("DELETE", "/v1/auth/mfa/totp", None),
    ("POST", "/v1/auth/mfa/recovery-codes", None),
    ("POST", "/v1/auth/passkeys/options", None),
    ("DELETE", "/v1/auth/passkeys/psk_01KAH2V5QJ6T8N3W9XZB4C7D0E", None),
]  # fmt: skip


async def test_dangerous_acts(strict: Api) -> None:
    """Hours after the sign-in; a key never, whatever its scopes."""
    key = await all_powerful_key(strict)
    strict.clock.advance(hours=1)
    for method, path, body in DANGEROUS:
        at = path.format(bob=strict.bob.id)
        stale = await strict.http.request(method, at, json=body, headers=strict.alice.headers)
        problem(stale, 403, "step-up-required")
        by_key = await strict.http.request(method, at, json=body, headers={"Authorization": f"Bearer {key}"})
        assert by_key.status_code == 403, by_key.text
        assert by_key.json()["slug"] in {"forbidden", "scope-missing"}


async def all_powerful_key(api: Api) -> str:
    scopes = (await api.get("/v1/me"))["scopes"]
    alice = await alice_again(api)
    body = {"name": "everything", "scopes": scopes}
    answer = await api.http.post("/v1/api-keys", json=body, headers=alice.headers)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["key"] if "key" in answer.json() else answer.json()["secret"])


async def test_with_a_second_factor_the_password_is_not_enough(api: Api) -> None:
    app, recovery = await with_totp(api)
    device = await with_passkey(api)
    bearer = api.bob.access_token
    problem(await post(api, "step-up", bearer, password=PASSWORD), 409, "conflict")
    problem(await post(api, "step-up", bearer, method="recovery", code=recovery[0]), 409, "conflict")
    problem(await post(api, "step-up", bearer, method="totp", code="000000"), 403, "second-step-failed")
    given = await post(api, "step-up", bearer, method="totp", code=app.at(api.clock.now()))
    assert tokens.unverified_claims(given.json()["access_token"])["amr"] == ["password", "totp"]
    asked = (await post(api, "step-up/challenge", bearer, method="passkey")).json()
    shown = {"method": "passkey", "challenge_id": asked["challenge_id"], "credential": device.get(asked["options"])}
    other = signed_in(api.bob, await post(api, "step-up", bearer, **shown))
    assert "passkey" in tokens.unverified_claims(other.access_token)["amr"]
    problem(await post(api, "step-up", bearer, **shown), 403, "second-step-failed")
    assert "sign_in.stepped_up" in await actions(api)


async def test_signed_in_devices_are_seen_and_ended(api: Api) -> None:
    headers = {"User-Agent": "Firefox on a phone"}
    phone = signed_in(api.bob, await token(api, headers=headers))
    mine = await api.get("/v1/me/sign-ins", phone)
    newest = mine["items"][0]
    assert (newest["user_agent"], newest["address"]) == ("Firefox on a phone", "192.0.2.7")
    assert (newest["current"], newest["methods"]) == (True, ["password"])
    assert [item["current"] for item in mine["items"]].count(True) == 1
    gone = await api.http.delete(f"/v1/me/sign-ins/{newest['id']}", headers=api.bob.headers)
    assert gone.status_code == 204
    problem(await api.http.get("/v1/me", headers=phone.headers), 401, "token-refused")
    problem(
        await api.http.post("/v1/auth/refresh", json={"refresh_token": phone.refresh_token}), 401, "refresh-refused"
    )
    assert (await api.http.get("/v1/me", headers=api.bob.headers)).status_code == 200
    assert "sign_in.ended" in await actions(api)


async def test_administrators_end_sign_ins_of_their_own_people_only(api: Api) -> None:
    path = f"/v1/operators/{api.bob.id}/sign-ins"
    listed = await api.get(path, api.alice)
    bobs = listed["items"][0]["id"]
    problem(await api.http.get(path, headers=api.gina.headers), 404, "not-found")
    problem(await api.http.get(path, headers=api.bob.headers), 403, "scope-missing")
    problem(await api.http.delete(f"/v1/me/sign-ins/{bobs}", headers=api.alice.headers), 404, "not-found")
    assert (await api.http.delete(f"{path}/{bobs}", headers=api.alice.headers)).status_code == 204
    problem(await api.http.get("/v1/me", headers=api.bob.headers), 401, "token-refused")


async def test_a_stolen_refresh_token_ends_the_access_of_its_family_too_stale(api: Api) -> None:
    bob = signed_in(api.bob, await token(api))
    renewed = signed_in(bob, await api.http.post("/v1/auth/refresh", json={"refresh_token": bob.refresh_token}))
    assert (await api.http.get("/v1/me", headers=renewed.headers)).status_code == 200
    problem(await api.http.post("/v1/auth/refresh", json={"refresh_token": bob.refresh_token}), 401, "refresh-refused")
    problem(await api.http.get("/v1/me", headers=renewed.headers), 401, "token-refused")


async def test_the_address_and_client_are_sealed(api: Api) -> None:
    await token(api, headers={"User-Agent": "a-very-telling-name"})
    assert b"a-very-telling-name" not in stored_in(api.folder)


async def test_the_other_side_hears_how_the_operator_was_known_and_no_more(api: Api) -> None:
    app, _ = await with_totp(api)
    waiting = await pending(api)
    twice = signed_in(api.bob, await verify(api, waiting, "totp", app.at(api.clock.now())))
    await api.later()
    for person, said in ((api.alice, "password"), (twice, "second-factor")):
        session = await api.create(person)
        assert session["operator"]["verified"] == said
        statement = (await api.join(session["code"])).json()["statement"]
        assert tokens.unverified_claims(statement)["operator"]["verified"] == said
