"""From where and through which link people sign in: networks at every use, the entry link, and what the settings refuse."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from agent.api_client import ApiClient, ApiError
from agent.commands.account import _SignIn
from agent.commands.second_step import Asking
from api.passwords.bringing import DEVICE_COOKIE, ENTRY_COOKIE
from api.passwords.checking import REFUSED
from tests.integration.api.account_races import from_address
from tests.integration.api.support import PASSWORD, Api, Person, problem

HERE, THERE = "192.0.2.7", "203.0.113.7"
CLIENT = {"X-Tasuki-Client": "console"}


async def patch(api: Api, path: str, body: dict[str, Any], person: Person | None = None) -> httpx.Response:
    return await api.http.patch(f"/v1/{path}", json=body, headers=(person or api.alice).headers)


async def settings(api: Api, force: bool = False, **changes: Any) -> httpx.Response:
    return await patch(api, "organization", {"settings": changes, "force": force})


async def get(api: Api, address: str, path: str, headers: dict[str, str]) -> httpx.Response:
    """By a client of its own."""
    transport = httpx.ASGITransport(api.app, raise_app_exceptions=False, client=(address, 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8080") as http:
        return await http.get(path, headers=headers)


async def last_why(api: Api) -> str:
    line = (await api.get("/v1/audit-events", action="sign_in.failed"))["items"][0]
    return str(line["data"]["why"])


async def test_networks_hold_at_the_sign_in_and_at_each_use_of_tokens_and_keys(api: Api) -> None:
    key = (await api.post("/v1/api-keys", {"name": "k", "scopes": ["me:read"]}))["key"]
    assert (await settings(api, networks=["192.0.2.0/24"])).status_code == 200
    assert (await from_address(api, HERE, "acme/bob", PASSWORD)).status_code == 200
    body = problem(await from_address(api, THERE, "acme/bob", PASSWORD), 401, "sign-in-failed")
    assert body["detail"] == REFUSED
    assert await last_why(api) == "network"
    for headers in (api.bob.headers, {"Authorization": f"Bearer {key}"}):
        assert (await get(api, HERE, "/v1/me", headers)).status_code == 200
        assert THERE in problem(await get(api, THERE, "/v1/me", headers), 403, "network-not-allowed")["detail"]
    refresh = {"refresh_token": api.bob.refresh_token}
    transport = httpx.ASGITransport(api.app, raise_app_exceptions=False, client=(THERE, 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8080") as http:
        problem(await http.post("/v1/auth/refresh", json=refresh), 403, "network-not-allowed")
    assert (await api.http.post("/v1/auth/refresh", json=refresh)).status_code == 200
    assert (await get(api, THERE, "/v1/me", api.gina.headers)).status_code == 200


async def test_a_failure_from_outside_locks_nobody(api: Api) -> None:
    await settings(api, networks=["192.0.2.0/24"])
    for number in range(4):
        problem(await from_address(api, f"203.0.113.{number}", "acme/bob", "wrong"), 401, "sign-in-failed")
    assert (await api.get(f"/v1/operators/{api.bob.id}"))["locked_until"] is None


async def test_a_known_device_outside_is_told_why(api: Api) -> None:
    device = (await from_address(api, HERE, "acme/bob", PASSWORD)).json()["device_secret"]
    await settings(api, networks=["192.0.2.0/24"])
    told = await from_address(api, THERE, "acme/bob", "wrong", **{"X-Tasuki-Device": device})
    assert THERE in problem(told, 403, "network-not-allowed")["detail"]


async def test_an_operators_networks_only_narrow(api: Api) -> None:
    await settings(api, networks=["192.0.2.0/24", "203.0.113.0/24"])
    assert (
        await patch(api, f"operators/{api.bob.id}", {"networks": ["203.0.113.7", "198.51.100.0/24"]})
    ).status_code == 200
    assert (await get(api, THERE, "/v1/me", api.bob.headers)).status_code == 200
    problem(await get(api, HERE, "/v1/me", api.bob.headers), 403, "network-not-allowed")
    problem(await get(api, "198.51.100.1", "/v1/me", api.bob.headers), 403, "network-not-allowed")


@pytest.mark.parametrize("mine", ["organization", "operators/me"])
async def test_nobody_locks_themselves_out_unless_they_mean_it(api: Api, mine: str) -> None:
    mine = mine.replace("me", api.alice.id)
    body: dict[str, Any] = {"networks": ["203.0.113.0/24"]}
    body = {"settings": body} if mine == "organization" else body
    assert HERE in problem(await patch(api, mine, body), 409, "conflict")["detail"]
    assert (await get(api, HERE, "/v1/me", api.alice.headers)).status_code == 200
    assert (await patch(api, mine, body | {"force": True})).status_code == 200
    problem(await get(api, HERE, "/v1/me", api.alice.headers), 403, "network-not-allowed")


@pytest.mark.parametrize("networks", [["10.0.0.0/33"], ["everywhere"], "10.0.0.0/8", [""], ["10.0.0.0/8"] * 201])
async def test_what_is_no_list_of_networks(api: Api, networks: Any) -> None:
    problem(await settings(api, networks=networks), 422, "invalid")


async def test_settings_are_shown_with_their_defaults_and_merged(api: Api) -> None:
    shown = (await api.get("/v1/organization", api.bob))["settings"]
    assert shown["lock"] == {"failures": 3, "minutes": 15}
    assert shown["password"]["min_length"] is None
    assert (shown["second_factor"], shown["entry_link"], shown["networks"]) == ("off", "off", [])
    assert (await settings(api, lock={"failures": 7}, password={"max_age_days": 90})).status_code == 200
    assert (await settings(api, password={"reuse_last": 5})).status_code == 200
    shown = (await api.get("/v1/organization"))["settings"]
    assert shown["lock"] == {"failures": 7, "minutes": 15}
    assert (shown["password"]["max_age_days"], shown["password"]["reuse_last"]) == (90, 5)
    problem(await settings(api, lock={"failures": None}), 422, "invalid")
    problem(await settings(api, lock={"failure": 1}), 422, "invalid")
    problem(await settings(api, password={"min_length": 30, "max_length": 20}), 422, "invalid")
    changed = (await api.get("/v1/audit-events", action="organization.changed"))["items"][0]
    assert changed["data"]["changed"] == {"settings": {"password": {"reuse_last": 5}}}
    assert (await api.get("/v1/organization", api.gina))["settings"]["lock"]["failures"] == 3


async def entry_link(api: Api) -> dict[str, str]:
    return {str(name): str(value) for name, value in (await api.post("/v1/organization/entry-link")).items()}


async def test_the_entry_link_is_needed_by_whom_it_is_set_for(api: Api) -> None:
    problem(await settings(api, entry_link="administrators"), 409, "conflict")
    made = await entry_link(api)
    api.http.cookies.clear()
    assert made["url"] == f"http://localhost:8080/enter/{made['secret']}"
    assert (await settings(api, entry_link="administrators")).status_code == 200
    body = problem(await from_address(api, HERE, "acme/alice", PASSWORD), 401, "sign-in-failed")
    assert body["detail"] == REFUSED
    assert await last_why(api) == "entry_link"
    assert (await from_address(api, HERE, "acme/bob", PASSWORD)).status_code == 200
    right = {"X-Tasuki-Entry": made["secret"]}
    assert (await from_address(api, HERE, "acme/alice", PASSWORD, **right)).status_code == 200
    problem(await from_address(api, HERE, "acme/alice", "wrong", **right), 401, "sign-in-failed")
    assert (await settings(api, entry_link="everyone")).status_code == 200
    problem(await from_address(api, HERE, "acme/bob", PASSWORD), 401, "sign-in-failed")
    assert (await get(api, HERE, "/v1/me", api.bob.headers)).status_code == 200


async def test_the_terminal_sends_it_and_keeps_it(api: Api, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TASUKI_CONFIG_DIR", str(tmp_path / "home"))
    made = await entry_link(api)
    await settings(api, entry_link="everyone")
    transport = httpx.ASGITransport(api.app, client=(HERE, 1))

    async def sign_in(link: str | None) -> dict[str, Any]:
        async with ApiClient("http://localhost:8080", transport=transport) as client:
            signing_in = _SignIn(client, "http://localhost:8080", "acme/bob", Asking(from_stdin=False), link)
            return await signing_in.run(PASSWORD)

    with pytest.raises(ApiError):
        await sign_in(None)
    with pytest.raises(ApiError):
        await sign_in(made["url"] + "x")
    assert (await sign_in(made["url"]))["access_token"]
    assert (await sign_in(None))["access_token"]


async def opened(api: Api, url: str) -> httpx.Response:
    return await get(api, HERE, url.removeprefix("http://localhost:8080"), {})


async def test_a_browser_opens_the_link_once_and_is_let_in_until_it_is_renewed(api: Api) -> None:
    made = await entry_link(api)
    await settings(api, entry_link="everyone")
    answer = await opened(api, made["url"])
    assert (answer.status_code, answer.headers["location"]) == (303, "/console")
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
    cookie = answer.headers["set-cookie"]
    for part in (f"{ENTRY_COOKIE}=", "HttpOnly", "Secure", "SameSite=strict", "Path=/"):
        assert part in cookie
    assert made["secret"] not in cookie
    mine = {"Cookie": cookie.partition(";")[0]}
    signed_in = await from_address(api, HERE, "acme/bob", PASSWORD, **mine)
    assert signed_in.status_code == 200, signed_in.text
    problem(await from_address(api, HERE, "acme/bob", PASSWORD, Cookie=f"{ENTRY_COOKIE}=x"), 401, "sign-in-failed")
    renewed = await entry_link(api)
    problem(await from_address(api, HERE, "acme/bob", PASSWORD, **mine), 401, "sign-in-failed")
    problem(await opened(api, made["url"]), 404, "not-found")
    assert (await opened(api, renewed["url"])).status_code == 303
    removed = await api.http.delete("/v1/organization/entry-link", headers=api.alice.headers)
    assert removed.status_code == 204
    assert (await api.get("/v1/organization"))["settings"]["entry_link"] == "off"
    assert (await from_address(api, HERE, "acme/bob", PASSWORD)).status_code == 200
    actions = [line["action"] for line in (await api.get("/v1/audit-events", action="organization"))["items"]]
    assert actions[0] == "organization.entry_link_removed"
    assert actions.count("organization.entry_link_renewed") == 2


async def test_another_organisations_link_is_worth_nothing_here(api: Api) -> None:
    await entry_link(api)
    await settings(api, entry_link="everyone")
    theirs = await api.post("/v1/organization/entry-link", person=api.gina)
    cookie = (await opened(api, theirs["url"])).headers["set-cookie"].partition(";")[0]
    for headers in ({"Cookie": cookie}, {"X-Tasuki-Entry": theirs["secret"]}):
        problem(await from_address(api, HERE, "acme/bob", PASSWORD, **headers), 401, "sign-in-failed")


async def test_guesses_of_entry_links_are_throttled_and_the_secret_is_in_no_log(
    api: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    made = await entry_link(api)
    assert (await opened(api, made["url"])).status_code == 303
    for number in range(30):
        problem(await opened(api, f"/enter/tel_guess{number}"), 404, "not-found")
    problem(await opened(api, made["url"]), 429, "too-many-requests")
    said = capsys.readouterr()
    assert made["secret"] not in said.out + said.err
    assert "tel_guess" not in said.out + said.err


async def test_the_console_is_known_by_a_cookie(api: Api) -> None:
    answer = await from_address(api, HERE, "acme/bob", PASSWORD, **CLIENT)
    cookies = answer.headers.get_list("set-cookie")
    (device,) = [cookie for cookie in cookies if cookie.startswith(DEVICE_COOKIE)]
    assert "HttpOnly" in device
    assert json.loads(answer.text).get("device_secret") is None
