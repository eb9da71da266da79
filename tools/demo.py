"""`make demo`: a server, a shared virtual display, and this terminal as the customer. CHECK=1 plays both people by itself."""

import contextlib
import json
import os
import pty
import re
import secrets
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
DATA, PICTURE = ROOT / ".demo", ROOT / "demo.png"
URL, COMPANY, LOGIN = "http://localhost:8080", "acme", "alice"
PORTS = (8080, 8443, 9443)
SIZE = "1280x800"
WORDS = (
    "amber",
    "birch",
    "cedar",
    "delta",
    "ember",
    "fjord",
    "grove",
    "haven",
    "inlet",
    "koala",
    "lotus",
    "maple",
    "quiet",
)
TASUKI = [sys.executable, "-m", "agent"]


class DemoError(Exception):
    """Something the reader can do something about."""


def environment(**more: str) -> dict[str, str]:
    """What the demo's processes see: their own data and settings, nothing of the reader's."""
    mine = {name: value for name, value in os.environ.items() if not name.startswith("TASUKI_")}
    return (
        mine
        | {"TASUKI_DATA_DIR": str(DATA), "TASUKI_CONFIG_DIR": str(DATA / "operator"), "TASUKI_PUBLIC_URL": URL}
        | more
    )


def check_ports() -> None:
    for port in PORTS:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError as error:
                raise DemoError(f"port {port} is taken; stop what uses it (another demo?) and try again") from error


@contextlib.contextmanager
def running(command: list[str], **options: Any) -> "Iterator[subprocess.Popen[str]]":
    """A process of ours, stopped at the end."""
    process = subprocess.Popen(command, text=True, cwd=ROOT, **options)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if process.stdout is not None:
            process.stdout.close()


def until_line(process: "subprocess.Popen[str]", wanted: str, seconds: float = 60) -> None:
    """Read a process's output up to a line; its own words are the error when it never comes."""
    assert process.stdout is not None
    seen, deadline = "", time.monotonic() + seconds
    while wanted not in seen:
        ready, _, _ = select.select([process.stdout], [], [], max(0.0, deadline - time.monotonic()))
        data = os.read(process.stdout.fileno(), 65536).decode() if ready else ""
        if not data:
            raise DemoError(f"the server did not start:\n{seen}")
        seen += data


def call(path: str, body: dict[str, Any], token: str | None = None) -> dict[str, Any]:
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    request = urllib.request.Request(URL + path, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        value: dict[str, Any] = json.load(answer)
    return value


def make_operator() -> tuple[str, str]:
    """The organisation and its first operator; returns `(password, access token)`."""
    command = [
        sys.executable,
        "-m",
        "api.admin",
        "init",
        "--company",
        COMPANY,
        "--login",
        LOGIN,
        "--name",
        "Alice",
        "--json",
    ]
    made = subprocess.run(command, env=environment(), cwd=ROOT, check=True, capture_output=True, text=True)
    once = json.loads(made.stdout)["password"]
    password = "-".join(secrets.choice(WORDS) for _ in range(4)) + f"-{secrets.randbelow(90) + 10}"
    body = {"username": f"{COMPANY}/{LOGIN}", "password": once, "new_password": password}
    return password, str(call("/v1/auth/password", body)["access_token"])


@contextlib.contextmanager
def display() -> Iterator[tuple[dict[str, str], list[str]]]:
    """The shared screen: `(environment, options for tasuki join)`. A virtual one with an xterm unless SCREEN=mine."""
    if os.environ.get("SCREEN") == "mine":
        yield {}, []
        return
    if shutil.which("Xvfb") is None:
        print("There is no X server here: a drawn desktop is shared instead.")
        yield {"DISPLAY": ""}, ["--screen", "drawn"]
        return
    read, write = os.pipe()
    server = ["Xvfb", "-displayfd", str(write), "-screen", "0", f"{SIZE}x24", "-nolisten", "tcp", "-noreset"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with running(server, pass_fds=(write,), **quiet):
        os.close(write)
        with os.fdopen(read) as pipe:
            name = ":" + pipe.readline().strip()
        paint(name)
        place = ["-geometry", "92x26+90+110", "-fa", "DejaVu Sans Mono", "-fs", "13"]
        terminal = ["xterm", "-u8", *place, "-bg", "#fbfaf6", "-fg", "#22303a", "-bw", "0", "-b", "14"]
        with running([*terminal, "-e", "sh", "-c", GREETING], env=os.environ | {"DISPLAY": name}, **quiet):
            yield {"DISPLAY": name, "WAYLAND_DISPLAY": ""}, []


def paint(display_name: str) -> None:
    """A calm colour for the empty desktop."""
    from Xlib import display as xlib  # noqa: PLC0415 - installed for the agent

    connection: Any = xlib.Display(display_name)
    root = connection.screen().root
    root.change_attributes(background_pixel=0x2F5D62)
    root.clear_area()
    connection.sync()
    connection.close()


GREETING = r"""clear
printf 'This is the screen of the customer.\nOperator: click here and type.\n\n'
export PS1='$ '; exec sh
"""


@contextlib.contextmanager
def server() -> Iterator[None]:
    shutil.rmtree(DATA, ignore_errors=True)
    DATA.mkdir()
    with (DATA / "server.log").open("w") as log:
        command = [*TASUKI, "serve"]
        with running(command, env=environment(), stdout=subprocess.PIPE, stderr=log) as process:
            until_line(process, "Tasuki is ready")
            yield


def create_session(token: str) -> dict[str, Any]:
    return call("/v1/sessions", {"mode": "control", "customer": {"name": "Carol"}}, token)


def join_command(session: dict[str, Any], options: list[str]) -> list[str]:
    return [*TASUKI, "join", session["code"], "--server", URL, *options]


def play() -> int:
    """The reader is the operator in a browser and the customer in this terminal."""
    with server(), display() as (screen, options):
        password, token = make_operator()
        session = create_session(token)
        code = session["code"]
        print(f"\n  Operator, in a browser   {session['console_url']}")
        print(f"    company   {COMPANY}\n    login     {LOGIN}\n    password  {password}")
        print(f"  Session code             {code[:4]} {code[4:]}")
        print(f"  API documentation        {URL}/docs")
        print("\nThis terminal is now the customer. Sign in there, read the six digits, type them here.\n", flush=True)
        with running(join_command(session, options), env=environment(TASUKI_UI="terminal", **screen)) as customer:
            return customer.wait()


class Customer:
    """Somebody at a terminal: `tasuki join` on a pty."""

    def __init__(self, command: list[str], variables: dict[str, str]) -> None:
        self.seen = ""
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.chdir(ROOT)
            os.execve(command[0], command, variables)

    def until(self, wanted: str, seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while not re.search(wanted, self.seen):
            ready, _, _ = select.select([self.terminal], [], [], max(0.0, deadline - time.monotonic()))
            data = b""
            if ready:
                with contextlib.suppress(OSError):
                    data = os.read(self.terminal, 65536)
            if not data:
                raise DemoError(f"the customer never saw {wanted!r}; the terminal shows:\n{self.seen}")
            self.seen += data.decode(errors="replace")

    def drain(self) -> None:
        """Read what is there, without waiting."""
        while select.select([self.terminal], [], [], 0)[0]:
            try:
                data = os.read(self.terminal, 65536)
            except OSError:
                return
            if not data:
                return
            self.seen += data.decode(errors="replace")

    def type(self, text: str) -> None:
        os.write(self.terminal, text.encode())

    def close(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGTERM)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.pid, 0)
        os.close(self.terminal)


def check() -> int:
    """Play both people and look at the picture that came."""
    PICTURE.unlink(missing_ok=True)
    with server(), display() as (screen, options):
        password, token = make_operator()
        session = create_session(token)
        signed_in = subprocess.run(
            [*TASUKI, "login", "--server", URL, "--company", COMPANY, "--login", LOGIN, "--password-stdin"],
            env=environment(), cwd=ROOT, input=password + "\n", text=True, capture_output=True, check=False,
        )  # fmt: skip
        if signed_in.returncode:
            raise DemoError(f"the operator could not sign in: {signed_in.stderr}")
        customer = Customer(
            join_command(session, options), environment(TASUKI_UI="terminal", LC_ALL="C.UTF-8", **screen)
        )
        try:
            customer.until("Alice")
            operate(session["id"], customer)
            customer.until("ended it")
        finally:
            customer.close()
    width = int.from_bytes(PICTURE.read_bytes()[16:20], "big")
    print(f"demo: the operator saw the customer's screen, {width} pixels wide: {PICTURE.name}")
    return 0 if width >= 640 else 1


def operate(session: str, customer: Customer) -> None:
    """The operator's side: look on, read out the digits, take a picture, end."""
    command = [
        *TASUKI,
        "view",
        session,
        "--headless",
        "--screenshot",
        str(PICTURE),
        "--end",
        "--json",
        "--timeout",
        "60",
    ]
    with running(command, env=environment(), stdout=subprocess.PIPE) as viewer:
        assert viewer.stdout is not None
        for line in viewer.stdout:
            event = json.loads(line)
            print(f"demo: {event}", flush=True)
            if event["event"] == "digits":
                customer.until("Six digits, then Enter")
                customer.type(event["digits"] + "\n")
            elif event["event"] == "verified":
                customer.until("yes or no, then Enter")
                customer.type("yes\n")
        if viewer.wait() or not PICTURE.exists():
            raise DemoError("the operator saw nothing")


def main() -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        check_ports()
        return check() if os.environ.get("CHECK") == "1" else play()
    except DemoError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
