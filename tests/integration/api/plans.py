"""What the database means to do for each statement that the api's everyday work runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from sqlalchemy import event

from api import upkeep
from tests.integration.api.support import Api

LARGE = ("session", "event", "participant", "audit_event", "session_code", "session_note", "session_guest")
"""Tables that grow with every session."""
Statement = tuple[str, Any]


@contextmanager
def watched(api: Api) -> Iterator[dict[str, Statement]]:
    """Every different statement that runs meanwhile, with the parameters of its first time."""
    found: dict[str, Statement] = {}

    def watch(_connection: object, _cursor: object, statement: str, parameters: Any, *_: object) -> None:
        if statement.lstrip().upper().startswith(("SELECT", "UPDATE", "DELETE", "WITH")):
            found.setdefault(statement, (statement, parameters))

    engine = api.app.state.context.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", watch)
    try:
        yield found
    finally:
        event.remove(engine, "before_cursor_execute", watch)


async def everyday(api: Api) -> None:
    """One of everything that happens often."""
    session = await api.active(customer={"name": "A", "email": "a@example.jp"}, reference={"system": "crm", "id": "1"})
    path = f"/v1/sessions/{session['id']}"
    await api.http.post("/v1/join/preview", json={"code": (await api.create())["code"]})
    await api.http.post("/v1/resume", headers={"Authorization": f"Bearer {session['viewer']['resume_ticket']}"})
    for person in (api.alice, api.bob):
        now = api.clock.now()
        for filters in (
            {}, {"state": "ended"}, {"mode": "view"}, {"operator_id": api.bob.id}, {"reference_id": "1"}, {"queue": True},
            {"customer_email": "a@example.jp"}, {"q": "printer"}, {"created_from": (now - timedelta(days=1)).isoformat()},
            {"created_to": now.isoformat(), "reference_system": "crm", "reference_id": "1"},
        ):  # fmt: skip
            page = await api.get("/v1/sessions", person, limit=1, **filters)
            if page["next_cursor"]:
                await api.get("/v1/sessions", person, limit=1, cursor=page["next_cursor"], **filters)
    for tail in ("", "/events", "/participants", "/guests", "/colleagues"):
        await api.get(path + tail)
    await api.get("/v1/audit-events", target=session["id"])
    queued = await api.create(queue=True)
    host = (await api.join(queued["code"])).json()
    await api.get("/v1/queue", api.bob)
    await api.http.get("/v1/join/queue", headers={"Authorization": f"Bearer {host['resume_ticket']}"})
    await api.post(f"/v1/sessions/{queued['id']}/pick-up", person=api.bob, status=200)
    await api.post(f"{path}/guests", {"operator_id": api.bob.id})
    await api.post(f"{path}/ticket", person=api.bob)
    await api.http.delete(f"{path}/guests/{api.bob.id}", headers=api.alice.headers)
    await api.post(f"{path}/transfer", {"operator_id": api.bob.id}, status=200)
    await api.http.patch(path, json={"note": "x"}, headers=api.alice.headers)
    await api.post(f"{path}/end", status=200)
    limits = {"max_session_seconds": 3600}
    await api.http.patch(f"/v1/operators/{api.bob.id}", json=limits, headers=api.alice.headers)
    await api.http.patch("/v1/organization", json=limits, headers=api.alice.headers)
    await api.register_relays()
    started = api.clock.now() - timedelta(hours=1)
    await upkeep.tick(api.app.state.context, started)
    await upkeep.purge(api.app.state.context)
    for left in (await api.get("/v1/sessions", state=["waiting", "claimed", "active"]))["items"]:
        await api.post(f"/v1/sessions/{left['id']}/end", status=200)


async def history(api: Api) -> None:
    """Every report, by every filter, a second page and as CSV."""
    session = (await api.get("/v1/sessions"))["items"][0]
    now = api.clock.now()
    of_sessions: list[dict[str, Any]] = [
        {}, {"from": (now - timedelta(days=1)).isoformat(), "to": now.isoformat()}, {"operator_id": api.alice.id},
        {"state": "ended"}, {"mode": "view"}, {"reference_system": "crm", "reference_id": "1"}, {"ended_by": "customer"},
        {"customer_email": "a@example.jp"}, {"device_id": "dev_none"}, {"reason": "solved"},
    ]  # fmt: skip
    for person in (api.alice, api.bob):
        for filters in of_sessions:
            for report in ("sessions", "events"):
                page = await api.get(f"/v1/reports/{report}", person, limit=1, **filters)
                if page["next_cursor"]:
                    await api.get(f"/v1/reports/{report}", person, limit=1, cursor=page["next_cursor"], **filters)
                path = f"/v1/reports/{report}"
                csv = await api.http.get(path, params={"format": "csv", **filters}, headers=person.headers)
                assert csv.status_code == 200
            await api.get("/v1/reports/usage", person, by=["day", "operator", "mode"], **filters)
        for other in ({}, {"outcome": "failed"}, {"operator_id": api.bob.id}, {"address": "192.0.2.7"}):
            await api.get("/v1/reports/sign-ins", person, limit=1, **other)
        await api.get("/v1/reports/events", person, session_id=session["id"])
        await api.get("/v1/reports/events", person, event="session.ended")


async def scans(api: Api, statements: dict[str, Statement]) -> list[str]:
    """Statements for which a large table would be read from one end to the other, with what the database says."""
    database, found = api.app.state.context.database, []
    async with database.engine.connect() as connection:
        if not database.is_sqlite:
            await connection.exec_driver_sql(
                "SET enable_seqscan = off"
            )  # then one is left only where nothing else can do
        for statement, parameters in statements.values():
            explain = "EXPLAIN QUERY PLAN " if database.is_sqlite else "EXPLAIN "
            rows = (await connection.exec_driver_sql(explain + statement, parameters)).all()
            lines = [str(row[-1] if database.is_sqlite else row[0]).strip() for row in rows]
            found += [f"{line}\n    {' '.join(statement.split())}" for line in lines if _is_scan(line)]
    return found


def _is_scan(line: str) -> bool:
    words = line.replace("->", " ").split()
    if words[:1] == ["SCAN"]:
        return words[1] in LARGE
    return words[:3] == ["Seq", "Scan", "on"] and words[3] in LARGE
