"""An installation made once by the real commands and routes, copied for every test: on SQLite, or on a real PostgreSQL.

TASUKI_TEST_DATABASE=postgresql runs everything there (`make test-postgresql`); without it, tests marked `both_databases` run on
both and the others on SQLite.
"""

import asyncio
import functools
import itertools
import json
import os
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import httpx
import pytest

from api import admin
from api.app import create_app
from api.auth.passwords import _DUMMY, Passwords
from api.settings import Settings
from api.site import router as site
from api.site.manifest import File, read_manifest, web_folder
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
from tests.support import postgresql
from tests.support.postgresql import Cluster

CHOSEN = os.environ.get("TASUKI_TEST_DATABASE", "")
SQLITE, POSTGRESQL = "sqlite", "postgresql"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test marked `sqlite` in a file marked `both_databases` stays where it is."""
    marked = metafunc.definition.get_closest_marker
    if not CHOSEN and "database" in metafunc.fixturenames and marked("both_databases") and not marked("sqlite"):
        metafunc.parametrize("database", [SQLITE, POSTGRESQL], indirect=True)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What is about SQLite is not there on PostgreSQL; a skipped test would be a failure in CI."""
    left_out = [item for item in items if CHOSEN == POSTGRESQL and item.get_closest_marker("sqlite")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


@pytest.fixture
def database(request: pytest.FixtureRequest) -> str:
    """Which one this test runs on."""
    return getattr(request, "param", CHOSEN or SQLITE)


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A PostgreSQL of this test process."""
    try:
        with postgresql.cluster(**postgresql.LIGHT) as running:
            yield running
    except FileNotFoundError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """Two organisations, two relays, everybody signed in; on SQLite."""
    folder = tmp_path_factory.mktemp("installation")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TASUKI_DATA_DIR", str(folder))
        return asyncio.run(install(folder))


@pytest.fixture(scope="session")
def template_on_postgresql(tmp_path_factory: pytest.TempPathFactory, cluster: Cluster) -> Installation:
    """The same on PostgreSQL."""
    folder = tmp_path_factory.mktemp("installation")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TASUKI_DATA_DIR", str(folder))
        patch.setenv("TASUKI_DATABASE_URL", cluster.create("installation"))
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
def copies(
    database: str, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], Installation]]:
    """Makes copies of the installation; on PostgreSQL the settings' environment names the newest one's database."""
    made = itertools.count()
    if database == SQLITE:
        original = request.getfixturevalue("template")
        yield lambda: copied(original, tmp_path / f"data{next(made) or ''}")
        return
    cluster: Cluster = request.getfixturevalue("cluster")
    original = request.getfixturevalue("template_on_postgresql")
    names: list[str] = []

    def copy() -> Installation:
        names.append(f"copy_{len(names)}")
        monkeypatch.setenv("TASUKI_DATABASE_URL", cluster.create(names[-1], "installation"))
        return copied(original, tmp_path / f"data{next(made) or ''}")

    yield copy
    for name in names:
        cluster.drop(name)


@pytest.fixture
def installation(copies: Callable[[], Installation]) -> Installation:
    return copies()


@pytest.fixture
async def api(installation: Installation, clock: ShiftedClock) -> AsyncIterator[Api]:
    """A running app with two healthy relays."""
    async with running(installation, clock) as api:
        await api.register_relays()
        yield api


@pytest.fixture(autouse=True)
def quick_passwords(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashes are real, but what was hashed here is known and not worked out again, right or wrong.

    Not for tests that ask for `slow_passwords`.
    """
    if "slow_passwords" in request.fixturenames:
        return
    make, verify = Passwords._make, Passwords._verify

    def remembered(self: Passwords, password: str) -> str:
        stored = make(self, password)
        _hashed[stored] = password
        return stored

    def known(self: Passwords, stored: str, password: str) -> bool:
        if stored in _hashed:
            return _hashed[stored] == password
        right = verify(self, stored, password)
        if right:
            _hashed[stored] = password
        return right

    monkeypatch.setattr(Passwords, "_make", remembered)
    monkeypatch.setattr(Passwords, "_verify", known)


@pytest.fixture
def slow_passwords() -> None:
    """Every password is checked at its whole cost."""


_hashed: dict[str, str | None] = {_DUMMY: None}


@pytest.fixture(autouse=True, scope="session")
def web_files_are_read_once() -> Iterator[None]:
    """What is in web/ of the checkout does not change while tests run."""
    ours = functools.cache(read_manifest)
    checkout = web_folder(Settings())

    def read(folder: Path | None) -> dict[str, File]:
        return dict(ours(folder)) if folder == checkout else read_manifest(folder)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(site, "read_manifest", read)
        yield
