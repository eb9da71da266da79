"""The whole product, started as a user starts it: `tasuki serve`, an operator, customers on ptys."""

import atexit
import functools
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import httpx

from tools.demo import Customer, running, until_line

ROOT = Path(__file__).parents[2]
TASUKI = [sys.executable, "-m", "agent"]
COMPANY, LOGIN, PASSWORD = "acme", "alice", "maple-river-lotus-haven-42"


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on now."""
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


@dataclass
class Stack:
    """A running server with one signed-in operator."""

    url: str
    data: Path
    environment: dict[str, str]
    token: str
    process: "subprocess.Popen[str]"

    def api(
        self, method: str, path: str, body: dict[str, Any] | None = None, *, token: str | None = None
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token or self.token}"}
        return httpx.request(method, self.url + path, json=body, headers=headers, timeout=30)

    def ok(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """The JSON of an answer that must be good."""
        answer = self.api(method, path, body)
        assert answer.is_success, answer.text
        value: dict[str, Any] = answer.json() if answer.content else {}
        return value

    def session(self, mode: str = "control", **more: Any) -> dict[str, Any]:
        return self.ok("POST", "/v1/sessions", {"mode": mode, "customer": {"name": "Carol"}, **more})

    def tasuki(self, *arguments: str, stdin: str = "", **variables: str) -> "subprocess.CompletedProcess[str]":
        """Run the command as the operator."""
        return subprocess.run(
            [*TASUKI, *arguments], env=self.environment | variables, cwd=ROOT, input=stdin, text=True,
            capture_output=True, timeout=60, check=False,
        )  # fmt: skip

    @contextmanager
    def viewer(self, session: str, *more: str, **variables: str) -> Iterator["Viewer"]:
        """`tasuki view --headless --json`."""
        command = [*TASUKI, "view", session, "--headless", "--json", *more]
        with running(command, env=self.environment | variables, stdout=subprocess.PIPE) as process:
            yield Viewer(process)

    @contextmanager
    def customer(self, invitation: str, display: str = "", *more: str, **variables: str) -> Iterator[Customer]:
        """`tasuki join` on a pty."""
        where = [] if "://" in invitation else ["--server", self.url]
        screen = {"DISPLAY": display} if display else {"DISPLAY": ""}
        options = [] if display else ["--screen", "drawn"]
        environment = self.environment | {"TASUKI_UI": "terminal", "LC_ALL": "C.UTF-8"} | screen | variables
        customer = Customer([*TASUKI, "join", invitation, *where, *options, *more], environment)
        try:
            yield customer
        finally:
            customer.close()


@dataclass
class Viewer:
    """A headless viewer's stream of events."""

    process: "subprocess.Popen[str]"

    def until(self, name: str) -> dict[str, Any]:
        """The next event of this name; fails with what the command said when it ends before."""
        assert self.process.stdout is not None
        seen = []
        for line in self.process.stdout:
            event: dict[str, Any] = json.loads(line)
            seen.append(event["event"])
            if event["event"] == name:
                return event
        raise AssertionError(f"no {name!r} came, only {seen}")


def settings(folder: Path) -> dict[str, str]:
    """An environment with free ports and data in `folder`."""
    web, relay, admin = free_ports(3)
    mine = {name: value for name, value in os.environ.items() if not name.startswith("TASUKI_")}
    return mine | {
        "TASUKI_DATA_DIR": str(folder / "data"),
        "TASUKI_CONFIG_DIR": str(folder / "operator"),
        "TASUKI_PUBLIC_URL": f"http://localhost:{web}",
        "TASUKI_API_URL": f"http://localhost:{web}",
        "TASUKI_API_LISTEN": f"127.0.0.1:{web}",
        "TASUKI_RELAY_PUBLIC_URL": f"ws://localhost:{relay}",
        "TASUKI_RELAY_LISTEN": f"127.0.0.1:{relay}",
        "TASUKI_RELAY_ADMIN_LISTEN": f"127.0.0.1:{admin}",
    }


@functools.cache
def installation() -> Path:
    """The data of an installation whose one operator has set a password, made once by the real commands; to be copied."""
    temporary = tempfile.TemporaryDirectory(prefix="tasuki-e2e-")
    atexit.register(temporary.cleanup)
    environment = settings(Path(temporary.name))
    install(environment)
    return Path(environment["TASUKI_DATA_DIR"])


def install(environment: dict[str, str]) -> None:
    """An installation with one operator who has set a password, made by the real commands."""
    command = [*TASUKI, "admin", "init", "--company", COMPANY, "--login", LOGIN, "--name", "Alice", "--json"]
    made = subprocess.run(command, env=environment, cwd=ROOT, check=True, capture_output=True, text=True)
    body = {"username": f"{COMPANY}/{LOGIN}", "password": json.loads(made.stdout)["password"], "new_password": PASSWORD}
    serve = [*TASUKI, "serve", "api"]
    with running(serve, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        until_line(process, "ready")
        httpx.post(environment["TASUKI_API_URL"] + "/v1/auth/password", json=body, timeout=30).raise_for_status()


@contextmanager
def run_stack(*, copied: bool = True) -> Iterator[Stack]:
    """Everything started with one command on free ports, stopped at the end.

    With a copy of the installation, whose log was begun at another address; or with one of its own.
    """
    with tempfile.TemporaryDirectory(prefix="tasuki-e2e-") as name:
        folder = Path(name)
        environment = settings(folder)
        if copied:
            shutil.copytree(installation(), environment["TASUKI_DATA_DIR"])
        else:
            install(environment)
        with (
            (folder / "server.log").open("w") as log,
            running([*TASUKI, "serve"], env=environment, stdout=subprocess.PIPE, stderr=log) as process,
        ):
            until_line(process, "Tasuki is ready")
            yield _signed_in(environment, process)


class Parts:
    """Api and relay as processes of their own, to be killed and started again."""

    def __init__(self, environment: dict[str, str], log: IO[str]) -> None:
        self.environment, self._log = environment, log
        self._running: dict[str, subprocess.Popen[str]] = {}

    def start(self, part: str) -> None:
        command = [*TASUKI, "serve", part]
        process = subprocess.Popen(
            command, env=self.environment, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=self._log
        )
        until_line(process, "ready")
        self._running[part] = process

    def kill(self, part: str) -> None:
        """kill -9."""
        process = self._running.pop(part)
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()

    def stop(self) -> None:
        for part in list(self._running):
            self.kill(part)


@contextmanager
def run_parts() -> Iterator[tuple[Stack, Parts]]:
    """The product in parts; the relay is not started yet."""
    with tempfile.TemporaryDirectory(prefix="tasuki-e2e-") as name:
        folder = Path(name)
        environment = settings(folder) | {"TASUKI_RELAY_TOKEN_FILE": str(folder / "relay.token")}
        shutil.copytree(installation(), environment["TASUKI_DATA_DIR"])
        with (folder / "server.log").open("w") as log:
            parts = Parts(environment, log)
            try:
                parts.start("api")
                made = [*TASUKI, "admin", "relay", "add", "--url", environment["TASUKI_RELAY_PUBLIC_URL"]]
                made += ["--out", environment["TASUKI_RELAY_TOKEN_FILE"]]
                subprocess.run(made, env=environment, cwd=ROOT, check=True, capture_output=True)
                yield _signed_in(environment, parts._running["api"]), parts
            finally:
                parts.stop()


def _signed_in(environment: dict[str, str], process: "subprocess.Popen[str]") -> Stack:
    """The operator has signed in, here and on the command line."""
    stack = Stack(environment["TASUKI_PUBLIC_URL"], Path(environment["TASUKI_DATA_DIR"]), environment, "", process)
    form = {"grant_type": "password", "username": f"{COMPANY}/{LOGIN}", "password": PASSWORD}
    answer = httpx.post(f"{stack.url}/v1/auth/token", data=form, timeout=30)
    stack.token = answer.raise_for_status().json()["access_token"]
    done = stack.tasuki("login", "--company", COMPANY, "--login", LOGIN, "--password-stdin", stdin=PASSWORD + "\n")
    assert done.returncode == 0, done.stderr
    return stack


def accept(customer: Customer, digits: str | None) -> None:
    """The customer does what a willing customer does."""
    if digits is not None:
        customer.until("Six digits, then Enter")
        customer.type(digits + "\n")
    customer.until("yes or no, then Enter")
    customer.type("yes\n")
