"""Each part in an environment that was empty: what is there, what is not, and that it works from an empty folder."""

import json
import re
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.packaging.build import ROOT, must, process, run
from tools.requirements import canonical, requirements

pytestmark = [pytest.mark.xdist_group("packaging"), pytest.mark.timeout(300)]

SERVER = {"fastapi", "starlette", "sqlmodel", "sqlalchemy", "uvicorn", "alembic", "psycopg", "argon2-cffi"}
VERSIONS = "import json, importlib.metadata as m; print(json.dumps({d.name: d.version for d in m.distributions()}))"
WHERE = (
    "import api, agent, ext, relay, wire; print(ext.IMPLEMENTATION, *{m.__file__ for m in (api, agent, relay, wire)})"
)
FREE_PORT = "127.0.0.1:0"


def versions(environment: Path, cwd: Path) -> dict[str, str]:
    found = json.loads(must(environment / "bin/python", "-c", VERSIONS, cwd=cwd))
    return {canonical(name): version for name, version in found.items()}


def fetch(url: str) -> tuple[int, str, bytes]:
    with urllib.request.urlopen(url, timeout=20) as answer:
        return answer.status, answer.headers["content-type"], answer.read()


@pytest.fixture
def environment(request: pytest.FixtureRequest) -> Path:
    found: Path = request.getfixturevalue(f"{request.param}_environment")
    return found


@pytest.fixture
def api(api_environment: Path, tmp_path: Path) -> Iterator[str]:
    """The address of an api that runs from the wheel, in a folder that was empty."""
    settings = {"TASUKI_API_LISTEN": FREE_PORT, "TASUKI_DATA_DIR": "data"}
    with process(api_environment / "bin/python", "-m", "api.main", cwd=tmp_path, **settings) as started:
        yield ready(started, tmp_path)


def ready(started: "subprocess.Popen[str]", cwd: Path) -> str:
    assert started.stdout is not None
    line = started.stdout.readline()
    found = re.search(r"ready on (\w+://\S+)", line)
    assert found, (line, (cwd / "stderr").read_text())
    return found.group(1)


@pytest.mark.parametrize(
    ("environment", "part"), [(part, part) for part in ("api", "relay", "agent")], indirect=["environment"]
)
def test_exactly_the_locked_versions_are_there(environment: Path, part: str, tmp_path: Path) -> None:
    lines = [line.split(" ", 1)[0] for line in requirements(ROOT, [part]) if "==" in line]
    locked = {canonical(name): version for name, version in (line.split("==") for line in lines)}
    installed = versions(environment, tmp_path)
    assert installed.pop("tasuki")
    assert {name: installed[name] for name in locked.keys() & installed.keys()} == installed
    assert "pip" not in installed


def test_the_kernels_and_packages_come_from_the_wheel(agent_environment: Path, tmp_path: Path) -> None:
    implementation, *files = must(agent_environment / "bin/python", "-c", WHERE, cwd=tmp_path).split()
    assert implementation == "compiled"
    assert all(Path(file).is_relative_to(agent_environment) for file in files)


def test_the_console_is_served_from_the_wheel(api: str) -> None:
    status, kind, body = fetch(f"{api}/console")
    assert (status, kind) == (200, "text/html; charset=utf-8")
    for asset in re.findall(r'(?:src|href)="(/web/[^"]+)"', body.decode()):
        assert fetch(api + asset)[0] == 200, asset
    assert (
        fetch(f"{api}/web/core/decoder/decode.worker.js")[2]
        == (ROOT / "web/core/decoder/decode.worker.js").read_bytes()
    )
    assert len(fetch(f"{api}/web/vendor/fzstd/fzstd.js")[2]) > 1000
    assert fetch(f"{api}/strings/ja.json")[2] == (ROOT / "texts/ja.json").read_bytes()


def test_the_documentation_is_served_from_the_wheel(api: str) -> None:
    status, kind, body = fetch(f"{api}/docs")
    assert (status, kind) == (200, "text/html; charset=utf-8")
    assets = re.findall(r'(?:src|href)="(/web/[^"]+)"', body.decode())
    assert assets
    assert all(fetch(api + asset)[0] == 200 for asset in assets)
    assert "/v1/sessions" in json.loads(fetch(f"{api}/openapi.json")[2])["paths"]


def test_the_join_page_is_served_from_the_wheel(api: str) -> None:
    assert fetch(f"{api}/join/12345678")[0] == 200


def test_the_agent_brings_no_server(agent_environment: Path, tmp_path: Path) -> None:
    assert versions(agent_environment, tmp_path).keys() & SERVER == set()
    done = run(agent_environment / "bin/python", "-m", "api.main", cwd=tmp_path)
    assert done.returncode == 1
    assert "No module named" in done.stderr


def test_the_agents_command_works(agent_environment: Path, tmp_path: Path) -> None:
    said = must(agent_environment / "bin/tasuki", "--help", cwd=tmp_path)
    assert all(command in said for command in ("join", "session", "view", "login", "serve", "doctor"))


@pytest.mark.parametrize("display", [":9999", ""])
def test_joining_without_a_server_says_so_in_one_sentence(
    agent_environment: Path, tmp_path: Path, display: str
) -> None:
    command = ("join", "12345678", "--server", "http://127.0.0.1:9")
    done = run(agent_environment / "bin/tasuki", *command, cwd=tmp_path, DISPLAY=display, HOME=str(tmp_path))
    assert done.returncode in {1, 3}, done.stderr
    assert done.stderr.startswith("tasuki: ")
    assert done.stderr.count("\n") == 1


def test_the_relay_brings_no_database_and_no_desktop(relay_environment: Path, tmp_path: Path) -> None:
    absent = SERVER | {"typer", "mss", "pynput", "zstandard"}
    assert versions(relay_environment, tmp_path).keys() & absent == set()


def test_a_relay_of_the_wheel_meets_an_api_of_the_wheel(
    api: str, api_environment: Path, relay_environment: Path, tmp_path: Path
) -> None:
    """As compose.yaml does it: a token made beside the api, then the relay with nothing but that token."""
    token = tmp_path / "token/relay.token"
    add = ("relay", "add", "--url", "ws://localhost:8443", "--out", token, "--json")
    made = must(api_environment / "bin/python", "-m", "api.admin", *add, cwd=tmp_path, TASUKI_DATA_DIR="data")
    assert json.loads(made)["relay_id"].startswith("rel_")
    settings = {
        "TASUKI_API_URL": api,
        "TASUKI_RELAY_TOKEN_FILE": str(token),
        "TASUKI_RELAY_LISTEN": FREE_PORT,
        "TASUKI_RELAY_ADMIN_LISTEN": FREE_PORT,
    }
    with process(relay_environment / "bin/python", "-m", "relay.main", cwd=token.parent, **settings) as started:
        assert ready(started, token.parent).startswith("ws://127.0.0.1:")
        said = (token.parent / "stderr").read_text()
        admin = re.search(
            r'http://(127\.0\.0\.1:\d+)"', next(line for line in said.splitlines() if "admin_ready" in line)
        )
        assert admin
        health = run(
            relay_environment / "bin/python",
            ROOT / "tools/image/healthy.py",
            "relay",
            cwd=tmp_path,
            TASUKI_RELAY_ADMIN_LISTEN=admin.group(1),
        )
        assert (health.returncode, health.stdout) == (0, "ok\n")
