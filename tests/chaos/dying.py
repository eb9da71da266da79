"""A process of the api that kills itself (-9) at a chosen step of one act: before a statement, before or after a commit.

It is forked from a server that has everything imported (`multiprocessing`'s forkserver), so a death costs no start of Python.
"""

import asyncio
import os
import signal
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import timedelta
from multiprocessing import get_context
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import Any, NamedTuple

import httpx
from sqlalchemy import Engine, event
from sqlalchemy.orm import Session

from api.app import create_app, start
from api.audit.tree.sequencer import Sequencer
from api.webhooks import sender
from tests.integration.api.support import ShiftedClock, settings_for

PATIENCE_SECONDS = 60.0


@dataclass(frozen=True)
class Act:
    """A request, or what an api does by itself: SEND what is in the outbox, PLACE the lines of the audit."""

    method: str
    path: str = ""
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)
    address: str = "192.0.2.7"
    """Of the client."""
    hours: int = 0
    """So much later it is done."""


class Step(NamedTuple):
    """What is about to be done (the beginning of a statement, a commit), and the how manieth such it is, from 1."""

    what: str
    time: int


@dataclass
class Countdown:
    """The steps of an act so far; the process is dead before it takes step `at`."""

    at: Step | None
    steps: list[Step] = field(default_factory=list)

    def step(self, what: str) -> None:
        step = Step(what, 1 + sum(before.what == what for before in self.steps))
        self.steps.append(step)
        if step == self.at:
            os.kill(os.getpid(), signal.SIGKILL)


_now: ContextVar[Countdown | None] = ContextVar("countdown", default=None)


def _step(what: str) -> None:
    countdown = _now.get()
    if countdown is not None:
        countdown.step(what)


def die(folder: str, environment: dict[str, str], act: Act, at: Step | None, said: Pipe) -> None:
    """In the child: do it, and say which steps it took. With `at` it never comes to that."""
    os.environ.update(environment)
    event.listen(Engine, "before_cursor_execute", lambda *given: _step(" ".join(given[2].split()[:3])))
    event.listen(Engine, "commit", lambda _connection: _step("before commit"))
    event.listen(Session, "after_commit", lambda _session: _step("after commit"))
    said.send(asyncio.run(_do(Path(folder), act, Countdown(at))))


async def _do(folder: Path, act: Act, countdown: Countdown) -> list[Step]:
    clock = ShiftedClock()
    clock.advance(hours=act.hours)
    app = create_app(settings_for(folder, relay_heartbeat=timedelta(hours=3), **act.settings), clock)
    if act.method in {"SEND", "PLACE"}:  # without the tasks that an api has running by itself
        await start(app.state.context)
        _now.set(countdown)
        await (Sequencer(app.state.context).step() if act.method == "PLACE" else sender.send_due(app.state.context))
        countdown.step("answered")
        await app.state.context.database.close()
        return countdown.steps
    transport = httpx.ASGITransport(app, client=(act.address, 1))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://localhost:8080") as http,
    ):
        _now.set(countdown)  # from here on, and for nothing that began before
        answer = await http.request(act.method, act.path, json=act.body, headers=act.headers)
        assert answer.is_success, answer.text
        countdown.step("answered")
    return countdown.steps


def run(folder: Path, environment: dict[str, str], act: Act, at: Step | None = None) -> list[Step]:
    """Start a process that does it and dies at a step, or never comes to it and gives back the steps that it took."""
    context = get_context("forkserver")
    context.set_forkserver_preload(["tests.chaos.dying"])
    hear, say = context.Pipe(duplex=False)
    process = context.Process(target=die, args=(str(folder), environment, act, at, say))
    process.start()
    say.close()
    try:
        process.join(PATIENCE_SECONDS)
        steps: list[Step] = hear.recv() if process.exitcode == 0 else []
    finally:
        process.kill()
        hear.close()
    assert process.exitcode == 0 or (at and process.exitcode == -signal.SIGKILL), process.exitcode
    return steps
