"""Signing in: passwords, throttling, refresh rotation, the console's cookie."""

import asyncio
from dataclasses import replace

import pytest

from api.auth.delivery import COOKIE
from api.passwords.checking import REFUSED
from tests.integration.api.support import PASSWORD, Api, Person, problem
from wire import tokens

CONSOLE = {"X-Tasuki-Client": "console"}


async def sign_in(api: Api, username: str = "acme/alice", password: str = PASSWORD, **headers: str):  # type: ignore[no-untyped-def]
    return await api.http.post(
        "/v1/auth/token", data={"username": username, "password": password, "grant_type": "password"}, headers=headers
    )


async def test_a_right_password_gives_tokens(api: Api) -> None:
    answer = await sign_in(api, "ACME/Alice")
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert (body["token_type"], body["expires_in"]) == ("bearer", 7 * 86_400)
    assert answer.headers["cache-control"] == "no-store"
    claims = tokens.unverified_claims(body["access_token"])
    assert claims["sub"] == api.alice.id
    me = await api.http.get("/v1/me", headers={"Authorization": f"Bearer {body['access_token']}"})
    assert me.json()["operator"]["login"] == "alice"
    assert me.json()["organisation"]["code"] == "acme"


@pytest.mark.parametrize(
    ("username", "password"),
    [
        ("acme/alice", "wrong"), ("acme/nobody", PASSWORD), ("nowhere/alice", PASSWORD), ("globex/alice", PASSWORD),
        ("acme/alice", PASSWORD + " "), ("acme/alice", PASSWORD[:-1]), ("acme/alice'--", PASSWORD),
    ],
)  # fmt: skip
async def test_everything_wrong_gets_the_same_answer(api: Api, username: str, password: str) -> None:
    body = problem(await sign_in(api, username, password), 401, "sign-in-failed")
    assert body["detail"] == REFUSED


@pytest.mark.rule("R09")
async def test_an_unknown_account_costs_as_much_as_a_known_one(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """One argon2id check each, with the same memory, passes and lanes."""
    passwords, checked = api.app.state.context.passwords, []
    original = passwords._verify

    def watched(stored: str, password: str) -> bool:
        checked.append(stored.rsplit("$", 2)[0])
        return bool(original(stored, password))

    monkeypatch.setattr(passwords, "_verify", watched)
    for username in ("acme/bob", "acme/nobody", "nowhere/nobody"):
        await sign_in(api, username, "wrong")
    assert len(checked) == 3
    assert set(checked) == {"$argon2id$v=19$m=65536,t=3,p=1"}


@pytest.mark.rule("R09")
async def test_at_most_four_passwords_are_hashed_at_once(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    passwords = api.app.state.context.passwords
    running, most = 0, 0
    original = passwords._verify

    def watched(stored: str, password: str) -> bool:
        nonlocal running, most
        running += 1
        most = max(most, running)
        try:
            return bool(original(stored, password))
        finally:
            running -= 1

    monkeypatch.setattr(passwords, "_verify", watched)
    answers = await asyncio.gather(*(sign_in(api, f"acme/nobody{number}") for number in range(12)))
    assert {answer.status_code for answer in answers} == {401}
    assert most <= 4


async def test_wrong_passwords_make_an_account_wait_known_or_not(api: Api) -> None:
    """Beside the lock, and also where there is no account that could be locked."""
    for username in ("acme/alice", "acme/nobody"):
        for _ in range(6):
            problem(await sign_in(api, username, "wrong"), 401, "sign-in-failed")
        slowed = await sign_in(api, username)
        problem(slowed, 429, "too-many-requests")
        assert slowed.headers["retry-after"] == "1"
    api.clock.advance(minutes=15)
    assert (await sign_in(api)).status_code == 200
    assert (await sign_in(api)).status_code == 200


async def test_wrong_passwords_make_an_address_wait(api: Api) -> None:
    for number in range(30):
        await sign_in(api, f"acme/nobody{number}", "wrong")
    problem(await sign_in(api), 429, "too-many-requests")
    api.clock.advance(minutes=15)
    assert (await sign_in(api)).status_code == 200


@pytest.mark.parametrize(
    "form",
    [
        {}, {"username": "alice", "password": "x"}, {"username": "acme/alice"}, {"username": "a/b/c", "password": "x"},
        {"username": "acme/alice", "password": "x" * 1025}, {"username": "acme/alice", "password": "x", "grant_type": "x"},
    ],
)  # fmt: skip
async def test_a_malformed_form(api: Api, form: dict[str, str]) -> None:
    answer = await api.http.post("/v1/auth/token", data=form)
    body = problem(answer, 422, "invalid")
    assert body["errors"]
    assert "x" * 100 not in answer.text


async def test_a_one_time_password_must_be_changed(api: Api) -> None:
    made = await api.post("/v1/operators", {"login": "carol", "name": "Carol"})
    first = made["one_time_password"]
    problem(await sign_in(api, "acme/carol", first), 403, "password-change-required")
    change = {"username": "acme/carol", "password": first, "new_password": "a new and long password"}
    assert (await api.http.post("/v1/auth/password", json=change)).status_code == 200
    problem(await sign_in(api, "acme/carol", first), 401, "sign-in-failed")
    assert (await sign_in(api, "acme/carol", "a new and long password")).status_code == 200


@pytest.mark.parametrize(
    "new", ["short", "aaaaaaaaaaaaaaaaaaaa", "alicealicealicealice", "acme-alice-acme-alice", PASSWORD]
)
async def test_weak_passwords_are_refused(api: Api, new: str) -> None:
    change = {"username": "acme/alice", "password": PASSWORD, "new_password": new}
    body = problem(await api.http.post("/v1/auth/password", json=change), 422, "invalid")
    assert body["errors"][0]["pointer"] == "#/new_password"


async def test_a_changed_password_ends_other_sign_ins(api: Api) -> None:
    change = {"username": "acme/bob", "password": PASSWORD, "new_password": "another long password"}
    assert (await api.http.post("/v1/auth/password", json=change)).status_code == 200
    problem(await api.http.get("/v1/me", headers=api.bob.headers), 401, "token-refused")
    refused = await api.http.post("/v1/auth/refresh", json={"refresh_token": api.bob.refresh_token})
    problem(refused, 401, "refresh-refused")


async def test_refresh_rotates_and_reuse_ends_the_family(api: Api) -> None:
    first = (await sign_in(api)).json()["refresh_token"]
    second = (await api.http.post("/v1/auth/refresh", json={"refresh_token": first})).json()["refresh_token"]
    third = (await api.http.post("/v1/auth/refresh", json={"refresh_token": second})).json()["refresh_token"]
    assert len({first, second, third}) == 3
    for token in (second, third, first):
        refused = await api.http.post("/v1/auth/refresh", json={"refresh_token": token})
        problem(refused, 401, "refresh-refused")


async def test_of_two_parallel_refreshes_one_wins(api: Api) -> None:
    token = (await sign_in(api)).json()["refresh_token"]
    answers = await asyncio.gather(
        *(api.http.post("/v1/auth/refresh", json={"refresh_token": token}) for _ in range(5))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 401, 401, 401, 401]


async def test_refresh_tokens_expire(api: Api) -> None:
    token = (await sign_in(api)).json()["refresh_token"]
    api.clock.advance(days=15)
    problem(await api.http.post("/v1/auth/refresh", json={"refresh_token": token}), 401, "refresh-refused")


async def test_access_tokens_expire(api: Api) -> None:
    api.clock.advance(days=8)
    problem(await api.http.get("/v1/me", headers=api.alice.headers), 401, "token-refused")


async def test_a_ticket_is_no_access_token(api: Api) -> None:
    session = await api.create()
    host = (await api.join(session["code"])).json()
    for token in (host["ticket"], host["resume_ticket"], host["statement"]):
        problem(await api.http.get("/v1/me", headers={"Authorization": f"Bearer {token}"}), 401, "token-refused")


async def test_the_console_gets_a_cookie(api: Api) -> None:
    answer = await sign_in(api, **CONSOLE)
    assert answer.json()["refresh_token"] is None
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"{COOKIE}=trf_")
    assert {"HttpOnly", "Secure", "SameSite=strict", "Path=/"} <= set(cookie.split("; "))
    assert "Domain" not in cookie
    sent = {"Cookie": cookie.partition(";")[0]}
    api.http.cookies.clear()
    problem(await api.http.post("/v1/auth/refresh", headers=sent), 403, "client-header-missing")
    evil = {**sent, **CONSOLE, "Origin": "https://evil.example"}
    problem(await api.http.post("/v1/auth/refresh", headers=evil), 403, "origin-not-allowed")
    own = {**sent, **CONSOLE, "Origin": "http://localhost:8080"}
    again = await api.http.post("/v1/auth/refresh", headers=own)
    assert again.status_code == 200, again.text
    assert again.json()["refresh_token"] is None
    newer = {"Cookie": again.headers["set-cookie"].partition(";")[0]}
    api.http.cookies.clear()
    problem(await api.http.post("/v1/auth/logout", headers=newer), 403, "client-header-missing")
    assert (await api.http.post("/v1/auth/logout", headers={**newer, **CONSOLE})).status_code == 204
    problem(await api.http.post("/v1/auth/refresh", headers={**newer, **CONSOLE}), 401, "refresh-refused")


async def test_sign_out_is_always_good(api: Api) -> None:
    token = (await sign_in(api)).json()["refresh_token"]
    for body in ({"refresh_token": token}, {"refresh_token": token}, {"refresh_token": "trf_unknown"}, None):
        assert (await api.http.post("/v1/auth/logout", json=body)).status_code == 204
    problem(await api.http.post("/v1/auth/refresh", json={"refresh_token": token}), 401, "refresh-refused")


async def test_what_is_left_is_said_at_every_sign_in(api: Api) -> None:
    answer = await sign_in(api)
    assert answer.headers["ratelimit-policy"] == '"sign-in";q=30;w=900'
    assert answer.headers["ratelimit"] == '"sign-in";r=30;t=0'
    for number in range(6):
        answer = await sign_in(api, password="wrong")
        left = 29 - number if number < 5 else 0
        assert answer.headers["ratelimit"].startswith(f'"sign-in";r={left};')
    waiting = await sign_in(api)
    problem(waiting, 429, "too-many-requests")
    assert waiting.headers["ratelimit"] == f'"sign-in";r=0;t={waiting.headers["retry-after"]}'
    assert waiting.headers["ratelimit-policy"] == '"sign-in";q=30;w=900'
    body = {"username": "acme/alice", "password": PASSWORD, "new_password": "another long new password"}
    problem(await api.http.post("/v1/auth/password", json=body), 429, "too-many-requests")
    api.clock.advance(minutes=15)
    assert (await api.http.post("/v1/auth/password", json=body)).headers["ratelimit"].startswith('"sign-in";r=30;')


@pytest.mark.parametrize("settings", [{"second_factor": "everyone"}, {"machines": "required"}])
async def test_a_sign_in_that_showed_too_little_for_today_is_not_renewed(api: Api, settings: dict[str, str]) -> None:
    link = await api.post("/v1/auth/console-link", person=api.bob, status=200)
    secret = link["url"].partition("#enter=")[2]
    body = {"settings": settings, "force": True}
    assert (await api.http.patch("/v1/organization", json=body, headers=api.alice.headers)).status_code == 200
    given = await api.http.post("/v1/auth/refresh", json={"refresh_token": api.bob.refresh_token})
    problem(given, 401, "refresh-refused")
    problem(await api.http.post("/v1/auth/console", json={"secret": secret}), 401, "sign-in-failed")


async def test_ending_a_sign_in_ends_consoles_opened_from_it_and_a_sign_out_does_not(api: Api) -> None:
    async def opened() -> tuple[Person, Person]:
        form = {"username": "acme/bob", "password": PASSWORD, "grant_type": "password"}
        given = (await api.http.post("/v1/auth/token", data=form)).json()
        terminal = replace(api.bob, access_token=given["access_token"], refresh_token=given["refresh_token"])
        link = await api.post("/v1/auth/console-link", person=terminal, status=200)
        body = {"secret": link["url"].partition("#enter=")[2]}
        made = (await api.http.post("/v1/auth/console", json=body)).json()
        return terminal, replace(api.bob, access_token=made["access_token"])

    for owner, path in ((api.bob, "/v1/me/sign-ins"), (api.alice, f"/v1/operators/{api.bob.id}/sign-ins")):
        terminal, browser = await opened()
        family = tokens.unverified_claims(terminal.access_token)["fam"]
        assert (await api.http.delete(f"{path}/{family}", headers=owner.headers)).status_code == 204
        problem(await api.http.get("/v1/me", headers=browser.headers), 401, "token-refused")
    terminal, browser = await opened()
    await api.http.post("/v1/auth/logout", json={"refresh_token": terminal.refresh_token})
    problem(await api.http.get("/v1/me", headers=terminal.headers), 401, "token-refused")
    assert (await api.http.get("/v1/me", headers=browser.headers)).status_code == 200
