"""A session from code to end, over REST alone."""

import hashlib
import json
from urllib.parse import urlsplit

import pytest

from tests.integration.api.support import RELAY_URLS, Api, problem
from wire import tokens


async def test_from_code_to_end(api: Api) -> None:
    session = await api.create(
        mode="control",
        customer={"name": "Hanako Yamada", "email": "hanako@example.jp"},
        reference={"system": "crm", "id": "4711"},
        metadata={"team": "blue"},
    )
    assert session["state"] == "waiting"
    assert len(session["code"]) == 8
    assert session["join_url"] == f"http://localhost:8080/join/{session['code']}"
    assert session["console_url"] == f"http://localhost:8080/console/sessions/{session['id']}"
    preview = (await api.http.post("/v1/join/preview", json={"code": session["code"]})).json()
    assert preview["session"]["operator"] == {"name": "Alice", "verified": "password"}
    assert preview["session"]["organisation"] == {"name": "acme"}

    joined = await api.join(session["code"])
    assert joined.status_code == 200
    host = joined.json()
    assert host["participant"] == {"id": host["participant"]["id"], "sender": 1, "role": "host", "side": "customer"}
    assert [relay["url"] for relay in host["relays"]] == list(RELAY_URLS)
    viewer = await api.post(f"/v1/sessions/{session['id']}/ticket")
    assert (viewer["participant"]["sender"], viewer["participant"]["role"]) == (2, "viewer")
    assert viewer["statement"] == host["statement"]

    await api.report(session["id"], {"type": "joined", "sender": 1}, {"type": "joined", "sender": 2})
    assert (await api.get(f"/v1/sessions/{session['id']}"))["state"] == "claimed"
    await api.report(session["id"], {"type": "admitted", "sender": 2})
    assert (await api.get(f"/v1/sessions/{session['id']}"))["state"] == "active"

    ended = await api.post(f"/v1/sessions/{session['id']}/end", {"reason": "solved", "note": "x"}, status=200)
    assert (ended["state"], ended["ended_by"], ended["reason"], ended["note"]) == ("ended", "operator", "solved", "x")
    commands = (await api.relay("GET", "commands"))["commands"]
    assert commands == [
        {"id": commands[0]["id"], "type": "end", "session_id": session["id"], "by": "operator", "reason": "solved"}
    ]
    kinds = [event["type"] for event in (await api.get(f"/v1/sessions/{session['id']}/events"))["items"]]
    assert kinds == [
        "session.created", "session.claimed", "participant.joined", "participant.joined",
        "participant.admitted", "session.active", "session.noted", "session.ended",
    ]  # fmt: skip


async def test_tickets_and_statement_verify_with_the_public_keys(api: Api) -> None:
    session = await api.create(mode="view", customer={"name": "株式会社 山田"}, max_session_seconds=900)
    host = (await api.join(session["code"])).json()
    viewer = await api.post(f"/v1/sessions/{session['id']}/ticket")
    jwks = (await api.http.get("/.well-known/jwks.json")).json()
    keys = {key["kid"]: key for key in jwks["keys"]}
    issuer, now = "http://localhost:8080", api.clock.now().timestamp()
    first = host["relays"][0]["id"]

    claims = tokens.verify(host["ticket"], keys, tokens.TICKET, issuer, first, now)
    assert (claims["sid"], claims["snd"], claims["side"], claims["role"]) == (session["id"], 1, "customer", "host")
    assert (claims["mode"], claims["features"], claims["recording"]) == ("view", ["chat"], "off")
    assert claims["limits"] == {"seconds": 900, "bytes_per_second": None}
    assert claims["first"] == claims["jti"]
    assert claims["exp"] - claims["iat"] == 60
    assert "origin" not in claims
    resume = tokens.verify(host["resume_ticket"], keys, tokens.RESUME, issuer, host["relays"][1]["id"], now)
    assert resume["aud"] == [relay["id"] for relay in host["relays"]]
    assert resume["exp"] - resume["iat"] == 900
    assert resume["first"] == claims["first"]

    again = await api.post(f"/v1/sessions/{session['id']}/ticket")
    one, two = (tokens.verify(given["ticket"], keys, tokens.TICKET, issuer, first, now) for given in (viewer, again))
    assert again["participant"] == viewer["participant"]
    assert (two["first"], two["snd"]) == (one["jti"], one["snd"])
    assert two["jti"] != one["jti"]

    statement = tokens.verify(host["statement"], keys, tokens.STATEMENT, issuer, "session", now)
    assert statement["customer"] == {"name": "株式会社 山田"}
    assert statement["organisation"]["name"] == "acme"
    assert statement["operator"] == {"id": api.alice.id, "name": "Alice", "verified": "password"}
    payload = tokens.payload_bytes(host["statement"])
    assert payload == json.dumps(statement, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    assert hashlib.sha256(payload).hexdigest() == host["statement_sha256"]


@pytest.mark.rule("R03")
async def test_a_ticket_from_a_web_page_names_its_origin(api: Api) -> None:
    session = await api.create()
    path = f"/v1/sessions/{session['id']}/ticket"
    given = await api.http.post(path, headers={**api.alice.headers, "Origin": "http://localhost:8080"})
    assert tokens.unverified_claims(given.json()["ticket"])["origin"] == "http://localhost:8080"
    for origin in ("https://evil.example", "null", "http://localhost:8081", "https://localhost:8080", ""):
        refused = await api.http.post(path, headers={**api.alice.headers, "Origin": origin})
        problem(refused, 403, "origin-not-allowed")


async def test_a_ticket_for_a_session_that_is_over(api: Api) -> None:
    session = await api.create()
    await api.post(f"/v1/sessions/{session['id']}/end", status=200)
    refused = await api.http.post(f"/v1/sessions/{session['id']}/ticket", headers=api.alice.headers)
    assert problem(refused, 409, "session-ended")["ended_by"] == "operator"


async def test_ending_twice_changes_nothing(api: Api) -> None:
    session = await api.create()
    first = await api.post(f"/v1/sessions/{session['id']}/end", {"reason": "one"}, status=200)
    second = await api.post(f"/v1/sessions/{session['id']}/end", {"reason": "two"}, status=200)
    assert second == first


async def test_an_administrator_ends_an_operators_session(api: Api) -> None:
    session = await api.create(api.bob)
    ended = await api.post(f"/v1/sessions/{session['id']}/end", person=api.alice, status=200)
    assert ended["ended_by"] == "administrator"


async def test_only_its_operator_gets_a_ticket(api: Api) -> None:
    session = await api.create(api.bob)
    refused = await api.http.post(f"/v1/sessions/{session['id']}/ticket", headers=api.alice.headers)
    problem(refused, 403, "forbidden")


async def test_the_code_is_shown_only_while_it_can_be_used(api: Api) -> None:
    session = await api.create()
    assert (await api.get(f"/v1/sessions/{session['id']}"))["code"] == session["code"]
    await api.join(session["code"])
    after = await api.get(f"/v1/sessions/{session['id']}")
    assert (after["code"], after["join_url"]) == (None, None)


async def test_other_organisations_and_operators_see_nothing(api: Api) -> None:
    session = await api.create(api.alice)
    for person in (api.gina, api.bob):
        for method, path in (
            ("GET", ""), ("GET", "/events"), ("GET", "/participants"), ("POST", "/ticket"), ("POST", "/end"),
        ):  # fmt: skip
            url = f"/v1/sessions/{session['id']}{path}"
            problem(await api.http.request(method, url, headers=person.headers), 404, "not-found")
        assert (await api.get("/v1/sessions", person))["items"] == []


async def test_list_pages_and_filters(api: Api) -> None:
    made = [await api.create(reference={"system": "crm", "id": str(number % 2)}) for number in range(5)]
    first = await api.get("/v1/sessions", limit=2)
    second = await api.get("/v1/sessions", limit=2, cursor=first["next_cursor"])
    third = await api.get("/v1/sessions", limit=2, cursor=second["next_cursor"])
    ids = [item["id"] for page in (first, second, third) for item in page["items"]]
    assert ids == [session["id"] for session in reversed(made)]
    assert third["next_cursor"] is None
    await api.post(f"/v1/sessions/{made[0]['id']}/end", status=200)
    ended = await api.get("/v1/sessions", state="ended")
    assert [item["id"] for item in ended["items"]] == [made[0]["id"]]
    by_reference = await api.get("/v1/sessions", reference_id="1")
    assert [item["id"] for item in by_reference["items"]] == [made[3]["id"], made[1]["id"]]
    bad = await api.http.get("/v1/sessions", params={"cursor": "ÄÖ"}, headers=api.alice.headers)
    problem(bad, 400, "bad-cursor")


async def test_links_are_on_the_public_url(api: Api) -> None:
    session = await api.create()
    for name in ("join_url", "operator_url", "console_url"):
        assert urlsplit(session[name]).netloc == "localhost:8080"


async def test_events_are_read_page_by_page_or_followed(api: Api) -> None:
    session = await api.active()
    path = f"/v1/sessions/{session['id']}/events"
    whole = await api.get(path)
    assert whole["next_cursor"] is None
    found, cursor = [], None
    while True:
        page = await api.get(path, limit=2, **({"cursor": cursor} if cursor else {}))
        found += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
        assert len(page["items"]) == 2
    assert found == whole["items"]
    after = await api.get(path, limit=1, after=found[2]["id"], wait=5)
    assert after["items"] == [found[3]]
    problem(await api.http.get(path, params={"cursor": "ÄÖ"}, headers=api.alice.headers), 400, "bad-cursor")
