"""What is asked of the database at every request, every sign-in and every look at the log goes by an index, never by a scan."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event

from tests.integration.api.account_races import from_address
from tests.integration.api.support import PASSWORD, Api

pytestmark = pytest.mark.both_databases

GROWING = (
    "operator",
    "audit_event",
    "known_device",
    "past_password",
    "operator_invitation",
    "refresh_token",
    "sign_in",
)
"""Tables that grow with people and time; what upkeep asks meanwhile of others is not looked at here."""


@contextmanager
def watched(api: Api) -> Iterator[list[tuple[str, Any]]]:
    """What is asked of the database meanwhile."""
    seen: list[tuple[str, Any]] = []
    engine = api.app.state.context.database.engine.sync_engine

    def note(_conn: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool) -> None:
        seen.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


async def plans(api: Api, asked: list[tuple[str, Any]]) -> list[tuple[str, str]]:
    """(statement, step of its plan) of everything that reads, changes or deletes."""
    found = []
    async with api.app.state.context.database.engine.connect() as connection:
        for statement, parameters in asked:
            if statement.startswith(("SELECT", "UPDATE", "DELETE")):
                rows = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
                found += [(statement, str(row[3])) for row in rows]
    return found


@pytest.mark.sqlite
async def test_no_scan(api: Api) -> None:
    with watched(api) as asked:
        signed_in = await from_address(api, "192.0.2.9", "acme/bob", PASSWORD)
        device = {"X-Tasuki-Device": signed_in.json()["device_secret"]}
        await from_address(api, "192.0.2.9", "acme/bob", "wrong", **device)
        await from_address(api, "192.0.2.9", "acme/nobody", "wrong")
        await api.http.post("/v1/auth/refresh", json={"refresh_token": signed_in.json()["refresh_token"]})
        await api.http.get("/enter/tel_unknown")
        await api.http.post("/v1/auth/invitation", json={"token": "toi_unknown", "password": "x"})
        await api.get("/v1/me")
        for filters in (
            {}, {"action": "sign_in.failed"}, {"actor_id": api.bob.id}, {"target_id": api.bob.id}, {"action": "sign_in"},
            {"address": "192.0.2.9"}, {"from": "2026-01-01T00:00:00Z", "to": "2036-01-01T00:00:00Z"},
        ):  # fmt: skip
            answer = await api.http.get("/v1/audit-events", params=filters, headers=api.alice.headers)
            assert answer.status_code == 200, answer.text
        await api.get("/v1/operators")
    steps = await plans(api, asked)
    assert any("ix_audit_event_organization_id_target_id_id" in step for _, step in steps)
    scans = [
        (statement, step) for statement, step in steps if step.startswith(tuple(f"SCAN {table}" for table in GROWING))
    ]
    assert scans == []


@pytest.mark.sqlite
async def test_a_page_of_the_log_is_read_in_order_and_not_sorted(api: Api) -> None:
    with watched(api) as asked:
        for filters in ({}, {"action": "sign_in.failed"}, {"actor_id": api.bob.id}, {"target_id": api.bob.id}):
            await api.http.get("/v1/audit-events", params=filters, headers=api.alice.headers)
    steps = [
        step
        for statement, step in await plans(api, asked)
        if "FROM audit_event" in statement and "id DESC" in statement
    ]
    assert len(steps) == 4, "what upkeep reads meanwhile is not counted"
    assert not any("TEMP B-TREE" in step for step in steps)
