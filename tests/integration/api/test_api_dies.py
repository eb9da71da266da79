"""kill -9 of an api process in the middle of each kind of write: afterwards all of it is there or nothing (both databases).

`make test` dies at a few steps of each; with TASUKI_KILLS=all (`make chaos`) at every one.
"""

import asyncio
import itertools
import os
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import func, select

from api.audit.models import AuditEvent
from api.audit.tree.sequencer import Sequencer
from api.events.models import Event
from api.idempotency.models import RememberedAnswer
from api.sessions.models import Participant, Session, SessionCode
from api.webhooks.models import WebhookDelivery
from tests.chaos.dying import Act, Step, run
from tests.integration.api.crowd import join_from
from tests.integration.api.support import PASSWORD, Api, Installation, ShiftedClock, running, wait_until
from tests.integration.api.test_webhooks import receiving, subscribe
from wire.trail.verifier import verify

pytestmark = [pytest.mark.both_databases, pytest.mark.timeout(300)]

ALL = os.environ.get("TASUKI_KILLS") == "all"
PATIENT: dict[str, Any] = {"relay_heartbeat": timedelta(hours=1)}
"""The relays of these tests say nothing while a hundred processes die."""
ENDED = ["session.created", "session.ended"]


def to_die_at(steps: list[Step], commit: Step) -> list[Step]:
    """All; or the last write, and before and after the commit that counts."""
    if ALL:
        return steps
    number = steps.index(commit)
    writes = [step for step in steps[:number] if step.what.startswith(("INSERT", "UPDATE", "DELETE"))]
    return [writes[-1], commit, steps[number + 1]]


def environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.startswith("TASUKI_")}


async def counts(api: Api) -> dict[str, int]:
    """Rows of every table that a write of these touches."""
    tables: tuple[Any, ...] = (Session, SessionCode, Event, Participant, WebhookDelivery, AuditEvent, RememberedAnswer)
    async with api.app.state.context.database.read() as db:
        return {table.__tablename__: (await db.exec(select(func.count()).select_from(table))).one() for table in tables}


def whole(installation: Installation) -> None:
    """SQLite's own look at its files. PostgreSQL has recovered before it answers."""
    for name in ("tasuki.db", "keyring.db"):
        file = installation.folder / name
        if file.exists():
            with closing(sqlite3.connect(file)) as db:
                assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
                assert db.execute("PRAGMA foreign_key_check").fetchall() == []


async def die_everywhere(
    installation: Installation,
    decisive: str,
    prepare: Callable[[Api], Awaitable[Act]],
    check: Callable[[Api, Act, bool], Awaitable[None]],
) -> None:
    """Do the act once to learn its steps; then die at them, each time anew, and look with a process that starts after it.

    The commit that counts is the first after the `decisive` statement; `check` is told whether it was made.
    """
    async with running(installation, **PATIENT) as api:
        await api.register_relays()
        act = await prepare(api)
    steps = await asyncio.to_thread(run, installation.folder, environment(), act)
    assert steps[-1].what == "answered"
    written = max(number for number, step in enumerate(steps) if step.what.startswith(decisive))
    commit = next(step for step in steps[written:] if step.what == "before commit")
    for at in to_die_at(steps, commit):
        async with running(installation, **PATIENT) as api:
            act = await prepare(api)
        lived = await asyncio.to_thread(run, installation.folder, environment(), act, at)
        whole(installation)
        async with running(installation, **PATIENT) as api:
            await check(api, act, bool(lived) or steps.index(at) > steps.index(commit))


async def test_create_with_its_keys_and_its_remembered_answer(installation: Installation) -> None:
    """Sent again with its key it is there once, whether the answer was lost or nothing had happened."""
    number = 0

    async def prepare(api: Api) -> Act:
        nonlocal number
        number += 1
        body = {"mode": "view", "customer": {"name": "Hanako", "email": "h@example.jp"}}
        body |= {"reference": {"system": "crm", "id": str(number)}}
        return Act("POST", "/v1/sessions", body, {**api.alice.headers, "Idempotency-Key": f"k{number}"})

    async def check(api: Api, act: Act, committed: bool) -> None:
        before = await counts(api)
        found = (await api.get("/v1/sessions", reference_id=act.body["reference"]["id"]))["items"]
        assert len(found) == int(committed)
        again = await api.http.request(act.method, act.path, json=act.body, headers=act.headers)
        assert again.status_code == 201, again.text
        assert again.headers.get("Idempotent-Replayed") == ("true" if committed else None)
        after = await counts(api)
        made = 0 if committed else 1
        for table in ("session", "session_code", "event", "remembered_answer"):
            assert after[table] == before[table] + made, table
        shown = await api.get(f"/v1/sessions/{again.json()['id']}")
        assert shown["customer"]["name"] == "Hanako", "its key was durable before it"
        assert (await api.join(again.json()["code"])).status_code == 200

    await die_everywhere(installation, "UPDATE remembered_answer", prepare, check)


async def test_claim(installation: Installation) -> None:
    """Either the customer is in, or the code works still. Each comes from a place of their own: a try whose end nobody saw
    stays counted as a failure.
    """
    places = itertools.count()

    async def prepare(api: Api) -> Act:
        code = (await api.create(mode="view"))["code"]
        return Act("POST", "/v1/join", {"code": code}, address=f"10.1.{next(places)}.7")

    async def check(api: Api, act: Act, committed: bool) -> None:
        newest = (await api.get("/v1/sessions", limit=1))["items"][0]
        assert newest["state"] == ("claimed" if committed else "waiting")
        assert len(newest["participants"]) == int(committed)
        types = [item["type"] for item in (await api.get(f"/v1/sessions/{newest['id']}/events"))["items"]]
        assert types == ["session.created", "session.claimed"][: 1 + int(committed)]
        again = await join_from(api, act.body["code"], f"10.2.{next(places)}.7")
        assert again.status_code == (404 if committed else 200)

    await die_everywhere(installation, "UPDATE session_code", prepare, check)


async def test_end_with_its_place_in_the_outbox(installation: Installation) -> None:
    """Ended, told in the history and queued for the CRM: all or nothing."""
    async with receiving() as receiver, running(installation, webhook_allow_networks="127.0.0.0/8") as api:
        await api.register_relays()
        await subscribe(api, receiver)

    async def prepare(api: Api) -> Act:
        session = await api.create(mode="view")
        return Act("POST", f"/v1/sessions/{session['id']}/end", {"reason": "solved"}, api.alice.headers)

    async def check(api: Api, act: Act, committed: bool) -> None:
        session_id = act.path.split("/")[3]
        shown = await api.get(f"/v1/sessions/{session_id}")
        assert shown["state"] == ("ended" if committed else "waiting")
        types = [item["type"] for item in (await api.get(f"/v1/sessions/{session_id}/events"))["items"]]
        assert types == ENDED[: 1 + int(committed)]
        async with api.app.state.context.database.read() as db:
            queued = select(func.count()).select_from(WebhookDelivery).where(WebhookDelivery.session_id == session_id)
            assert (await db.exec(queued)).one() == int(committed)

    await die_everywhere(installation, "INSERT INTO webhook_delivery", prepare, check)


async def test_an_audited_change(installation: Installation) -> None:
    """The change and its line in the administrative log: both or neither."""
    number = 0

    async def prepare(api: Api) -> Act:
        nonlocal number
        number += 1
        settings = {"settings": {"lock": {"minutes": 15 + number}}}
        return Act("PATCH", "/v1/organization", settings, api.alice.headers)

    async def check(api: Api, act: Act, committed: bool) -> None:
        wanted = act.body["settings"]["lock"]["minutes"]
        now = (await api.get("/v1/organization"))["settings"]["lock"]["minutes"]
        assert (now == wanted) is committed
        lines = (await api.get("/v1/audit-events", action="organization.changed", limit=100))["items"]
        told = [line for line in lines if f"'minutes': {wanted}" in str(line["data"])]
        assert bool(told) is committed

    await die_everywhere(installation, "INSERT INTO audit_event", prepare, check)


async def test_places_in_the_audit(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a dead sequencer left, the next goes on: every line has its place, and no checkpoint was signed in vain."""

    async def wait(_context: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr("api.app.keep_audit", wait)
    act = Act("PLACE")
    witnesses: list[str] = []

    async def line() -> None:
        async with running(installation, **PATIENT) as api:
            change = {"settings": {"lock": {"minutes": 20 + len(witnesses)}}}
            answer = await api.http.patch("/v1/organization", json=change, headers=api.alice.headers)
            assert answer.status_code == 200, answer.text

    await line()
    steps = await asyncio.to_thread(run, installation.folder, environment(), act)
    placed = max(number for number, step in enumerate(steps) if step.what.startswith("INSERT INTO audit_entry"))
    commit = next(step for step in steps[placed:] if step.what == "before commit")
    for at in to_die_at(steps, commit):
        await line()
        await asyncio.to_thread(run, installation.folder, environment(), act, at)
        whole(installation)
        async with running(installation, **PATIENT) as api:
            await Sequencer(api.app.state.context).step()
            export = await api.http.get("/v1/audit-events/export", headers=api.alice.headers)
            witnesses.append((await api.get("/v1/audit-events/checkpoint"))["checkpoint"])
        verdict = verify(export.content.splitlines(keepends=True), witnesses=witnesses)
        assert not verdict.faults
        assert verdict.size == verdict.lines


async def test_refresh_rotation(installation: Installation) -> None:
    """Before the commit the old token is good; after it, it is used up, and whoever lost the new one signs in again."""

    async def prepare(api: Api) -> Act:
        form = {"username": "acme/bob", "password": PASSWORD}
        tokens = (await api.http.post("/v1/auth/token", data=form)).json()
        return Act("POST", "/v1/auth/refresh", {"refresh_token": tokens["refresh_token"]})

    async def check(api: Api, act: Act, committed: bool) -> None:
        again = await api.http.request(act.method, act.path, json=act.body)
        assert again.status_code == (401 if committed else 200), again.text

    await die_everywhere(installation, "INSERT INTO refresh_token", prepare, check)


async def test_delivery(installation: Installation) -> None:
    """Whatever a dead sender left is sent by the next, under the same id; at most what was taken just then comes twice."""
    later = ShiftedClock()
    open_: dict[str, Any] = {"webhook_allow_networks": "127.0.0.0/8"}
    act = Act("SEND", settings=open_, hours=2)
    later.advance(hours=2, minutes=10)
    async with receiving() as receiver:
        async with running(installation, **open_, **PATIENT) as api:
            await api.register_relays()
            await subscribe(api, receiver)

        async def queued() -> str:
            """The CRM is told in an hour, when the relay's last counts must have come."""
            async with running(installation, webhook_patience=timedelta(hours=1), **open_, **PATIENT) as api:
                await api.register_relays()
                session = await api.active()
                await api.post(f"/v1/sessions/{session['id']}/end", status=200)
                receiver.requests.clear()
                return str(session["id"])

        await queued()
        steps = await asyncio.to_thread(run, installation.folder, environment(), act)
        assert len(receiver.requests) == 1
        leased, noted = (step for step in steps if step.what == "before commit")
        for at in to_die_at(steps, leased) + ([] if ALL else to_die_at(steps, noted)):
            session_id = await queued()
            await asyncio.to_thread(run, installation.folder, environment(), act, at)
            whole(installation)
            assert len(receiver.requests) == int(steps.index(at) > steps.index(leased) + 1)
            async with running(installation, later, **open_, **PATIENT) as api:
                await delivered(api, session_id)
            assert 1 <= len(receiver.requests) <= 2
            assert len({headers["webhook-id"] for headers, _ in receiver.requests}) == 1


async def delivered(api: Api, session_id: str) -> None:
    async def done() -> bool:
        async with api.app.state.context.database.read() as db:
            row = (await db.exec(select(WebhookDelivery).where(WebhookDelivery.session_id == session_id))).one()
        return str(row.state) == "delivered"

    await wait_until(done, 20)
