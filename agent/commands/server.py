"""`tasuki serve` and `tasuki admin`: start the server's processes; none of their code is imported here."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import IO, Annotated

import typer

from agent.commands.output import CommandError, say

serve_app = typer.Typer(help="Run the server: api and one relay, or one of them.", invoke_without_command=True)
READY_SECONDS = 30.0


def _module(name: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", name, *arguments]


def _start(name: str, environment: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(_module(name), env=environment, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own


def _ready_line(process: "subprocess.Popen[str]", what: str) -> str:
    """The first line a process prints is that it is ready; when it ends instead, it has said why."""
    line = process.stdout.readline() if process.stdout is not None else ""
    if not line:
        raise CommandError(f"the {what} did not start", process.wait() or 1)
    return line.strip()


def _forward(stream: IO[str] | None) -> None:
    import threading  # noqa: PLC0415

    if stream is not None:
        threading.Thread(target=lambda: [sys.stdout.write(line) for line in stream], daemon=True).start()


def _settings() -> dict[str, str]:
    """The environment, with what the file of TASUKI_SETTINGS_FILE says and the environment does not."""
    name = os.environ.get("TASUKI_SETTINGS_FILE")
    if name is None:
        return dict(os.environ)
    from dotenv import dotenv_values  # noqa: PLC0415 - comes with the server's parts

    if not Path(name).is_file():
        raise CommandError(f"the settings file {name} (TASUKI_SETTINGS_FILE) is not there")
    return {key: value for key, value in dotenv_values(name).items() if value is not None} | dict(os.environ)


@serve_app.callback()
def serve(
    context: typer.Context,
    data_dir: Annotated[
        Path | None, typer.Option(envvar="TASUKI_DATA_DIR", help="Where database and keys live; ./data when left out.")
    ] = None,
) -> None:
    """Run api and one relay on this machine."""
    if context.invoked_subcommand is not None:
        return
    environment = _settings() | {"PYTHONUNBUFFERED": "1"}
    data = data_dir or Path(environment.get("TASUKI_DATA_DIR", "data"))
    environment["TASUKI_DATA_DIR"] = str(data)
    environment.setdefault("TASUKI_RELAY_TOKEN_FILE", str(data / "relay.token"))  # the api makes it when it is missing
    processes: list[subprocess.Popen[str]] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: _stop(processes))
    try:
        processes.append(_start("api.main", environment))
        say(_ready_line(processes[0], "api"))
        processes.append(_start("relay.main", environment))
        say(_ready_line(processes[1], "relay"))
        for process in processes:
            _forward(process.stdout)
        say(f"Tasuki is ready: {environment.get('TASUKI_PUBLIC_URL', 'http://localhost:8080')}")
        code = _wait(processes)
    finally:
        _stop(processes)
    raise typer.Exit(code)


def _stop(processes: "list[subprocess.Popen[str]]") -> None:
    for process in reversed(processes):
        if process.poll() is None:
            process.terminate()


def _wait(processes: "list[subprocess.Popen[str]]") -> int:
    """Until all have ended; one that ends takes the others along. The exit code of the first that failed."""
    pid, _ = os.wait()
    ended = next((process for process in processes if process.pid == pid), None)
    _stop(processes)
    codes = [process.wait() for process in processes if process is not ended]
    first = ended.wait() if ended is not None else 0
    return next((code for code in (first, *codes) if code > 0), 0)


@serve_app.command("api")
def serve_api(
    processes: Annotated[
        int, typer.Option(min=1, max=64, help="Several processes behind one port; they need PostgreSQL.")
    ] = 1,
) -> None:
    """Run the api alone."""
    more = ["--processes", str(processes)] if processes > 1 else []
    os.execv(sys.executable, _module("api.main", *more))  # noqa: S606 - our own


@serve_app.command("relay")
def serve_relay() -> None:
    """Run a relay alone."""
    os.execv(sys.executable, _module("relay.main"))  # noqa: S606 - our own


def admin(context: typer.Context) -> None:
    """Look after the server: organisations, relays, keys, backups, checks (see `tasuki admin --help`)."""
    os.execv(sys.executable, _module("api.admin", *context.args))  # noqa: S606 - our own
