"""Customers who wait for whoever is free: their place, who picks them up, who sends them away."""

import asyncio
from typing import Any

import pytest

from tests.integration.api.support import Api, problem
from wire import introduction, tokens

pytestmark = pytest.mark.both_databases


async def waiting(api: Api, name: str = "Hanako", **body: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """A session for whoever is free whose customer has come: as it was made, and the customer's answer."""
    session = await api.create(queue=True, customer={"name": name}, **body)
    joined = await api.join(session["code"])
    assert joined.status_code == 200, joined.text
    await api.report(session["id"], {"type": "joined", "sender": 1})
    return session, joined.json()


async def place(api: Api, host: dict[str, Any], **params: Any) -> dict[str, Any]:
    answer = await api.http.get(
        "/v1/join/queue", params=params, headers={"Authorization": f"Bearer {host['resume_ticket']}"}
    )
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def introduced(api: Api, session: str, ticket: dict[str, Any]) -> introduction.Introduction:
    """What the customer's agent reads of a viewer's introduction."""
    jwks = (await api.http.get("/.well-known/jwks.json")).json()
    return introduction.verify(
        ticket["introduction"],
        {key["kid"]: key for key in jwks["keys"]},
        issuer="http://localhost:8080",
        session=session,
        sender=ticket["participant"]["sender"],
        now=api.clock.now().timestamp(),
    )


async def test_a_customer_waits_and_is_picked_up(api: Api) -> None:
    session = await api.create(queue=True, reference={"system": "crm", "id": "4711"})
    assert (session["operator"], session["queued"], session["state"]) == (None, True, "waiting")
    preview = (await api.http.post("/v1/join/preview", json={"code": session["code"]})).json()
    assert (preview["session"]["operator"], preview["session"]["organisation"]) == (None, {"name": "acme"})
    assert (await api.get("/v1/queue"))["items"] == [], "nobody waits before somebody has come"

    host = (await api.join(session["code"])).json()
    assert (host["operator"], host["queue"]) == (None, {"position": 1, "waiting": 1})
    assert tokens.unverified_claims(host["statement"])["operator"] is None
    assert tokens.unverified_claims(host["statement"])["organisation"]["name"] == "acme"
    (item,) = (await api.get("/v1/queue", api.bob))["items"]
    assert (item["session_id"], item["position"], item["connected"], item["may_pick_up"]) == (
        session["id"],
        1,
        False,
        True,
    )
    assert item["reference"]["id"] == "4711"
    problem(await api.http.get(f"/v1/sessions/{session['id']}", headers=api.bob.headers), 404, "not-found")

    picked = await api.post(f"/v1/sessions/{session['id']}/pick-up", person=api.bob, status=200)
    assert (picked["operator"]["name"], picked["state"]) == ("Bob", "claimed")
    ticket = await api.post(f"/v1/sessions/{session['id']}/ticket", person=api.bob)
    assert (ticket["participant"]["sender"], ticket["statement"]) == (3, host["statement"])
    who = await introduced(api, session["id"], ticket)
    assert (who.operator, who.purpose, who.mode, who.verified) == ("Bob", "pick-up", "control", "password")
    assert (await place(api, host))["queue"] is None
    assert (await place(api, host))["operator"]["name"] == "Bob"
    assert (await api.get("/v1/queue"))["items"] == []
    again = await api.post(f"/v1/sessions/{session['id']}/pick-up", person=api.bob, status=200)
    assert again["operator"]["id"] == api.bob.id
    (event,) = (await api.get("/v1/audit-events", action="session.picked_up"))["items"]
    assert (event["actor"]["name"], event["target"]["id"]) == ("Bob", session["id"])


async def test_who_came_first_is_first_and_leaving_moves_the_others_up(api: Api) -> None:
    customers = [await waiting(api, name) for name in ("A", "B", "C")]
    assert [host["queue"] for _, host in customers] == [{"position": n, "waiting": n} for n in (1, 2, 3)]
    items = (await api.get("/v1/queue"))["items"]
    assert [(item["customer"]["name"], item["connected"]) for item in items] == [("A", True), ("B", True), ("C", True)]
    third = customers[2][1]
    moved = asyncio.create_task(place(api, third, position=3, wait=20))
    await asyncio.sleep(0)
    await api.report(customers[0][0]["id"], {"type": "ended", "by": "customer", "reason": "ended"})
    assert (await moved)["queue"] == {"position": 2, "waiting": 2}
    ended = await api.get(f"/v1/sessions/{customers[0][0]['id']}")
    assert (ended["state"], ended["ended_by"], ended["operator"]) == ("ended", "customer", None)


async def test_operators_hear_of_the_queue_as_it_changes(api: Api) -> None:
    before = await api.get("/v1/queue")
    hears = asyncio.create_task(api.get("/v1/queue", api.bob, seen=before["version"], wait=20))
    await asyncio.sleep(0)
    session, _ = await waiting(api)
    assert (await hears)["items"][0]["session_id"] == session["id"]
    assert (await api.get("/v1/queue", api.gina))["items"] == [], "another organisation's queue is its own"


async def test_of_two_who_pick_up_one_gets_it(api: Api) -> None:
    for _ in range(5):
        session, _ = await waiting(api)
        path = f"/v1/sessions/{session['id']}/pick-up"
        answers = await asyncio.gather(
            *(api.http.post(path, headers=person.headers) for person in (api.alice, api.bob) * 3)
        )
        won = {answer.json()["operator"]["id"] for answer in answers if answer.status_code == 200}
        assert len(won) == 1
        assert sorted(answer.status_code for answer in answers) == [200] * 3 + [409] * 3
        for answer in answers:
            if answer.status_code == 409:
                problem(answer, 409, "already-picked-up")


async def test_a_refused_customer_reads_why(api: Api) -> None:
    session, _ = await waiting(api)
    path = f"/v1/sessions/{session['id']}/refuse"
    ended = await api.post(path, {"reason": "closed"}, api.bob, status=200)
    assert (ended["state"], ended["ended_by"], ended["reason"]) == ("ended", "operator", "queue_closed")
    assert (await api.relay("GET", "commands"))["commands"][0]["reason"] == "queue_closed"
    problem(await api.http.post(path, json={"reason": "closed"}, headers=api.bob.headers), 409, "session-ended")
    other, _ = await waiting(api)
    words = "Please call 03-1234-5678."
    told = await api.post(f"/v1/sessions/{other['id']}/refuse", {"reason": "busy", "message": words}, status=200)
    assert told["reason"] == words
    taken, _ = await waiting(api)
    await api.post(f"/v1/sessions/{taken['id']}/pick-up", person=api.bob, status=200)
    late = await api.http.post(f"/v1/sessions/{taken['id']}/refuse", json={"reason": "busy"}, headers=api.alice.headers)
    problem(late, 409, "already-picked-up")


async def test_picked_up_before_the_customer_comes_the_statement_names_the_operator(api: Api) -> None:
    session = await api.create(queue=True)
    await api.post(f"/v1/sessions/{session['id']}/pick-up", person=api.bob, status=200)
    host = (await api.join(session["code"])).json()
    assert tokens.unverified_claims(host["statement"])["operator"]["name"] == "Bob"
    assert (host["queue"], host["operator"]["name"]) == (None, "Bob")
    ticket = await api.post(f"/v1/sessions/{session['id']}/ticket", person=api.bob)
    assert (ticket["participant"]["sender"], ticket["introduction"]) == (2, None)


async def test_who_may_not_use_the_mode_cannot_pick_up(api: Api) -> None:
    session, _ = await waiting(api)
    limited = await api.http.patch(f"/v1/operators/{api.bob.id}", json={"modes": ["view"]}, headers=api.alice.headers)
    assert limited.status_code == 200
    refused = await api.http.post(f"/v1/sessions/{session['id']}/pick-up", headers=api.bob.headers)
    problem(refused, 403, "mode-not-allowed")
    assert not (await api.get("/v1/queue", api.bob))["items"][0]["may_pick_up"]
    assert (await api.get("/v1/queue"))["items"][0]["may_pick_up"]


async def test_only_sessions_of_the_own_queue_are_picked_up(api: Api) -> None:
    session, host = await waiting(api)
    own = await api.create()
    for person, target in ((api.gina, session), (api.bob, own)):
        for action, body in (("pick-up", None), ("refuse", {"reason": "busy"})):
            url = f"/v1/sessions/{target['id']}/{action}"
            problem(await api.http.post(url, json=body, headers=person.headers), 404, "not-found")
    for token in ("nonsense", host["ticket"]):
        refused = await api.http.get("/v1/join/queue", headers={"Authorization": f"Bearer {token}"})
        problem(refused, 401, "token-refused")
    problem(await api.http.get("/v1/join/queue"), 401, "unauthenticated")


async def test_a_queue_is_for_nobody_in_particular_and_not_for_the_operators_own_screen(api: Api) -> None:
    for body in ({"mode": "view", "operator_id": api.alice.id}, {"mode": "share"}):
        answer = await api.http.post("/v1/sessions", json={**body, "queue": True}, headers=api.alice.headers)
        problem(answer, 422, "invalid")


async def test_who_stays_away_is_lost_from_the_queue(api: Api) -> None:
    session, _ = await waiting(api)
    await api.report(session["id"], {"type": "left", "sender": 1})
    assert not (await api.get("/v1/queue"))["items"][0]["connected"]
