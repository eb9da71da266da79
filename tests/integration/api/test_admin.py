"""`tasuki admin organization`: whoever runs the server sees all organisations, and stops one at once."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook

from api import admin, admin_accounts
from api.main import CannotStart
from tests.integration.api.account_races import from_address, settle
from tests.integration.api.support import PASSWORD, Api, problem, wait_until


@pytest.fixture
def command(api: Api) -> Iterator[Any]:
    """Run a command on the installation of the running app, as a second process would."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TASUKI_DATA_DIR", str(api.folder))

        async def run(*words: str) -> dict[str, Any]:
            return await admin.run(admin.parse([*words, "--json"]))

        yield run


async def test_organisations_are_listed(command: Any) -> None:
    listed = (await command("organization", "list"))["organizations"]
    assert [(row["company"], row["disabled"], row["operators"]) for row in listed] == [
        ("acme", False, 2), ("globex", False, 1),
    ]  # fmt: skip
    said = admin_accounts._say_list({"organizations": listed})
    assert "acme" in said
    assert "2 operators" in said


@pytest.mark.rule("R36")
async def test_a_disabled_organisation_stops_at_once(api: Api, command: Any) -> None:
    key = (await api.post("/v1/api-keys", {"name": "k", "scopes": ["me:read"]}))["key"]
    session, theirs = await api.active(), await api.create(api.gina)
    hook = await api.post("/v1/integrations", {"name": "CRM", "operator_id": api.bob.id, "mode": "view"})
    polled = asyncio.create_task(api.relay("GET", "commands", wait=20))
    assert (await command("organization", "disable", "--company", "ACME"))["disabled"] is True
    for headers in (api.alice.headers, api.bob.headers, {"Authorization": f"Bearer {key}"}):
        problem(await api.http.get("/v1/me", headers=headers), 401, "token-refused")
    problem(await from_address(api, "192.0.2.9", "acme/bob", PASSWORD), 401, "sign-in-failed")
    refused = await api.http.post("/v1/auth/refresh", json={"refresh_token": api.bob.refresh_token})
    problem(refused, 401, "refresh-refused")
    assert (await call_hook(api, hook, "msg_1")).status_code == 400
    async with asyncio.timeout(5):
        (end,) = (await polled)["commands"]
    assert (end["type"], end["session_id"]) == ("end", session["id"])
    assert (await api.get(f"/v1/sessions/{theirs['id']}", api.gina))["state"] == "waiting"
    assert (await command("organization", "enable", "--company", "acme"))["disabled"] is False

    async def back() -> bool:
        return (await from_address(api, "192.0.2.9", "acme/alice", PASSWORD)).status_code == 200

    await wait_until(back)
    token = (await from_address(api, "192.0.2.9", "acme/alice", PASSWORD)).json()["access_token"]
    lines = await api.http.get(
        "/v1/audit-events", params={"action": "organization"}, headers={"Authorization": f"Bearer {token}"}
    )
    said = [(line["action"], line["actor"]["type"]) for line in lines.json()["items"]]
    assert said == [
        ("organization.enabled", "server"), ("organization.disabled", "server"), ("organization.created", "server"),
    ]  # fmt: skip


async def call_hook(api: Api, hook: dict[str, Any], message_id: str) -> httpx.Response:
    """Signed as Standard Webhooks says, with the machine's clock as the library wants it."""
    body, at = b"{}", datetime.now(UTC)
    headers = {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(hook["secret"]).sign(message_id, at, body.decode()),
    }
    return await api.http.post(f"/v1/hooks/{hook['id']}", content=body, headers=headers)


async def test_people_who_locked_themselves_out_get_in_again(api: Api, command: Any) -> None:
    body = {"settings": {"networks": ["203.0.113.0/24"]}, "force": True}
    assert (await api.http.patch("/v1/organization", json=body, headers=api.alice.headers)).status_code == 200
    problem(await from_address(api, "192.0.2.9", "acme/alice", PASSWORD), 401, "sign-in-failed")
    await command("organization", "open", "--company", "acme")
    assert (await from_address(api, "192.0.2.9", "acme/alice", PASSWORD)).status_code == 200


async def test_the_only_administrator_gets_a_new_password_on_the_server(api: Api, command: Any) -> None:
    for number in range(3):
        await from_address(api, f"198.51.100.{number}", "acme/alice", "wrong")
    reset = await command("operator", "reset", "--company", "acme", "--login", "Alice")
    assert reset["username"] == "acme/alice"
    problem(await api.http.get("/v1/me", headers=api.alice.headers), 401, "token-refused")
    again = await settle(api, "acme/alice", reset["password"], "another good long password")
    lines = await api.get("/v1/audit-events", again, action="operator.password_reset")
    assert [line["actor"]["type"] for line in lines["items"]] == ["server"]
    with pytest.raises(CannotStart, match="no operator nobody"):
        await command("operator", "reset", "--company", "acme", "--login", "nobody")


async def test_an_unknown_company_is_said_so(command: Any) -> None:
    with pytest.raises(CannotStart, match="no company nowhere"):
        await command("organization", "disable", "--company", "nowhere")
