"""The lock after wrong passwords: in the database, told to nobody who guesses, and no way to shut out a known device."""

import asyncio
import re
from typing import Any

import pytest

from api.auth.passwords import Passwords
from api.passwords.bringing import NOTHING
from api.passwords.checking import REFUSED, Account, check_password
from api.problems import Problem, SignInFailed, TooManyRequests
from tests.integration.api import account_races
from tests.integration.api.account_races import from_address
from tests.integration.api.support import PASSWORD, Api, problem

pytestmark = pytest.mark.both_databases


async def settings(api: Api, **changes: Any) -> None:
    answer = await api.http.patch("/v1/organization", json={"settings": changes}, headers=api.alice.headers)
    assert answer.status_code == 200, answer.text


async def fail(api: Api, times: int, username: str = "acme/bob", first: int = 1, **headers: str) -> None:
    for number in range(first, first + times):
        problem(await from_address(api, f"198.51.100.{number}", username, "wrong", **headers), 401, "sign-in-failed")


async def lines(api: Api, action: str) -> list[dict[str, Any]]:
    return list((await api.get("/v1/audit-events", action=action, limit=200))["items"])


async def test_three_failures_lock_for_fifteen_minutes_and_each_is_in_the_log(api: Api) -> None:
    await fail(api, 3)
    body = problem(await from_address(api, "192.0.2.9", "acme/bob", PASSWORD), 401, "sign-in-failed")
    assert body["detail"] == REFUSED
    failed = await lines(api, "sign_in.failed")
    assert [(line["data"]["why"], line["address"], line["target"]["id"]) for line in failed] == [
        ("locked", "192.0.2.9", api.bob.id),
        *(("password", f"198.51.100.{number}", api.bob.id) for number in (3, 2, 1)),
    ]
    (locked,) = await lines(api, "sign_in.locked")
    assert (locked["actor"]["type"], locked["target"]["id"]) == ("system", api.bob.id)
    assert [line["id"] for line in (await api.get("/v1/audit-events", address="198.51.100.2"))["items"]] == [
        failed[2]["id"]
    ]
    api.clock.advance(minutes=15)
    assert (await from_address(api, "192.0.2.9", "acme/bob", PASSWORD)).status_code == 200
    assert (await lines(api, "sign_in.succeeded"))[0]["actor"]["id"] == api.bob.id


async def test_a_right_password_starts_the_count_anew(api: Api) -> None:
    for _ in range(3):
        await fail(api, 2)
        assert (await from_address(api, "192.0.2.9", "acme/bob", PASSWORD)).status_code == 200


async def test_the_organisation_sets_the_lock(api: Api) -> None:
    await settings(api, lock={"failures": 1, "minutes": 1})
    await fail(api, 1)
    problem(await from_address(api, "192.0.2.9", "acme/bob", PASSWORD), 401, "sign-in-failed")
    api.clock.advance(minutes=1)
    await settings(api, lock={"failures": 0})
    await fail(api, 3)
    assert (await from_address(api, "192.0.2.9", "acme/bob", PASSWORD)).status_code == 200


async def test_an_unknown_login_of_a_known_company_is_in_the_log_too(api: Api) -> None:
    await fail(api, 1, "acme/nobody")
    (line,) = await lines(api, "sign_in.failed")
    assert (line["target"], line["data"]["why"], line["data"]["login"]) == (None, "unknown_login", "nobody")
    assert all(item["action"] != "sign_in.failed" for item in (await api.get("/v1/audit-events", api.gina))["items"])


async def test_wrong_locked_and_unknown_cost_one_hash_and_say_the_same(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[str] = []
    passwords: Passwords = api.app.state.context.passwords
    original = passwords._verify

    def watched(stored: str, password: str) -> bool:
        checked.append(stored)
        return original(stored, password)

    monkeypatch.setattr(passwords, "_verify", watched)
    await fail(api, 3)
    answers = [
        await from_address(api, f"203.0.113.{number}", username, password)
        for number, (username, password) in enumerate(
            [("acme/bob", "wrong"), ("acme/bob", PASSWORD), ("acme/nobody", "wrong"), ("nowhere/bob", "wrong")]
        )
    ]
    told = {(answer.status_code, answer.json()["slug"], answer.json()["detail"]) for answer in answers}
    assert told == {(401, "sign-in-failed", REFUSED)}
    assert len({answer.headers["ratelimit"] for answer in answers}) == 1
    assert len(checked) == 7


async def known(api: Api, username: str = "acme/bob") -> dict[str, str]:
    """The header of a device that has signed in before."""
    answer = await from_address(api, "192.0.2.50", username, PASSWORD)
    assert answer.status_code == 200, answer.text
    return {"X-Tasuki-Device": answer.json()["device_secret"]}


async def test_a_strangers_failures_do_not_shut_out_a_known_device(api: Api) -> None:
    device = await known(api)
    await fail(api, 6, first=60)
    problem(await from_address(api, "192.0.2.51", "acme/bob", PASSWORD), 429, "too-many-requests")
    assert (await from_address(api, "192.0.2.50", "acme/bob", PASSWORD, **device)).status_code == 200


async def test_a_known_device_has_a_lock_of_its_own_and_is_told(api: Api) -> None:
    device = await known(api)
    await fail(api, 3, first=60, **device)
    told = await from_address(api, "192.0.2.50", "acme/bob", PASSWORD, **device)
    assert re.search("try again in 1[45] minutes", problem(told, 429, "too-many-requests")["detail"])
    assert 840 < int(told.headers["retry-after"]) <= 900
    assert (await from_address(api, "192.0.2.51", "acme/bob", PASSWORD)).status_code == 200
    (locked,) = await lines(api, "sign_in.locked")
    assert locked["data"]["known_device"] is True


async def test_a_device_is_known_for_its_operator_only(api: Api) -> None:
    device = await known(api)
    await fail(api, 3, "acme/alice", first=60)
    problem(await from_address(api, "192.0.2.50", "acme/alice", PASSWORD, **device), 401, "sign-in-failed")


async def test_a_reset_password_makes_devices_strangers(api: Api) -> None:
    device = await known(api)
    await api.post(f"/v1/operators/{api.bob.id}/reset-password", status=200)
    await fail(api, 3, first=60, **device)
    (line,) = await lines(api, "sign_in.locked")
    assert line["data"]["known_device"] is False


async def test_guesses_sent_at_once(api: Api) -> None:
    await account_races.guesses_at_once(api, api)


class CountingHasher(Passwords):
    """Counts what would have been hashed; nobody's password is right."""

    def __init__(self) -> None:
        super().__init__()
        self.checked = 0

    async def matches(self, stored: str | None, password: str) -> bool:
        self.checked += 1
        return False


@pytest.mark.sqlite
@pytest.mark.rule("R10")
async def test_a_million_guesses_stay_within_the_budgets(api: Api) -> None:
    """In one hour: half against one account from ever new addresses, half from one address against ever new accounts."""
    context = api.app.state.context
    hasher = context.passwords = CountingHasher()
    bob, total, hour = Account("acme", "bob"), 500_000, 3600.0

    async def guess(account: Account, address: str) -> int:
        try:
            await check_password(context, account, "guess", address, NOTHING)
        except TooManyRequests:
            return 0
        except SignInFailed:
            return 1
        raise AssertionError("a guess was right")

    for number in range(total):
        if number % 100 == 0:
            api.clock.advance(seconds=hour / total * 100)
        await guess(bob, f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}")
    one_account = hasher.checked
    for number in range(total):
        if number % 100 == 0:
            api.clock.advance(seconds=hour / total * 100)
        await guess(Account("acme", f"user{number}"), "192.0.2.7")
    one_address = hasher.checked - one_account
    # five free, then a wait that doubles from 1 s to 15 minutes: 10 more in the first 1023 s, then one per 900 s
    assert one_account <= 5 + 10 + 3 + 1
    assert one_address <= 30 * (3600 / 900 + 1)
    why = [line["data"]["why"] for line in await lines(api, "sign_in.failed") if line["target"]]
    assert why.count("password") <= 3 * 4
    assert len(why) == one_account


async def test_problems_of_a_sign_in_keep_their_transaction(api: Api) -> None:
    """What was counted stays counted though the request fails."""
    await asyncio.gather(*(fail(api, 1, first=number) for number in range(1, 4)), return_exceptions=True)
    shown = await api.get(f"/v1/operators/{api.bob.id}")
    assert shown["locked_until"] is not None
    assert issubclass(SignInFailed, Problem)
