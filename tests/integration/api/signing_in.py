"""What the tests of second factors share: the steps of a sign-in, as a client takes them."""

import re
from dataclasses import replace
from typing import Any

import httpx
import pyotp

from tests.integration.api.support import PASSWORD, Api, Person
from tests.support.authenticator import Authenticator


async def token(api: Api, username: str = "acme/bob", password: str = PASSWORD, **more: Any) -> httpx.Response:
    form = {"username": username, "password": password, "grant_type": "password", **more.pop("form", {})}
    return await api.http.post("/v1/auth/token", data=form, **more)


async def pending(api: Api, username: str = "acme/bob") -> dict[str, Any]:
    """The problem document of a sign-in that waits for its second step."""
    answer = await token(api, username)
    assert answer.status_code == 401, answer.text
    assert answer.json()["slug"] == "mfa-required"
    return dict(answer.json())


async def post(api: Api, path: str, bearer: str | None = None, **body: Any) -> httpx.Response:
    headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
    return await api.http.post(f"/v1/auth/{path}", json=body, headers=headers)


async def verify(api: Api, waiting: dict[str, Any], method: str, code: str = "", **more: Any) -> httpx.Response:
    shown = {"code": code} if code else {}
    return await post(api, "mfa/verify", mfa_token=waiting["mfa_token"], method=method, **shown, **more)


async def set_up_totp(api: Api, bearer: str) -> tuple[pyotp.TOTP, dict[str, Any]]:
    """An app that is confirmed, and what the confirmation answered."""
    offer = (await post(api, "mfa/totp", bearer)).json()
    app = pyotp.TOTP(offer["secret"])
    answer = await post(api, "mfa/totp/confirm", bearer, code=app.at(api.clock.now()))
    assert answer.status_code == 200, answer.text
    return app, answer.json()


async def with_totp(api: Api) -> tuple[pyotp.TOTP, list[str]]:
    """Bob has an app and recovery codes; the code that confirmed it is a step old."""
    app, answer = await set_up_totp(api, api.bob.access_token)
    api.clock.advance(seconds=60)
    return app, answer["recovery_codes"]


async def with_passkey(api: Api, device: Authenticator | None = None) -> Authenticator:
    """Bob has a passkey."""
    device = device or Authenticator()
    given = (await post(api, "passkeys/options", api.bob.access_token)).json()
    body = {"challenge_id": given["challenge_id"], "credential": device.create(given["options"]), "name": "phone"}
    answer = await post(api, "passkeys", api.bob.access_token, **body)
    assert answer.status_code == 201, answer.text
    return device


def signed_in(person: Person, answer: httpx.Response) -> Person:
    """The person with the tokens of an answer."""
    assert answer.status_code in {200, 201}, answer.text
    body = answer.json()
    body = body.get("tokens") or body
    return replace(person, access_token=body["access_token"], refresh_token=body.get("refresh_token") or "")


def code_in(text: str) -> str:
    """The six digits of a mail or text message."""
    found = re.search(r"\b\d{6}\b", text)
    assert found is not None, text
    return found[0]


async def actions(api: Api) -> list[str]:
    """What the administrative log of acme says, newest first."""
    return [event["action"] for event in (await api.get("/v1/audit-events", limit=200))["items"]]
