"""From where and with what participants were there: kept sealed, and nothing of the customer's where the policy says so."""

from typing import Any

from api.sessions import clients
from api.sessions import repository as sessions
from tests.integration.api.support import Api, stored_in

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0"


async def kept(api: Api, session_id: str) -> dict[str, clients.Client]:
    context = api.app.state.context
    async with context.database.read() as db:
        session = await sessions.unlocked(db, session_id)
        rows = await sessions.participants(db, session_id)
    assert session is not None
    sealer = context.keyring.organization(session.organization_id)
    return {row.side: clients.opened(sealer, row.id, row.client_sealed) for row in rows}


async def went_in(api: Api, session: dict[str, Any]) -> dict[str, Any]:
    """The customer from an agent, the operator from a browser."""
    joined = await api.http.post("/v1/join", json={"code": session["code"]}, headers={"User-Agent": "tasuki (Linux)"})
    headers = {**api.alice.headers, "User-Agent": BROWSER}
    assert (await api.http.post(f"/v1/sessions/{session['id']}/ticket", headers=headers)).status_code == 201
    return dict(joined.json())


async def test_both_sides_are_kept_and_what_is_new_is_added(api: Api) -> None:
    session = await api.create()
    joined = await went_in(api, session)
    found = await kept(api, session["id"])
    assert found["customer"] == clients.Client(["192.0.2.7"], ["tasuki (Linux)"])
    assert found["operator"] == clients.Client(["192.0.2.7"], [BROWSER])
    again = {"Authorization": f"Bearer {joined['resume_ticket']}", "User-Agent": "tasuki (Linux) 2"}
    assert (await api.http.post("/v1/resume", headers=again)).status_code == 200
    found = await kept(api, session["id"])
    assert found["customer"] == clients.Client(["192.0.2.7"], ["tasuki (Linux)", "tasuki (Linux) 2"])
    everything = stored_in(api.folder)
    assert session["id"].encode() in everything
    assert b"Firefox/140" not in everything
    assert b"tasuki (Linux)" not in everything


async def test_an_endless_wanderer_fills_no_row(api: Api) -> None:
    session = await api.create()
    ticket = (await went_in(api, session))["resume_ticket"]
    for number in range(clients.KEPT + 2):
        headers = {"Authorization": f"Bearer {ticket}", "User-Agent": f"program {number}"}
        answer = await api.http.post("/v1/resume", headers=headers)
        ticket = answer.json()["resume_ticket"]
    assert len((await kept(api, session["id"]))["customer"].user_agents) == clients.KEPT


async def test_nothing_of_the_customers_machine_where_identifiers_are_not_stored(api: Api) -> None:
    policy = await api.post("/v1/policies", {"name": "Private", "members": {"store_device_identifiers": False}})
    patched = await api.http.patch("/v1/organization", json={"policy_id": policy["id"]}, headers=api.alice.headers)
    assert patched.status_code == 200
    session = await api.create()
    await went_in(api, session)
    found = await kept(api, session["id"])
    assert found["customer"] == clients.NOTHING
    assert found["operator"] == clients.Client(["192.0.2.7"], [])
