"""The sign-in of the `tasuki` command against the API: second steps, enrolment, this computer as a registered machine."""

import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pyotp
import pytest

from agent.api_client import ApiClient, ApiError
from agent.commands import second_step, security
from agent.commands.account import _register, _SignIn
from agent.commands.machine import Machine
from agent.commands.output import CommandError
from agent.commands.second_step import Asking
from agent.commands.store import ServerNotes
from tests.integration.api.signing_in import with_passkey, with_totp
from tests.integration.api.support import PASSWORD, Api, Installation, running

SERVER = "http://localhost:8080"


@dataclass(frozen=True)
class Scripted(Asking):
    """Somebody who answers what the test says, and what was asked."""

    answers: list[str | Callable[[], str]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def line(self, question: str, *, hide: bool = False) -> str:
        self.asked.append(question)
        answer = self.answers.pop(0)
        return answer if isinstance(answer, str) else answer()

    def tell(self, text: str) -> None:
        self.asked.append(text)


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("TASUKI_CONFIG_DIR", str(tmp_path / "home"))
    return tmp_path / "home"


def terminal(api: Api, bearer: str | None = None) -> ApiClient:
    return ApiClient(SERVER, token=bearer, transport=httpx.ASGITransport(api.app, client=("192.0.2.7", 1)))


async def signs_in(
    api: Api, *answers: Any, username: str = "acme/bob", **more: Any
) -> tuple[dict[str, Any], list[str]]:
    asking = Scripted(False, answers=list(answers), **more)
    async with terminal(api) as client:
        return await _SignIn(client, SERVER, username, asking).run(PASSWORD), asking.asked


async def test_the_second_step_is_asked_for_and_may_be_mistyped(api: Api) -> None:
    app, recovery = await with_totp(api)
    given, asked = await signs_in(api, "1", "000000", lambda: app.at(api.clock.now()))
    assert given["access_token"]
    assert "Which way? (1 to 2)" in asked
    assert "The code is wrong, too old or was used before; try the next one." in asked
    api.clock.advance(seconds=60)
    spaced = app.at(api.clock.now())
    given, asked = await signs_in(api, f"{spaced[:3]} {spaced[3:]}", method="totp")
    assert asked == ["Second step: a code of your authenticator app"]
    assert (await signs_in(api, recovery[0], method="recovery"))[0]["access_token"]


async def test_three_wrong_codes_end_it(api: Api) -> None:
    await with_totp(api)
    with pytest.raises(ApiError) as refused:
        await signs_in(api, "1", "000000", "000001", "000002")
    assert refused.value.slug == "second-step-failed"


async def test_a_passkey_needs_a_browser(api: Api) -> None:
    device = await with_passkey(api)
    assert device
    with pytest.raises(CommandError, match="sms is not set up"):
        await signs_in(api, method="sms")
    given, _ = await signs_in(api, (await recovery_code(api)), method="recovery")
    assert given["access_token"]


async def recovery_code(api: Api) -> str:
    made = await api.http.post("/v1/auth/mfa/recovery-codes", headers=api.bob.headers)
    return str(made.json()["recovery_codes"][0])


async def test_an_organisation_that_wants_it_is_obeyed_at_the_terminal(
    api: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    body = {"settings": {"second_factor": "everyone"}}
    await api.http.patch("/v1/organization", json=body, headers=api.alice.headers)

    def from_the_screen() -> str:
        secret = capsys.readouterr().out.split("type the key:")[1].split()[0]
        return str(pyotp.TOTP(secret).at(api.clock.now()))

    given, _ = await signs_in(api, from_the_screen)
    assert given["access_token"]
    assert "Recovery codes" in capsys.readouterr().out


async def test_this_device_is_known_from_then_on(api: Api, home: Path) -> None:
    await signs_in(api)
    secret = ServerNotes(SERVER).get("device acme/bob")
    assert secret.startswith("tkd_")
    assert (await signs_in(api))[0]["device_secret"] is None, "it is known already"
    assert stat.S_IMODE((home / "servers.json").stat().st_mode) == 0o600


async def test_this_computer_is_registered_approved_and_proved(api: Api) -> None:
    given, _ = await signs_in(api)
    async with terminal(api) as client:
        made = await _register(client, SERVER, given["access_token"])
        machine = Machine.load(SERVER)
        assert machine is not None
        assert made["fingerprint"] == machine.fingerprint
        assert (await _register(client, SERVER, given["access_token"]))["id"] == made["id"]
    for approved, proved in ((False, None), (True, made["id"])):
        if approved:
            await api.http.patch(f"/v1/machines/{made['id']}", json={"approved": True}, headers=api.alice.headers)
        given, _ = await signs_in(api)
        seen = await api.http.get("/v1/me/sign-ins", headers={"Authorization": f"Bearer {given['access_token']}"})
        [current] = [row for row in seen.json()["items"] if row["current"]]
        assert current["machine_id"] == proved


async def test_an_act_that_could_hurt_asks_again_and_goes_on(installation: Installation, clock: Any) -> None:
    async with running(installation, clock, step_up_after=timedelta(minutes=5)) as api:
        app, _ = await with_totp(api)
        given, _ = await signs_in(api, lambda: app.at(clock.now()), method="totp")
        clock.advance(minutes=6)
        asking = Scripted(False, answers=[lambda: app.at(clock.now())], method="totp")
        async with terminal(api, given["access_token"]) as client:
            made = await security.fresh(client, lambda: client.post("/v1/auth/mfa/recovery-codes"), asking)
    assert len(made["recovery_codes"]) == 10
    assert asking.asked == ["To confirm: a code of your authenticator app"]


def test_digits_as_people_type_them() -> None:
    assert second_step.plain(" 123 456 ", "totp") == "123456"
    assert second_step.plain("aaaa bbbb", "recovery") == "aaaa bbbb"
