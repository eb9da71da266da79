"""Other operators in a session: handing it over, guests, and who was there before being out for good."""

from typing import Any

import pytest

from tests.integration.api.support import Api, Person, problem, wait_until
from tests.integration.api.test_queue import introduced
from wire import tokens

pytestmark = pytest.mark.both_databases


async def kicks(api: Api) -> list[tuple[str, int]]:
    commands = (await api.relay("GET", "commands"))["commands"]
    return [(one["session_id"], one["sender"]) for one in commands if one["type"] == "kick"]


async def limit(api: Api, person: Person, **members: Any) -> None:
    answer = await api.http.patch(f"/v1/operators/{person.id}", json=members, headers=api.alice.headers)
    assert answer.status_code == 200, answer.text


async def test_a_session_is_handed_over(api: Api) -> None:
    session = await api.active()
    path = f"/v1/sessions/{session['id']}"
    (bob,) = (await api.get(f"{path}/colleagues"))["items"]
    assert bob == {"operator_id": api.bob.id, "name": "Bob", "may_take_over": True}
    moved = await api.post(
        f"{path}/transfer", {"operator_id": api.bob.id, "note": "Needs a printer expert."}, status=200
    )
    assert (moved["operator"]["name"], moved["state"], moved["notes"][0]["text"]) == (
        "Bob", "active", "Needs a printer expert.",
    )  # fmt: skip
    assert await kicks(api) == [(session["id"], 2)]
    old = await api.http.post(f"{path}/ticket", headers=api.alice.headers)
    problem(old, 403, "forbidden")
    resume = {"Authorization": f"Bearer {session['viewer']['resume_ticket']}"}
    problem(await api.http.post("/v1/resume", headers=resume), 401, "token-refused")

    ticket = await api.post(f"{path}/ticket", person=api.bob)
    assert (ticket["participant"]["sender"], ticket["statement"]) == (3, session["joined"]["statement"])
    who = await introduced(api, session["id"], ticket)
    assert (who.operator, who.purpose, who.features) == ("Bob", "transfer", frozenset(session["features"]))
    shown = (await api.get(path))["participants"]
    assert [(row["sender"], row["removed_at"] is not None) for row in shown] == [(1, False), (2, True), (3, False)]
    kinds = [event["type"] for event in (await api.get(f"{path}/events"))["items"]]
    assert kinds[-2:] == ["session.noted", "session.transferred"]
    (event,) = (await api.get("/v1/audit-events", action="session.transferred"))["items"]
    assert event["data"] == {"operator_id": api.bob.id, "before": api.alice.id}


async def test_handed_back_an_operator_comes_as_somebody_new(api: Api) -> None:
    session = await api.active()
    path = f"/v1/sessions/{session['id']}"
    await api.post(f"{path}/transfer", {"operator_id": api.bob.id}, status=200)
    await api.post(f"{path}/ticket", person=api.bob)
    await api.post(f"{path}/transfer", {"operator_id": api.alice.id}, api.bob, status=200)
    ticket = await api.post(f"{path}/ticket")
    assert ticket["participant"]["sender"] == 4, "the relays refuse 2 and 3 by now"
    assert (await introduced(api, session["id"], ticket)).operator == "Alice"
    assert await kicks(api) == [(session["id"], 2), (session["id"], 3)]


async def test_handed_over_before_the_customer_comes_nobody_notices(api: Api) -> None:
    session = await api.create()
    await api.post(f"/v1/sessions/{session['id']}/ticket")
    moved = await api.post(f"/v1/sessions/{session['id']}/transfer", {"operator_id": api.bob.id}, status=200)
    assert moved["code"] == session["code"]
    host = (await api.join(session["code"])).json()
    assert tokens.unverified_claims(host["statement"])["operator"]["name"] == "Bob"


async def test_who_may_hand_over_and_to_whom(api: Api) -> None:
    session, bobs = await api.active(), await api.create(api.bob)
    path = f"/v1/sessions/{session['id']}/transfer"
    problem(await api.http.post(path, json={"operator_id": api.bob.id}, headers=api.bob.headers), 404, "not-found")
    for other in (api.gina.id, "opr_unknown"):
        problem(await api.http.post(path, json={"operator_id": other}, headers=api.alice.headers), 422, "invalid")
    problem(await api.http.post(path, json={"operator_id": api.alice.id}, headers=api.alice.headers), 409, "conflict")
    moved = await api.post(f"/v1/sessions/{bobs['id']}/transfer", {"operator_id": api.alice.id}, status=200)
    assert moved["operator"]["id"] == api.alice.id, "an administrator takes it over"
    await limit(api, api.bob, modes=["view"])
    refused = await api.http.post(path, json={"operator_id": api.bob.id}, headers=api.alice.headers)
    problem(refused, 403, "mode-not-allowed")
    await limit(api, api.bob, suspended=True)
    problem(await api.http.post(path, json={"operator_id": api.bob.id}, headers=api.alice.headers), 409, "conflict")


async def test_a_session_that_shows_its_operators_screen_stays_with_them(api: Api) -> None:
    session = await api.create(mode="share")
    host = (await api.join(session["code"])).json()
    assert (host["participant"]["role"], host["participant"]["sender"]) == ("viewer", 2)
    ticket = await api.post(f"/v1/sessions/{session['id']}/ticket")
    assert (ticket["participant"]["role"], ticket["participant"]["sender"]) == ("host", 1)
    to_bob = {"operator_id": api.bob.id}
    refused = await api.http.post(f"/v1/sessions/{session['id']}/transfer", json=to_bob, headers=api.alice.headers)
    problem(refused, 409, "conflict")


async def test_a_guest_has_what_everybody_concerned_may(api: Api) -> None:
    await limit(api, api.bob, modes=["view"])
    session = await api.active(features=["chat", "screenshot", "file_to_customer"])
    path = f"/v1/sessions/{session['id']}"
    problem(await api.http.post(f"{path}/ticket", headers=api.bob.headers), 404, "not-found")
    guest = await api.post(f"{path}/guests", {"operator_id": api.bob.id})
    assert (guest["mode"], guest["features"], guest["name"]) == ("view", ["chat", "screenshot"], "Bob")
    ticket = await api.post(f"{path}/ticket", person=api.bob)
    claims = tokens.unverified_claims(ticket["ticket"])
    assert (claims["mode"], claims["features"], claims["snd"]) == ("view", ["chat", "screenshot"], 3)
    who = await introduced(api, session["id"], ticket)
    assert (who.purpose, who.mode, who.features) == ("guest", "view", frozenset({"chat", "screenshot"}))
    shown = (await api.get(path, api.bob))["participants"][2]
    assert (shown["guest"], shown["mode"], shown["operator_id"]) == (True, "view", api.bob.id)
    assert [item["id"] for item in (await api.get("/v1/sessions", api.bob))["items"]] == [session["id"]]
    for action, body in (("transfer", {"operator_id": api.bob.id}), ("guests", {"operator_id": api.bob.id})):
        problem(await api.http.post(f"{path}/{action}", json=body, headers=api.bob.headers), 403, "forbidden")
    assert (await api.get(path))["state"] == "active"


async def test_a_guest_is_sent_out_and_stays_out(api: Api) -> None:
    session = await api.active()
    path = f"/v1/sessions/{session['id']}"
    less = {"operator_id": api.bob.id, "mode": "view", "features": []}
    assert (await api.post(f"{path}/guests", less))["mode"] == "view"
    ticket = await api.post(f"{path}/ticket", person=api.bob)
    gone = await api.http.delete(f"{path}/guests/{api.bob.id}", headers=api.alice.headers)
    assert gone.status_code == 204
    assert await kicks(api) == [(session["id"], 3)]
    resume = {"Authorization": f"Bearer {ticket['resume_ticket']}"}
    problem(await api.http.post("/v1/resume", headers=resume), 401, "token-refused")
    problem(await api.http.post(f"{path}/ticket", headers=api.bob.headers), 404, "not-found")
    assert (await api.get("/v1/sessions", api.bob))["items"] == []
    problem(await api.http.delete(f"{path}/guests/{api.bob.id}", headers=api.alice.headers), 404, "not-found")
    (row,) = (await api.get(f"{path}/guests"))["items"]
    assert row["removed_at"] is not None
    await api.post(f"{path}/guests", {"operator_id": api.bob.id})
    assert (await api.post(f"{path}/ticket", person=api.bob))["participant"]["sender"] == 4
    own = await api.http.delete(f"{path}/guests/{api.bob.id}", headers=api.bob.headers)
    assert own.status_code == 204, "a guest goes by themselves"


async def test_an_administrator_joins_as_a_guest_under_their_own_name(api: Api) -> None:
    session = await api.create(api.bob)
    host = (await api.join(session["code"])).json()
    path = f"/v1/sessions/{session['id']}"
    problem(await api.http.post(f"{path}/ticket", headers=api.alice.headers), 403, "forbidden")
    await api.post(f"{path}/guests", {"operator_id": api.alice.id})
    who = await introduced(api, session["id"], await api.post(f"{path}/ticket"))
    assert (who.operator, who.purpose) == ("Alice", "guest")
    assert tokens.unverified_claims(host["statement"])["operator"]["name"] == "Bob"


async def test_a_guest_never_has_a_mode_the_session_has_not(api: Api) -> None:
    session = await api.create(mode="view")
    path = f"/v1/sessions/{session['id']}/guests"
    more = {"operator_id": api.bob.id, "mode": "control"}
    problem(await api.http.post(path, json=more, headers=api.alice.headers), 422, "invalid")
    everything = await api.post(path, {"operator_id": api.bob.id, "features": ["chat", "print"]})
    assert everything["features"] == ["chat"]
    await limit(api, api.bob, modes=["share"])
    problem(
        await api.http.post(path, json={"operator_id": api.bob.id}, headers=api.alice.headers), 403, "mode-not-allowed"
    )


async def test_who_is_suspended_is_no_guest_any_more(api: Api) -> None:
    session = await api.active()
    path = f"/v1/sessions/{session['id']}"
    await api.post(f"{path}/guests", {"operator_id": api.bob.id})
    await api.post(f"{path}/ticket", person=api.bob)
    await limit(api, api.bob, suspended=True)
    assert await kicks(api) == [(session["id"], 3)]
    assert (await api.get(path))["state"] == "active", "the session goes on without them"


async def test_a_relay_that_was_away_hears_who_was_sent_out(api: Api) -> None:
    session = await api.active()
    await api.post(f"/v1/sessions/{session['id']}/transfer", {"operator_id": api.bob.id}, status=200)
    body = {"public_url": "ws://relay-one.test:8443", "version": "1"}
    (stone,) = (await api.relay("POST", "register", body))["tombstones"]
    assert (stone["session_id"], stone["sender"]) == (session["id"], 2)
    await api.report(session["id"], {"type": "left", "sender": 2}, {"type": "joined", "sender": 2})
    assert not (await api.get(f"/v1/sessions/{session['id']}"))["participants"][1]["connected"]


async def test_a_pause_of_the_host_is_a_state(api: Api) -> None:
    session = await api.active()
    path = f"/v1/sessions/{session['id']}"

    async def state() -> str:
        return str((await api.get(path))["state"])

    for facts, expected in (
        ([("resumed", 1)], "active"), ([("paused", 2)], "active"), ([("paused", 1), ("paused", 1)], "paused"),
        ([("left", 1), ("left", 2)], "interrupted"), ([("paused", 1)], "interrupted"),
        ([("joined", 1)], "active"), ([("paused", 1), ("resumed", 1)], "active"),
    ):  # fmt: skip
        await api.report(session["id"], *({"type": kind, "sender": sender} for kind, sender in facts))
        assert await state() == expected, facts
    kinds = [event["type"] for event in (await api.get(f"{path}/events"))["items"]]
    assert kinds.count("session.paused") == 2

    async def over() -> bool:
        return await state() == "ended"

    await api.post(f"{path}/end", status=200)
    await wait_until(over)
