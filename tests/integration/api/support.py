"""What the tests of the api share: an installation made once, a clock that can be moved, and a client with manners."""

import asyncio
import contextlib
import json
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import psycopg
from fastapi import FastAPI

from api.app import create_app
from api.models import metadata
from api.settings import Settings

PASSWORD = "correct horse battery staple"
RELAY_URLS = ("ws://relay-one.test:8443", "ws://relay-two.test:8443")


class ShiftedClock:
    """The machine's clock, plus what the test has added."""

    def __init__(self) -> None:
        self.shift = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.shift

    def advance(self, **amount: float) -> None:
        self.shift += timedelta(**amount)


@dataclass(frozen=True)
class Person:
    """Somebody who is signed in."""

    id: str
    username: str
    access_token: str
    refresh_token: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.access_token}"}


@dataclass(frozen=True)
class Installation:
    """A data directory with two organisations and two relays in it."""

    folder: Path
    alice: Person
    """Administrator of acme."""
    bob: Person
    """Operator of acme."""
    gina: Person
    """Administrator of globex."""
    relay_tokens: tuple[str, str]


class Api:
    """One running app, reached through httpx."""

    def __init__(
        self, app: FastAPI, client: httpx.AsyncClient, installation: Installation, clock: ShiftedClock
    ) -> None:
        self.app, self.http, self.clock = app, client, clock
        self.alice, self.bob, self.gina = installation.alice, installation.bob, installation.gina
        self.relay_tokens = installation.relay_tokens
        self.folder = installation.folder

    async def create(self, person: Person | None = None, **body: Any) -> dict[str, Any]:
        """A new session."""
        response = await self.http.post(
            "/v1/sessions", json={"mode": "control", **body}, headers=(person or self.alice).headers
        )
        assert response.status_code == 201, response.text
        return dict(response.json())

    async def get(self, path: str, person: Person | None = None, **params: Any) -> dict[str, Any]:
        response = await self.http.get(path, params=params, headers=(person or self.alice).headers)
        assert response.status_code == 200, response.text
        return dict(response.json())

    async def post(
        self, path: str, body: Any = None, person: Person | None = None, status: int = 201
    ) -> dict[str, Any]:
        response = await self.http.post(path, json=body, headers=(person or self.alice).headers)
        assert response.status_code == status, response.text
        return dict(response.json())

    async def join(self, code: str) -> httpx.Response:
        return await self.http.post("/v1/join", json={"code": code})

    async def relay(self, method: str, path: str, body: Any = None, which: int = 0, **params: Any) -> dict[str, Any]:
        """A call by a relay."""
        headers = {"Authorization": f"Bearer {self.relay_tokens[which]}"}
        response = await self.http.request(method, f"/v1/relays/{path}", json=body, params=params, headers=headers)
        assert response.status_code == 200, response.text
        return dict(response.json())

    async def register_relays(self, count: int = 2) -> list[str]:
        """Make relays known and healthy; their ids."""
        return [
            (await self.relay("POST", "register", {"public_url": RELAY_URLS[which], "version": "1"}, which))["relay_id"]
            for which in range(count)
        ]

    async def later(self, **amount: float) -> None:
        """Time passes; the relays have gone on with their heartbeats."""
        self.clock.advance(**amount)
        for which in range(len(self.relay_tokens)):
            await self.relay("POST", "heartbeat", {"sessions": 0, "participants": 0}, which)

    async def report(self, session: str, *facts: dict[str, Any], which: int = 0) -> int:
        """Reports of a relay about a session; how many were accepted."""
        time = self.clock.now().isoformat()
        rows = [{"id": f"rpt-{session}-{self._next()}", "session_id": session, "time": time, **fact} for fact in facts]
        return int((await self.relay("POST", "reports", {"reports": rows}, which))["accepted"])

    async def active(self, **body: Any) -> dict[str, Any]:
        """A session whose customer has accepted; both sides connected to the first relay."""
        session = await self.create(**body)
        joined = (await self.join(session["code"])).json()
        ticket = await self.post(f"/v1/sessions/{session['id']}/ticket")
        await self.report(
            session["id"],
            {"type": "joined", "sender": 1},
            {"type": "joined", "sender": 2},
            {"type": "admitted", "sender": 2},
        )
        return {**session, "joined": joined, "viewer": ticket}

    _count = 0

    def _next(self) -> int:
        Api._count += 1
        return Api._count


def settings_for(folder: Path, **changes: Any) -> Settings:
    """Settings of a test: everything in one folder, and access tokens that outlive a moved clock."""
    return Settings(
        **{
            "data_dir": folder,
            "api_listen": "127.0.0.1:0",
            "access_token_life": timedelta(days=7),
            "step_up_after": timedelta(days=7),
            **changes,
        }
    )


@asynccontextmanager
async def running(installation: Installation, clock: ShiftedClock | None = None, **changes: Any) -> AsyncIterator[Api]:
    """An app over an installation, started and stopped."""
    clock = clock or ShiftedClock()
    app = create_app(settings_for(installation.folder, **changes), clock)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=("192.0.2.7", 1))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://localhost:8080") as client,
    ):
        yield Api(app, client, installation, clock)


def copied(installation: Installation, folder: Path) -> Installation:
    """The same installation in a folder of its own."""
    shutil.copytree(installation.folder, folder)
    return Installation(folder, installation.alice, installation.bob, installation.gina, installation.relay_tokens)


def stored_in(folder: Path) -> bytes:
    """All that the database of an installation holds: the files of SQLite, or every cell of PostgreSQL's tables."""
    address = os.environ.get("TASUKI_DATABASE_URL")
    if not address:
        return b"".join(file.read_bytes() for file in folder.glob("tasuki.db*"))
    with psycopg.connect(address) as connection:
        rows = [row for table in metadata.tables for row in connection.execute(f'SELECT * FROM "{table}"'.encode())]
    return b" ".join(cell if isinstance(cell, bytes) else str(cell).encode() for row in rows for cell in row)


async def wait_until(condition: Any, seconds: float = 5.0) -> Any:
    """Ask an async condition until it is true, or fail."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while True:
                found = await condition()
                if found:
                    return found
                await asyncio.sleep(0.02)
    raise AssertionError("it did not happen in time")


def problem(response: httpx.Response, status: int, slug: str) -> dict[str, Any]:
    """The problem document of an answer, checked to be one."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body = json.loads(response.text)
    assert body["type"] == f"/problems/{slug}"
    assert body["slug"] == slug
    assert body["status"] == status
    assert body["title"]
    assert body["detail"]
    assert body["instance"] == response.headers["x-request-id"]
    return dict(body)
