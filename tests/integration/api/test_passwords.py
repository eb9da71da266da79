"""Passwords where they are set: age, reuse, leaked lists, and what the organisation's settings ask for."""

import hashlib
from pathlib import Path
from typing import Any

import httpx
import pytest
from argon2 import PasswordHasher

from api.app import create_app
from api.operators import repository as operators
from api.passwords.leaked import LeakedListError
from tests.integration.api.account_races import from_address
from tests.integration.api.support import PASSWORD, Api, Installation, problem, running, settings_for

WORDS = [f"{word} harbor lantern maple" for word in ("seven", "eight", "nine", "ten", "eleven")]


async def settings(api: Api, **password: Any) -> None:
    body = {"settings": {"password": password}}
    answer = await api.http.patch("/v1/organization", json=body, headers=api.alice.headers)
    assert answer.status_code == 200, answer.text


async def change(api: Api, old: str, new: str) -> httpx.Response:
    body = {"username": "acme/bob", "password": old, "new_password": new}
    return await api.http.post("/v1/auth/password", json=body)


async def changed(api: Api, old: str, new: str) -> None:
    answer = await change(api, old, new)
    assert answer.status_code == 200, answer.text


async def refused(api: Api, old: str, new: str) -> str:
    body = problem(await change(api, old, new), 422, "invalid")
    assert body["errors"][0]["pointer"] == "#/new_password"
    assert new not in str(body)
    return str(body["detail"])


async def test_the_last_passwords_are_not_used_again(api: Api) -> None:
    await settings(api, reuse_last=3)
    await changed(api, PASSWORD, WORDS[0])
    await changed(api, WORDS[0], WORDS[1])
    assert "last 3" in await refused(api, WORDS[1], WORDS[0])
    assert "last 3" in await refused(api, WORDS[1], PASSWORD)
    assert "present" in await refused(api, WORDS[1], WORDS[1])
    await changed(api, WORDS[1], WORDS[2])
    await changed(api, WORDS[2], PASSWORD)
    await settings(api, reuse_last=0)
    await changed(api, PASSWORD, WORDS[2])


async def test_an_old_password_is_good_only_to_set_another(api: Api) -> None:
    await settings(api, max_age_days=90)
    api.clock.advance(days=89)
    assert (await from_address(api, "192.0.2.9", "acme/bob", PASSWORD)).status_code == 200
    api.clock.advance(days=2)
    body = problem(await from_address(api, "192.0.2.9", "acme/bob", PASSWORD), 403, "password-change-required")
    assert "90 days" in body["detail"]
    problem(await from_address(api, "192.0.2.9", "acme/bob", "wrong"), 401, "sign-in-failed")
    await changed(api, PASSWORD, WORDS[0])
    assert (await from_address(api, "192.0.2.9", "acme/bob", WORDS[0])).status_code == 200


@pytest.mark.rule("R09")
async def test_a_hash_of_older_parameters_is_renewed_at_the_sign_in(api: Api) -> None:
    context = api.app.state.context
    older = PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1).hash(PASSWORD)
    async with context.database.write() as db:
        operator = await operators.by_login(db, (await api.get("/v1/organization"))["id"], "bob")
        assert operator is not None
        operator.password_hash = older
    assert (await from_address(api, "192.0.2.9", "acme/bob", PASSWORD)).status_code == 200
    async with context.database.read() as db:
        operator = await operators.by_id(db, operator.organization_id, operator.id)
        assert operator is not None
        assert operator.password_hash.startswith("$argon2id$v=19$m=65536,t=3,p=1$")
    assert (await from_address(api, "192.0.2.9", "acme/bob", PASSWORD)).status_code == 200


async def test_a_longer_rule_reaches_those_who_have_a_shorter_one(api: Api) -> None:
    await settings(api, min_length=40)
    problem(await from_address(api, "192.0.2.9", "acme/bob", PASSWORD), 403, "password-change-required")
    assert "40 characters" in await refused(api, PASSWORD, WORDS[0])
    await changed(api, PASSWORD, WORDS[0] * 2)


async def test_the_older_rules_can_be_set(api: Api) -> None:
    await settings(api, min_length=8, max_length=20, require_symbols=True)
    assert "20 characters" in await refused(api, PASSWORD, WORDS[0])
    assert "symbol" in await refused(api, PASSWORD, "vt7xkQ92")
    await changed(api, PASSWORD, "vt7!kQ92")
    assert (await from_address(api, "192.0.2.9", "acme/bob", "vt7!kQ92")).status_code == 200


@pytest.mark.parametrize("word", ["bob bob bob bob 2026", "acme bob acme bob 1", "qwertyuiopasdfgh"])
async def test_guessable_ones_are_refused(api: Api, word: str) -> None:
    await refused(api, PASSWORD, word)


async def test_a_list_on_this_machine_is_asked(installation: Installation, tmp_path: Path) -> None:
    digests = sorted(hashlib.sha1(word.encode()).hexdigest().upper() for word in (*WORDS[:2], "x", "y", "z"))
    path = tmp_path / "pwned.txt"
    path.write_text("".join(f"{digest}:{number}\r\n" for number, digest in enumerate(digests)))
    async with running(installation, leaked_passwords_file=path) as api:
        assert "leaked" in await refused(api, PASSWORD, WORDS[0])
        await settings(api, refuse_leaked=False)
        await changed(api, PASSWORD, WORDS[0])
        await settings(api, refuse_leaked=True)
        await changed(api, WORDS[0], WORDS[3])


def test_a_list_that_cannot_be_used_stops_the_start(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_text("not a list\n")
    with pytest.raises(LeakedListError):
        create_app(settings_for(tmp_path, leaked_passwords_file=path))
