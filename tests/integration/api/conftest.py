"""An installation made once by the real commands and routes, copied for every test."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from api import admin
from api.app import create_app
from api.auth.passwords import Passwords
from tests.integration.api.support import (
    PASSWORD,
    RELAY_URLS,
    Api,
    Installation,
    Person,
    ShiftedClock,
    copied,
    running,
    settings_for,
)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """Two organisations, two relays, everybody signed in."""
    folder = tmp_path_factory.mktemp("installation")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TASUKI_DATA_DIR", str(folder))
        return asyncio.run(install(folder))


async def install(folder: Path, **changes: str) -> Installation:
    """By the commands and routes that people use; `changes` are settings."""
    first = {}
    for company, login in (("acme", "alice"), ("globex", "gina")):
        given = ["init", "--company", company, "--login", login, "--name", login.title(), "--json"]
        first[login] = await admin.run(admin.parse(given))
    tokens = []
    for number, url in enumerate(RELAY_URLS):
        file = folder / f"relay{number}.token"
        await admin.run(admin.parse(["relay", "add", "--url", url, "--out", str(file)]))
        tokens.append(file.read_text().strip())
    app = create_app(settings_for(folder, **changes))
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://localhost:8080") as http,
    ):
        alice = await _settle(http, "acme/alice", first["alice"]["password"])
        gina = await _settle(http, "globex/gina", first["gina"]["password"])
        made = await http.post(
            "/v1/operators", json={"login": "bob", "name": "Bob", "role": "operator"}, headers=alice.headers
        )
        assert made.status_code == 201, made.text
        bob = await _settle(http, "acme/bob", made.json()["one_time_password"])
    return Installation(folder, alice, bob, gina, (tokens[0], tokens[1]))


async def _settle(http: httpx.AsyncClient, username: str, password: str) -> Person:
    """Change the one-time password and be signed in."""
    body = {"username": username, "password": password, "new_password": PASSWORD}
    answer = await http.post("/v1/auth/password", json=body)
    assert answer.status_code == 200, answer.text
    tokens = json.loads(answer.text)
    me = await http.get("/v1/me", headers={"Authorization": f"Bearer {tokens['access_token']}"})
    return Person(me.json()["operator"]["id"], username, tokens["access_token"], tokens["refresh_token"])


@pytest.fixture
def clock() -> ShiftedClock:
    return ShiftedClock()


@pytest.fixture
def installation(template: Installation, tmp_path: Path) -> Installation:
    return copied(template, tmp_path / "data")


@pytest.fixture
async def api(installation: Installation, clock: ShiftedClock) -> AsyncIterator[Api]:
    """A running app with two healthy relays."""
    async with running(installation, clock) as api:
        await api.register_relays()
        yield api


@pytest.fixture
def quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests that sign in again and again: the same password is checked against the same hash only once."""
    verify = Passwords._verify
    known: dict[tuple[str, str], bool] = {}

    def remembered(self: Passwords, stored: str, password: str) -> bool:
        if (stored, password) not in known:
            known[stored, password] = verify(self, stored, password)
        return known[stored, password]

    monkeypatch.setattr(Passwords, "_verify", remembered)
