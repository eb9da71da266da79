"""The parts of the images that need no Docker: the health check, the user, and what Dockerfile and compose file say.

The scripts of the RUN lines are run by the fixtures (conftest.py); that nothing else is run is checked here.
"""

import datetime
import http.server
import os
import re
import ssl
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.packaging.build import ROOT, context_files, must, run

pytestmark = pytest.mark.xdist_group("packaging")

DOCKERFILE = (ROOT / "Dockerfile").read_text()
COMPOSE = (ROOT / "compose.yaml").read_text()
HEALTHY = ROOT / "tools/image/healthy.py"


class Answers(http.server.BaseHTTPRequestHandler):
    """Says on /healthz what the test wants."""

    status = 200

    def do_GET(self) -> None:
        self.send_response(self.status if self.path == "/healthz" else 404)
        self.end_headers()
        self.wfile.write(b"as told\n")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
        pass


@contextmanager
def answering(tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """A server on a free port."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


@pytest.fixture
def port() -> Iterator[int]:
    with answering() as found:
        yield found


def self_signed(key_file: Path) -> bytes:
    """A certificate for a public name, which is not the address that the health check asks."""
    key = ec.generate_private_key(ec.SECP256R1())
    plain = serialization.NoEncryption()
    key_file.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "support.example.com")])
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(now).not_valid_after(now + datetime.timedelta(days=1))
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def healthy(part: str, cwd: Path, **settings: str) -> tuple[int, str]:
    done = run(sys.executable, HEALTHY, part, cwd=cwd, **settings)
    return done.returncode, done.stdout or done.stderr


@pytest.mark.parametrize(
    ("part", "name", "host"),
    [
        ("api", "TASUKI_API_LISTEN", "127.0.0.1"),
        ("api", "TASUKI_API_LISTEN", "0.0.0.0"),
        ("relay", "TASUKI_RELAY_ADMIN_LISTEN", "127.0.0.1"),
    ],
)
def test_the_health_check_asks_the_listener(
    part: str, name: str, host: str, port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert healthy(part, tmp_path, **{name: f"{host}:{port}"}) == (0, "as told\n")
    monkeypatch.setattr(Answers, "status", 503)
    assert healthy(part, tmp_path, **{name: f"{host}:{port}"}) == (1, "as told\n")


def test_the_health_check_speaks_tls_where_the_api_does(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    certificate.write_bytes(self_signed(key))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with answering(context) as port:
        settings = {"TASUKI_API_LISTEN": f"0.0.0.0:{port}", "TASUKI_TLS_CERT_FILE": str(certificate)}
        assert healthy("api", tmp_path, **settings) == (0, "as told\n")


def test_the_health_check_fails_when_nobody_listens(tmp_path: Path) -> None:
    code, said = healthy("api", tmp_path, TASUKI_API_LISTEN="127.0.0.1:9")
    assert (code, said.split(":")[0]) == (1, "no answer")
    assert healthy("nothing", tmp_path)[0] == 2


def test_the_user_owns_its_folders_and_is_made_once(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    for name in ("passwd", "group"):
        (tmp_path / "etc" / name).write_text("root:x:0:0:root:/root:/bin/sh\n")
    for _ in range(2):
        must(ROOT / "tools/image/user", cwd=tmp_path, ROOT=str(tmp_path), ID=str(os.getuid()))
    assert (tmp_path / "etc/passwd").read_text().count("tasuki:") == 1
    assert (tmp_path / "etc/group").read_text().count("tasuki:") == 1
    for name in ("data", "token"):
        assert (tmp_path / name).stat().st_uid == os.getuid()
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o700


def test_run_lines_only_call_scripts_that_are_tried() -> None:
    commands = re.findall(r"^RUN (?:--mount=\S+ )?(.+)$", DOCKERFILE, re.MULTILINE)
    assert commands == [
        "tools/system-packages build",
        "tools/image/wheel /wheel",
        "tools/image/environment api /opt/tasuki /wheel",
        "tools/image/environment relay /opt/tasuki /wheel",
        "/tmp/user && rm /tmp/user",
    ]


def test_the_final_stages_have_no_compiler_and_no_root() -> None:
    stages = dict(re.findall(r"^FROM (?:\S+) AS (\S+)\n(.*?)(?=^FROM |\Z)", DOCKERFILE, re.MULTILINE | re.DOTALL))
    parents = {name: parent for parent, name in re.findall(r"^FROM (\S+) AS (\S+)$", DOCKERFILE, re.MULTILINE)}
    for target in ("api", "relay"):
        assert parents[target] == "part"
        assert parents["part"] == "base"
        assert parents["base"] == "python:3.11-slim-bookworm"
        assert f"COPY --from={target}-environment /opt/tasuki /opt/tasuki" in stages[target]
        assert f'CMD ["python", "-m", "{target}.main"]' in stages[target]
        assert f'CMD ["python", "/opt/healthy.py", "{target}"]' in stages[target]
        assert "EXPOSE" in stages[target]
    assert all(line in stages["part"] for line in ("USER 10001:10001", "STOPSIGNAL SIGTERM", "VOLUME /data"))
    assert "apt-get" not in DOCKERFILE


def test_the_builder_gets_a_clean_tree() -> None:
    files = set(context_files(ROOT))
    assert {"LICENSE", "pyproject.toml", "setup.py", "constraints.txt", "tools/image/wheel", "api/main.py"} <= files
    folders = {name.split("/", 1)[0] for name in files}
    assert folders & {"tests", "bench", "docs", ".git", ".venv", ".demo", "build", "data", "node_modules"} == set()
    assert not {name for name in files if name.endswith((".so", ".c", ".pyc")) or "node_modules" in name}
    assert not {name for name in files if name.startswith("web/vendor")}


def services() -> dict[str, str]:
    """The text of each service of the compose file."""
    section = re.search(r"^services:\n(.*?)^\S", COMPOSE, re.MULTILINE | re.DOTALL)
    assert section
    return dict(re.findall(r"^  ([a-z0-9-]+):.*?\n(.*?)(?=^  \S|\Z)", section.group(1), re.MULTILINE | re.DOTALL))


def test_the_compose_file_has_the_services_and_waits_for_health() -> None:
    found = services()
    assert set(found) == {"database", "api", "relay-1", "relay-2", "relay-1-token", "relay-2-token"}
    assert "database: {condition: service_healthy}" in found["api"]
    for number in (1, 2):
        assert f"relay-{number}-token: {{condition: service_completed_successfully}}" in found[f"relay-{number}"]
        assert f'"relay-{number}-token:/token:ro"' in found[f"relay-{number}"]
    assert "\t" not in COMPOSE
    assert all((len(line) - len(line.lstrip(" "))) % 2 == 0 for line in COMPOSE.splitlines())


def test_every_anchor_that_is_used_is_there() -> None:
    said = "\n".join(line for line in COMPOSE.splitlines() if not line.lstrip().startswith("#"))
    assert set(re.findall(r"(?<=[ ])\*([a-z-]+)", said)) <= set(re.findall(r"&([a-z-]+)", said))


def test_the_compose_file_has_no_default_secret_and_publishes_to_this_machine_only() -> None:
    secret = r"\$\{TASUKI_DATABASE_PASSWORD:\?[^}]+\}"
    assert len(re.findall(rf"(?:PGPASSWORD|POSTGRES_PASSWORD): {secret}\n", COMPOSE)) == 2
    assert len(re.findall(r"PASSWORD: ", COMPOSE)) == 2
    ports = [port for text in services().values() for port in re.findall(r"ports: \[(.*?)\]", text)]
    assert len(ports) == 3
    assert all(port.startswith('"127.0.0.1:') for port in ports)
    assert "privileged: true" not in COMPOSE
    assert "docker.sock" not in COMPOSE


def test_the_proxy_that_is_trusted_is_the_gateway() -> None:
    trusted = set(re.findall(r"TASUKI_TRUSTED_PROXIES: (\d\S+)", COMPOSE))
    assert trusted == set(re.findall(r"gateway: ([0-9.]+)", COMPOSE)) != set()
