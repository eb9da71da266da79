"""Enrolled devices, with real processes: asked in the terminal, and unattended with a key that the server never has."""

import json
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.e2e.stack import ROOT, TASUKI, Stack, Viewer, accept
from tests.e2e.test_cli import screenshot
from tests.fixtures.xvfb import Xvfb
from tools.demo import Customer, running

pytestmark = [pytest.mark.x11, pytest.mark.xdist_group("devices")]


class Machine:
    """A machine with an identity of its own."""

    def __init__(self, stack: Stack, folder: Path, display: str) -> None:
        self.stack, self.folder = stack, folder
        self.environment = stack.environment | {
            "TASUKI_CONFIG_DIR": str(folder), "DISPLAY": display, "TASUKI_UI": "terminal", "LC_ALL": "C.UTF-8",
        }  # fmt: skip

    def tasuki(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [*TASUKI, *arguments],
            env=self.environment,
            cwd=ROOT,
            text=True,
            capture_output=True,
            timeout=60,
            check=False,
        )

    def enroll(self, name: str, *more: str) -> dict[str, Any]:
        token = self.stack.ok("POST", "/v1/device-enrolments", {"name": name})["token"]
        done = self.tasuki("enroll", token, "--server", self.stack.url, "--name", name, "--json", *more)
        assert done.returncode == 0, done.stderr
        return dict(json.loads(done.stdout))

    def online(self) -> dict[str, Any]:
        """What the server says, once it has heard of the machine."""
        device: dict[str, Any] = self.stack.ok("GET", "/v1/devices")["items"][0]
        deadline = time.monotonic() + 20
        while not device["online"]:
            assert time.monotonic() < deadline, device
            time.sleep(0.05)
            device = self.stack.ok("GET", f"/v1/devices/{device['id']}")
        return device

    @contextmanager
    def at_a_terminal(self) -> Iterator[Customer]:
        """`tasuki device run` with somebody there."""
        person = Customer([*TASUKI, "device", "run"], self.environment)
        try:
            yield person
        finally:
            person.close()

    @contextmanager
    def as_a_service(self) -> Iterator["subprocess.Popen[str]"]:
        """The same with no terminal and nobody to ask."""
        command = [*TASUKI, "device", "run", "--json"]
        with running(command, env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as process:
            yield process


@contextmanager
def operator(stack: Stack, device: str, *more: str) -> Iterator[Viewer]:
    """`tasuki view --device … --headless --json`."""
    command = [*TASUKI, "view", "--device", device, "--headless", "--json", *more]
    with running(command, env=stack.environment, stdout=subprocess.PIPE) as process:
        yield Viewer(process)


def test_somebody_is_asked(stack: Stack, desktop: Xvfb, tmp_path: Path) -> None:
    """Enrolled and running in a terminal: digits and yes as always; then the enrolment is wiped and the key goes."""
    machine, picture = Machine(stack, tmp_path / "machine", desktop.display), tmp_path / "out.png"
    enrolled = machine.enroll("Reception")
    file = tmp_path / "machine" / "device.json"
    assert file.stat().st_mode & 0o077 == 0
    assert "device forget" in machine.tasuki("enroll", "ten_" + "x" * 43, "--server", stack.url).stderr
    with desktop.program("xterm", "-geometry", "80x24+40+40"), machine.at_a_terminal() as person:
        device = machine.online()
        assert (device["fingerprint"], device["effective_consent"]) == (enrolled["fingerprint"], "ask")
        with operator(stack, "reception", "--screenshot", str(picture), "--end") as viewer:
            accept(person, viewer.until("digits")["digits"])
            assert "view" in viewer.until("accepted")["grants"]
            viewer.until("screenshot")
            assert Image.open(picture).tobytes() == screenshot(desktop.display).tobytes(), "pixel by pixel"
            viewer.until("ended")
        person.until("session is over")
        shown = json.loads(machine.tasuki("device", "status", "--json").stdout)
        assert (shown["at_server"], shown["consent"], shown["unattended"]) == ("enabled", "ask", False)
        stack.ok("POST", f"/v1/devices/{device['id']}/wipe")
        person.until("its key was deleted")
    assert not file.exists()
    stack.ok("DELETE", f"/v1/devices/{device['id']}")


def test_unattended(stack: Stack, desktop: Xvfb, tmp_path: Path) -> None:
    """Without asking only by the machine's own word, and only with its access key, which the server never has."""
    machine, picture = Machine(stack, tmp_path / "machine", desktop.display), tmp_path / "out.png"
    access_key = machine.enroll("Kiosk", "--unattended")["access_key"]
    assert re.fullmatch(r"([0-9a-f]{4}-){7}[0-9a-f]{4}", access_key)
    key, wrong = tmp_path / "key", tmp_path / "wrong"
    key.write_text(f"{access_key.upper()}\n")
    wrong.write_text("0000-" * 7 + "0000")
    with machine.as_a_service():
        device = machine.online()
        stack.ok("PATCH", f"/v1/devices/{device['id']}", {"consent": "never"})
        refused = stack.tasuki("view", "--device", "Kiosk", "--headless", "--json")
        assert "access key" in json.loads(refused.stderr)["error"]["detail"]
        with operator(stack, "Kiosk", "--access-key-file", str(wrong), "--timeout", "4") as evil:
            assert evil.process.stdout is not None
            assert '"digits"' not in evil.process.stdout.read(), "and leads to no other way in"
            assert evil.process.wait(30) != 0, "a wrong key opens nothing"
        (live,) = [one for one in stack.ok("GET", "/v1/sessions")["items"] if one["ended_at"] is None]
        assert live["started_at"] is None
        stack.ok("POST", f"/v1/sessions/{live['id']}/end")
        with operator(stack, "Kiosk", "--access-key-file", str(key), "--screenshot", str(picture), "--end") as viewer:
            viewer.until("accepted")
            viewer.until("ended")
        with Image.open(picture) as seen:
            assert seen.size == (1024, 700)
        with operator(stack, "Kiosk", "--access-key-file", str(key)) as viewer:
            viewer.until("accepted")
            stack.ok("POST", f"/v1/devices/{device['id']}/disable")
            assert viewer.until("ended")["by"] == "administrator", "disabled: what runs ends"
        stack.ok("POST", f"/v1/devices/{device['id']}/enable")
        assert machine.tasuki("device", "unattended", "off").returncode == 0
        assert stack.ok("GET", f"/v1/devices/{device['id']}")["effective_consent"] == "ask"
    assert access_key.replace("-", "").encode() not in b"".join(
        path.read_bytes() for path in stack.data.rglob("*") if path.is_file()
    )
    with machine.at_a_terminal() as person:
        machine.online()
        with operator(stack, "Kiosk", "--end") as viewer:
            assert viewer.until("digits")["digits"], "without the local word somebody types digits again"
            person.until("Six digits")
    assert machine.tasuki("device", "forget").returncode == 0
    assert stack.ok("GET", f"/v1/devices/{device['id']}")["state"] == "wiped"
