"""Passkeys: as a second step and as the whole sign-in; whatever is not exactly right is refused."""

from typing import Any

from tests.integration.api.signing_in import actions, pending, post, signed_in, token, verify, with_passkey
from tests.integration.api.support import Api, problem
from tests.support.authenticator import PRESENT, Authenticator
from wire import tokens


async def alone(api: Api, device: Authenticator, **changes: Any) -> Any:
    given = (await post(api, "passkeys/sign-in/options")).json()
    body = {"challenge_id": given["challenge_id"], "credential": device.get(given["options"]), **changes}
    return await post(api, "passkeys/sign-in", **body)


async def test_a_passkey_is_the_whole_sign_in(api: Api) -> None:
    device = await with_passkey(api)
    answer = await alone(api, device)
    bob = signed_in(api.bob, answer)
    assert tokens.unverified_claims(bob.access_token)["amr"] == ["passkey"]
    assert (await api.get("/v1/me", bob))["operator"]["login"] == "bob"
    listed = await api.get("/v1/auth/passkeys", bob)
    assert [(row["name"], row["last_used_at"] is None) for row in listed["items"]] == [("phone", False)]
    assert "passkey.added" in await actions(api)


async def test_a_passkey_is_a_second_step(api: Api) -> None:
    device = await with_passkey(api)
    waiting, other = await pending(api), await pending(api)
    assert waiting["methods"] == ["passkey", "recovery"]
    asked = (await post(api, "mfa/challenge", mfa_token=waiting["mfa_token"], method="passkey")).json()
    assert [one["id"] for one in asked["options"]["allowCredentials"]]
    assert asked["options"]["userVerification"] == "required"
    proof = {"challenge_id": asked["challenge_id"], "credential": device.get(asked["options"])}
    problem(await verify(api, other, "passkey", **proof), 403, "second-step-failed")
    asked = (await post(api, "mfa/challenge", mfa_token=waiting["mfa_token"], method="passkey")).json()
    proof = {"challenge_id": asked["challenge_id"], "credential": device.get(asked["options"])}
    given = await verify(api, waiting, "passkey", **proof)
    assert tokens.unverified_claims(given.json()["access_token"])["amr"] == ["password", "passkey"]
    problem(await verify(api, waiting, "passkey", **proof), 403, "second-step-failed")


FAULTS = (
    "unverified", "other_origin", "other_port", "other_host", "other_key", "stranger", "replay", "cloned",
    "other_handle", "nonsense", "empty", "nul", "late",
)  # fmt: skip


async def test_what_is_not_exactly_right_is_refused_replay_evil(api: Api) -> None:
    for fault in FAULTS:
        device = await with_passkey(api)
        assert (await alone(api, device)).status_code == 200
        options = (await post(api, "passkeys/sign-in/options")).json()
        body = {"challenge_id": options["challenge_id"], "credential": faulty(device, fault, options["options"], api)}
        if fault == "replay":
            assert (await post(api, "passkeys/sign-in", **body)).status_code == 200
        elif fault == "late":
            api.clock.advance(minutes=5, seconds=1)
        refused = await post(api, "passkeys/sign-in", **body)
        expected = (422, "invalid") if fault == "nul" else (401, "sign-in-failed")
        assert (refused.status_code, refused.json()["slug"]) == expected, fault
        assert ("passkey.copied" in (await actions(api))[:1]) is (fault == "cloned"), fault


def faulty(device: Authenticator, fault: str, options: dict[str, Any], api: Api) -> dict[str, Any]:
    """What a browser answers when something is wrong."""
    if fault == "unverified":
        device.flags = PRESENT
    elif fault in {"other_origin", "other_port"}:
        device.origin = "https://evil.example" if fault == "other_origin" else "http://localhost:8081"
    elif fault == "other_host":
        device.rp_id = "evil.example"
    elif fault == "other_key":
        device.key = Authenticator().key
    elif fault == "stranger":
        device = Authenticator(handle=device.handle)
    elif fault == "cloned":
        device.count = 0
    elif fault == "other_handle":
        device.handle = api.alice.id.encode()
    credential = device.get(options)
    if fault == "nonsense":
        credential["response"] = {"clientDataJSON": 7, "authenticatorData": "", "signature": None}
    elif fault == "nul":
        credential["id"] = credential["rawId"] = "a\0b"
    return {} if fault == "empty" else credential


async def test_a_device_that_does_not_count_is_taken_each_time(api: Api) -> None:
    device = await with_passkey(api, Authenticator(counts=False))
    for _ in range(3):
        assert (await alone(api, device)).status_code == 200


async def test_a_passkey_that_is_made_wrongly_is_not_kept_evil(api: Api) -> None:
    for fault in ("unverified", "other_origin", "other_host", "others_challenge", "late"):
        device = Authenticator()
        asker = api.alice if fault == "others_challenge" else api.bob
        given = (await post(api, "passkeys/options", asker.access_token)).json()
        if fault == "unverified":
            device.flags = PRESENT
        elif fault == "other_origin":
            device.origin = "https://evil.example"
        elif fault == "other_host":
            device.rp_id = "evil.example"
        elif fault == "late":
            api.clock.advance(minutes=5, seconds=1)
        body = {"challenge_id": given["challenge_id"], "credential": device.create(given["options"])}
        problem(await post(api, "passkeys", api.bob.access_token, **body), 403, "second-step-failed")
    assert (await api.get("/v1/auth/passkeys", api.bob))["items"] == []


async def test_the_same_passkey_twice_and_one_that_is_removed(api: Api) -> None:
    device = await with_passkey(api)
    given = (await post(api, "passkeys/options", api.alice.access_token)).json()
    body = {"challenge_id": given["challenge_id"], "credential": device.create(given["options"])}
    problem(await post(api, "passkeys", api.alice.access_token, **body), 409, "already-exists")
    [row] = (await api.get("/v1/auth/passkeys", api.bob))["items"]
    problem(await api.http.delete(f"/v1/auth/passkeys/{row['id']}", headers=api.alice.headers), 404, "not-found")
    assert (await api.http.delete(f"/v1/auth/passkeys/{row['id']}", headers=api.bob.headers)).status_code == 204
    problem(await alone(api, device), 401, "sign-in-failed")
    assert (await token(api)).status_code == 200


async def test_a_suspended_operators_passkey_opens_nothing(api: Api) -> None:
    device = await with_passkey(api)
    await api.http.patch(f"/v1/operators/{api.bob.id}", json={"suspended": True}, headers=api.alice.headers)
    problem(await alone(api, device), 401, "sign-in-failed")


async def test_challenges_for_anybody_are_limited_per_address(api: Api) -> None:
    answers = [await post(api, "passkeys/sign-in/options") for _ in range(61)]
    assert [answer.status_code for answer in answers] == [200] * 60 + [429]


async def test_after_a_reset_the_password_is_changed_before_a_passkey_opens_anything(api: Api) -> None:
    device = await with_passkey(api)
    reset = await api.post(f"/v1/operators/{api.bob.id}/reset-password", status=200)
    problem(await alone(api, device), 401, "sign-in-failed")
    body = {
        "username": "acme/bob",
        "password": reset["one_time_password"],
        "new_password": "another good long password",
    }
    waiting = (await post(api, "password", **body)).json()
    asked = (await post(api, "mfa/challenge", mfa_token=waiting["mfa_token"], method="passkey")).json()
    proof = {"challenge_id": asked["challenge_id"], "credential": device.get(asked["options"])}
    assert (await verify(api, waiting, "passkey", **proof)).status_code == 200
    assert (await alone(api, device)).status_code == 200
