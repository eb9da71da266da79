"""The real process: ready line, port taken, settings that are refused, stopping, and the commands on the server."""

import asyncio
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Timer
from typing import IO, Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from api import admin
from api.main import CannotStart, read_settings
from tests.integration.api.support import Installation

ROOT = Path(__file__).parents[3]
PARTS = [
    "process",
    "database",
    "keyring",
    "disk",
    "upkeep",
    "webhooks",
    "mail",
    "audit",
    "relays",
    "clock",
    "certificate",
]


def environment(folder: Path, **changes: str) -> dict[str, str]:
    """With the database that the installation's fixture named, if it did."""
    kept = "TASUKI_DATABASE_URL"
    mine = {name: value for name, value in os.environ.items() if name == kept or not name.startswith("TASUKI_")}
    free = {"TASUKI_API_LISTEN": "127.0.0.1:0", "TASUKI_API_ADMIN_LISTEN": "127.0.0.1:0"}
    return {**mine, "TASUKI_DATA_DIR": str(folder), **free, **changes}


@contextmanager
def serving(folder: Path, log: IO[str] | None = None, /, **changes: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A process and its address, once it is ready. What a pipe cannot hold of its log goes to a file."""
    process = subprocess.Popen(
        [sys.executable, "-m", "api.main"], cwd=ROOT, env=environment(folder, **changes), text=True,
        stdout=subprocess.PIPE, stderr=log or subprocess.PIPE,
    )  # fmt: skip
    guard = Timer(30, process.kill)
    guard.start()
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("tasuki api ready on http"), line
        yield process, line.split()[-1]
    finally:
        process.kill()
        process.communicate()
        guard.cancel()


def run(module: str, folder: Path, *arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", module, *arguments], cwd=ROOT, env=environment(folder, **changes), text=True,
        capture_output=True, timeout=60, check=False,
    )  # fmt: skip


def sequenced(client: httpx.Client) -> dict[str, Any]:
    """How it is, once the lines of the log that the installation came with have their places."""
    until = time.monotonic() + 20
    while (ready := client.get("/readyz").json())["parts"]["audit"] != "ok" and time.monotonic() < until:
        time.sleep(0.05)
    return dict(ready)


def test_it_serves_and_stops_cleanly_even_while_somebody_waits(installation: Installation) -> None:
    with serving(installation.folder) as (process, url), httpx.Client(base_url=url) as client:
        assert client.get("/healthz").json() == {"status": "ok"}
        ready = sequenced(client)
        assert ready.pop("parts") == {part: "warning" if part == "relays" else "ok" for part in PARTS}
        assert ready == {"status": "warning"}  # no relay has come yet
        assert "server" not in client.get("/healthz").headers
        made = client.post("/v1/sessions", json={"mode": "view"}, headers=installation.alice.headers).json()
        path = f"/v1/sessions/{made['id']}/events"
        last = client.get(path, headers=installation.alice.headers).json()["items"][-1]["id"]
        for number in (signal.SIGINT, signal.SIGTERM):  # as Ctrl-C in a terminal, and a parent that passes it on
            Timer(0.5, process.send_signal, [number]).start()
        # it would wait for 25 s: the time-out says that the stop lets it go
        answer = client.get(path, params={"after": last, "wait": 25}, headers=installation.alice.headers, timeout=20)
        assert answer.json()["items"] == []
        assert process.wait(20) == 0
        assert process.stderr is not None
        logged = process.stderr.read()
    lines = [json.loads(line) for line in logged.splitlines()]
    assert {line["event"] for line in lines} == {"api.request"}
    assert "/v1/sessions/{session_id}/events" in {line["route"] for line in lines}
    assert made["code"] not in logged
    assert made["id"] not in logged


def test_a_taken_port_is_said_in_one_sentence(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run("api.main", tmp_path, TASUKI_API_LISTEN=f"127.0.0.1:{port}")
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == (
        f"tasuki api: port {port} on 127.0.0.1 is taken; stop what uses it or set TASUKI_API_LISTEN to another port\n"
    )


@pytest.mark.rule("R34")
@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"TASUKI_API_LISTEN": "0.0.0.0:0"}, "without TLS"),
        ({"TASUKI_API_LISTEN": "[::]:0"}, "without TLS"),
        ({"TASUKI_API_LISTEN": "localhost"}, "must look like"),
        ({"TASUKI_TRUSTED_PROXIES": "*"}, "list your own proxies"),
        ({"TASUKI_TRUSTED_PROXIES": "0.0.0.0/0"}, "list your own proxies"),
        ({"TASUKI_PUBLIC_URL": "https://x/path"}, "without a path"),
        ({"TASUKI_TLS_CERT_FILE": "x.pem"}, "set together"),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(value.values()),
)
def test_wrong_settings_are_said_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, changes: dict[str, str], says: str
) -> None:
    for name, value in changes.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(CannotStart, match=says) as raised:
        read_settings()
    assert len(str(raised.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"TASUKI_TRUSTED_PROXIES": "*"}, "list your own proxies"),
        ({"TASUKI_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/x"}, "TASUKI_DATABASE_URL"),
        ({"TASUKI_DATABASE_URL": "nonsense"}, "TASUKI_DATABASE_URL"),
    ],
    ids=["proxies", "database-away", "database-nonsense"],
)
def test_the_process_ends_with_that_sentence(tmp_path: Path, changes: dict[str, str], says: str) -> None:
    done = run("api.main", tmp_path, **changes)
    assert done.returncode == 1
    assert says in done.stderr
    assert done.stderr.startswith("tasuki api: ")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.rule("R34")
def test_the_clients_address_comes_from_our_own_proxy_only(installation: Installation) -> None:
    def statuses(url: str, addresses: list[str]) -> list[int]:
        with httpx.Client(base_url=url) as client:
            return [
                client.post("/v1/join", json={"code": "000000000000"}, headers={"X-Forwarded-For": address}).status_code
                for address in addresses
            ]

    invented = [f"198.51.100.{number}" for number in range(12)]
    with serving(installation.folder) as (_, url):
        assert statuses(url, invented)[-1] == 429
    with serving(installation.folder, TASUKI_TRUSTED_PROXIES="127.0.0.1") as (_, url):
        assert statuses(url, invented)[-1] == 404
        assert statuses(url, [f"6.6.6.{number}, 203.0.113.9" for number in range(12)])[-1] == 429


def test_first_run(tmp_path: Path) -> None:
    done = run("api.admin", tmp_path, "init", "--company", "Acme", "--login", "Alice", "--json")
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)
    assert (made["company"], made["login"], made["username"]) == ("acme", "alice", "acme/alice")
    assert made["password"] not in (tmp_path / "tasuki.db").read_bytes().decode("latin-1")
    for name in ("master.key", "tasuki.db"):
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o600
    again = run("api.admin", tmp_path, "init", "--company", "acme", "--login", "mallory")
    assert (again.returncode, again.stdout) == (1, "")
    assert again.stderr == "tasuki admin: the company acme exists already; its administrators make further operators\n"


@pytest.mark.parametrize("company", ["a b", "", "ä", "-x", "a/b", "x" * 40])
def test_malformed_companies(tmp_path: Path, company: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASUKI_DATA_DIR", str(tmp_path))
    with pytest.raises(CannotStart, match="such as acme"):
        asyncio.run(admin.run(admin.parse(["init", f"--company={company}", "--login", "x"])))


def test_relay_add(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "relay.token"
    first = run("api.admin", tmp_path, "relay", "add", "--url", "ws://localhost:8443/", "--out", str(file), "--json")
    assert first.returncode == 0, first.stderr
    token = file.read_text().strip()
    assert token.startswith("rly_")
    assert file.stat().st_mode & 0o777 == 0o600
    assert token not in first.stdout
    second = run("api.admin", tmp_path, "relay", "add", "--url", "ws://localhost:8443", "--out", str(file), "--json")
    assert json.loads(second.stdout)["relay_id"] == json.loads(first.stdout)["relay_id"]
    assert file.read_text().strip() != token
    refused = run("api.admin", tmp_path, "relay", "add", "--url", "http://x", "--out", str(file))
    assert refused.returncode == 1
    assert refused.stderr.startswith("tasuki admin: --url")


def test_a_readable_master_key_is_refused(tmp_path: Path) -> None:
    run("api.admin", tmp_path, "init", "--company", "acme", "--login", "alice")
    (tmp_path / "master.key").chmod(0o644)
    done = run("api.main", tmp_path)
    assert done.returncode == 1
    assert "chmod 600" in done.stderr
    (tmp_path / "master.key").chmod(0o600)
    (tmp_path / "master.key").write_text("damaged\n")
    assert "damaged" in run("api.main", tmp_path).stderr
    (tmp_path / "master.key").unlink()
    lost = run("api.main", tmp_path)
    assert lost.returncode == 1
    assert "master key" in lost.stderr
    assert "Traceback" not in lost.stderr


def certificate(folder: Path) -> tuple[Path, Path]:
    """Files of a certificate for localhost and of its key, good for another day."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "c.pem").write_bytes(signed.public_bytes(Encoding.PEM))
    (folder / "k.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return folder / "c.pem", folder / "k.pem"


def test_tls_in_the_process_itself(installation: Installation, tmp_path: Path) -> None:
    certificate(tmp_path)
    changes = {
        "TASUKI_TLS_CERT_FILE": str(tmp_path / "c.pem"),
        "TASUKI_TLS_KEY_FILE": str(tmp_path / "k.pem"),
        "TASUKI_PUBLIC_URL": "https://localhost:8443",
    }
    with serving(installation.folder, **changes) as (_, url):
        trusted = ssl.create_default_context(cafile=str(tmp_path / "c.pem"))
        answer = httpx.get(f"https://localhost:{url.rpartition(':')[2]}/healthz", verify=trusted)
    assert answer.json() == {"status": "ok"}
    assert answer.headers["strict-transport-security"] == "max-age=31536000"
    missing = run("api.main", tmp_path, **{**changes, "TASUKI_TLS_KEY_FILE": str(tmp_path / "nothing.pem")})
    assert (missing.returncode, "Traceback" in missing.stderr) == (1, False)
    assert "nothing.pem" in missing.stderr


def test_the_master_key_may_live_elsewhere(tmp_path: Path) -> None:
    folder, key = tmp_path / "data" / "deep", tmp_path / "keys" / "master.key"
    done = run("api.admin", folder, "init", "--company", "acme", "--login", "alice", TASUKI_MASTER_KEY_FILE=str(key))
    assert done.returncode == 0, done.stderr
    assert key.is_file()
    assert {file.name for file in folder.iterdir()} == {"keyring.db", "tasuki.db"}
