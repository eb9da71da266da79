"""Relays: registration, assignment, commands by long poll, reports and what follows from them."""

import asyncio

import pytest

from tests.integration.api.support import RELAY_URLS, Api, problem, wait_until
from wire import tokens


async def test_registration_gives_what_offline_checking_needs(api: Api) -> None:
    answer = await api.relay("POST", "register", {"public_url": RELAY_URLS[0], "version": "1", "region": "tokyo"})
    assert answer["relay_id"].startswith("rel_")
    assert answer["issuer"] == "http://localhost:8080"
    assert answer["heartbeat_seconds"] == 10
    assert answer["tombstones"] == []
    assert all("d" not in key for key in answer["jwks"]["keys"])
    listed = await api.get("/v1/relays")
    assert [(relay["region"], relay["healthy"]) for relay in listed["items"]] == [(None, True), ("tokyo", True)]


async def test_relays_are_listed_page_by_page(api: Api) -> None:
    first = await api.get("/v1/relays", limit=1)
    second = await api.get("/v1/relays", limit=1, cursor=first["next_cursor"])
    assert [relay["public_url"] for relay in first["items"] + second["items"]] == list(reversed(RELAY_URLS))
    assert second["next_cursor"] is None


@pytest.mark.rule("R23")
async def test_a_relay_gets_public_keys_only(api: Api) -> None:
    answer = await api.relay("POST", "register", {"public_url": RELAY_URLS[0], "version": "1"})
    for key in answer["jwks"]["keys"]:
        assert set(key) == {"kty", "crv", "x", "y", "kid", "use", "alg"}


@pytest.mark.parametrize(
    "url",
    [
        "http://x", "wss://", "wss://x/path", "wss://x?y", "file:///etc", "wss://u:p@x", "ws://x]/", "wss://[:::::]",
        "wss://x:70000", "wss://x:0", "wss://-",
    ],
)  # fmt: skip
async def test_a_malformed_address_is_refused(api: Api, url: str) -> None:
    headers = {"Authorization": f"Bearer {api.relay_tokens[0]}"}
    answer = await api.http.post("/v1/relays/register", json={"public_url": url, "version": "1"}, headers=headers)
    problem(answer, 422, "invalid")


async def test_sessions_go_to_the_least_loaded_healthy_relay(api: Api) -> None:
    ids = await api.register_relays()
    await api.relay("POST", "heartbeat", {"sessions": 9, "participants": 18}, 0)
    await api.relay("POST", "heartbeat", {"sessions": 1, "participants": 2}, 1)
    host = (await api.join((await api.create())["code"])).json()
    assert [relay["id"] for relay in host["relays"]] == [ids[1], ids[0]]
    assert tokens.unverified_claims(host["ticket"])["aud"] == ids[1]
    await api.relay("POST", "heartbeat", {"sessions": 1, "participants": 2, "draining": True}, 1)
    host = (await api.join((await api.create())["code"])).json()
    assert [relay["id"] for relay in host["relays"]] == [ids[0]]


async def test_a_dead_relay_is_not_the_first(api: Api) -> None:
    ids = await api.register_relays()
    session = await api.create(expires_in=3600)
    host = (await api.join(session["code"])).json()
    assert [relay["id"] for relay in host["relays"]] == ids
    api.clock.advance(seconds=31)
    await api.relay("POST", "heartbeat", {"sessions": 0, "participants": 0}, 1)
    viewer = await api.post(f"/v1/sessions/{session['id']}/ticket")
    assert [relay["id"] for relay in viewer["relays"]] == [ids[1], ids[0]]
    assert tokens.unverified_claims(viewer["ticket"])["aud"] == ids[1]


async def test_a_command_ends_the_wait(api: Api) -> None:
    session = await api.create()
    waiting = asyncio.create_task(api.relay("GET", "commands", wait=20))
    await asyncio.sleep(0.05)
    await api.post(f"/v1/sessions/{session['id']}/end", status=200)
    async with asyncio.timeout(10):  # it would wait for 20 s
        (command,) = (await waiting)["commands"]
    assert command["session_id"] == session["id"]
    assert (await api.relay("GET", "commands", after=command["id"]))["commands"] == []
    assert (await api.relay("GET", "commands", after=0))["commands"] == [command]
    assert [row["session_id"] for row in (await api.relay("GET", "commands", which=1))["commands"]] == [session["id"]]


async def test_a_registering_relay_gets_the_open_tombstones(api: Api) -> None:
    session = await api.active()
    await api.post(f"/v1/sessions/{session['id']}/end", {"reason": "solved"}, status=200)
    (stone,) = (await api.relay("POST", "register", {"public_url": RELAY_URLS[0], "version": "1"}))["tombstones"]
    assert (stone["session_id"], stone["by"], stone["reason"]) == (session["id"], "operator", "solved")
    await api.later(minutes=15)
    again = await api.relay("POST", "register", {"public_url": RELAY_URLS[0], "version": "1"})
    assert again["tombstones"] == []


async def test_a_report_counts_once(api: Api) -> None:
    session = await api.active()
    usage = {"id": "rpt-1", "type": "usage", "sender": 1, "bytes_in": 100, "bytes_out": 7, "seconds": 1.5}
    assert await api.report(session["id"], usage) == 1
    assert await api.report(session["id"], usage) == 0
    assert await api.report(session["id"], {**usage, "id": "rpt-2"}, usage) == 1
    host = (await api.get(f"/v1/sessions/{session['id']}"))["participants"][0]
    assert (host["bytes_in"], host["bytes_out"]) == (200, 14)


async def test_nobody_connected_is_interrupted_and_back_again(api: Api) -> None:
    session = await api.active()

    async def state() -> str:
        return str((await api.get(f"/v1/sessions/{session['id']}"))["state"])

    await api.report(session["id"], {"type": "left", "sender": 2})
    assert await state() == "active"
    await api.report(session["id"], {"type": "left", "sender": 1})
    assert await state() == "interrupted"
    await api.report(session["id"], {"type": "joined", "sender": 1}, which=1)
    assert await state() == "active"


async def test_a_late_left_of_the_relay_before_does_not_count(api: Api) -> None:
    session = await api.active()
    await api.report(session["id"], {"type": "joined", "sender": 1}, {"type": "joined", "sender": 2}, which=1)
    await api.report(session["id"], {"type": "left", "sender": 1}, {"type": "left", "sender": 2}, which=0)
    shown = await api.get(f"/v1/sessions/{session['id']}")
    assert shown["state"] == "active"
    assert all(participant["connected"] for participant in shown["participants"])


async def test_a_session_nobody_comes_back_to_is_lost(api: Api) -> None:
    session = await api.active()
    await api.report(session["id"], {"type": "left", "sender": 2}, {"type": "left", "sender": 1})
    await api.later(minutes=15, seconds=1)

    async def lost() -> bool:
        shown = await api.get(f"/v1/sessions/{session['id']}")
        return (shown["state"], shown["reason"], shown["ended_by"]) == ("ended", "lost", "system")

    await wait_until(lost)


async def test_a_silent_relay_takes_its_participants_with_it(api: Api) -> None:
    session = await api.active()
    api.clock.advance(seconds=40)

    async def interrupted() -> bool:
        return bool((await api.get(f"/v1/sessions/{session['id']}"))["state"] == "interrupted")

    await wait_until(interrupted)


@pytest.mark.parametrize(
    ("given", "by", "reason"),
    [
        ({}, "customer", "ended"), ({"reason": "refused"}, "customer", "refused"),
        ({"by": "operator", "reason": "ended"}, "operator", "ended"),
        ({"by": "system", "reason": "verification_failed"}, "system", "verification_failed"),
    ],
)  # fmt: skip
async def test_the_host_ends(api: Api, given: dict[str, str], by: str, reason: str) -> None:
    session = await api.active()
    assert await api.report(session["id"], {"type": "ended", "sender": 1, **given}) == 1
    ended = await api.get(f"/v1/sessions/{session['id']}")
    assert (ended["state"], ended["ended_by"], ended["reason"]) == ("ended", by, reason)
    assert await api.report(session["id"], {"type": "ended", "sender": 1}, {"type": "left", "sender": 1}) == 2
    assert await api.get(f"/v1/sessions/{session['id']}") == {
        **ended, "participants": (await api.get(f"/v1/sessions/{session['id']}"))["participants"],
    }  # fmt: skip


async def test_lying_relay_touches_no_session_of_another(api: Api) -> None:
    await api.relay("POST", "heartbeat", {"sessions": 0, "participants": 0, "draining": True}, 1)
    session = await api.create()
    await api.join(session["code"])
    assert await api.report(session["id"], {"type": "ended"}, which=1) == 0
    assert await api.report("ses_unknown", {"type": "ended"}) == 0
    assert (await api.get(f"/v1/sessions/{session['id']}"))["state"] == "claimed"


@pytest.mark.parametrize("fact", [{"type": "admitted", "sender": 1}, {"type": "admitted", "sender": 9}])
async def test_lying_relay_admits_nobody_who_is_no_viewer(api: Api, fact: dict[str, object]) -> None:
    session = await api.create()
    await api.join(session["code"])
    await api.report(session["id"], fact)
    assert (await api.get(f"/v1/sessions/{session['id']}"))["state"] == "claimed"


async def test_lying_relay_cannot_start_a_session_that_nobody_claimed(api: Api) -> None:
    session = await api.create()
    await api.post(f"/v1/sessions/{session['id']}/ticket")
    await api.report(session["id"], {"type": "joined", "sender": 2}, {"type": "admitted", "sender": 2})
    assert (await api.get(f"/v1/sessions/{session['id']}"))["state"] == "waiting"


async def test_following_a_session(api: Api) -> None:
    session = await api.create()
    first = (await api.get(f"/v1/sessions/{session['id']}/events"))["items"]
    waiting = asyncio.create_task(api.get(f"/v1/sessions/{session['id']}/events", after=first[-1]["id"], wait=20))
    await asyncio.sleep(0.05)
    await api.join(session["code"])
    (event,) = (await waiting)["items"]
    assert event["type"] == "session.claimed"
    empty = await api.get(f"/v1/sessions/{session['id']}/events", after=event["id"])
    assert empty["items"] == []


async def test_resume_renews_until_the_end(api: Api) -> None:
    session = await api.active()
    ticket = session["joined"]["resume_ticket"]

    async def resume(token: str):  # type: ignore[no-untyped-def]
        return await api.http.post("/v1/resume", headers={"Authorization": f"Bearer {token}"})

    first = await resume(ticket)
    assert first.status_code == 200, first.text
    newer = first.json()["resume_ticket"]
    assert tokens.unverified_claims(newer)["cnt"] == tokens.unverified_claims(ticket)["cnt"] + 1
    assert (await resume(ticket)).status_code == 200
    problem(await resume(ticket), 401, "token-refused")
    await api.later(minutes=5)
    await api.report(session["id"], {"type": "usage", "sender": 1})
    newest = (await resume(newer)).json()["resume_ticket"]
    await api.later(minutes=14)
    expired = await resume(newest)
    assert expired.status_code == 200, expired.text
    await api.post(f"/v1/sessions/{session['id']}/end", {"reason": "solved"}, status=200)
    gone = problem(await resume(expired.json()["resume_ticket"]), 410, "session-ended")
    assert (gone["ended_by"], gone["reason"]) == ("operator", "solved")


async def test_evil_resume_tickets(api: Api) -> None:
    session = await api.active()
    host = session["joined"]
    head, body, signature = host["resume_ticket"].split(".")
    for token in (host["ticket"], host["statement"], "x", f"{head}.{body}.{signature[:-4]}AAAA", f"{head}.{body}.", ""):
        answer = await api.http.post("/v1/resume", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 401, answer.text


async def test_a_claimed_session_is_lost_only_when_everybody_has_gone(api: Api) -> None:
    waiting, left = await api.create(), await api.create()
    for session in (waiting, left):
        await api.join(session["code"])
        await api.report(session["id"], {"type": "joined", "sender": 1})
    await api.report(left["id"], {"type": "left", "sender": 1})
    await api.later(minutes=15, seconds=1)

    async def lost() -> bool:
        return bool((await api.get(f"/v1/sessions/{left['id']}"))["reason"] == "lost")

    await wait_until(lost)
    assert (await api.get(f"/v1/sessions/{waiting['id']}"))["state"] == "claimed"


@pytest.mark.parametrize(
    "report",
    [
        {"type": "dance"}, {"sender": 0}, {"sender": 65_536}, {"bytes_in": -1}, {"bytes_in": 1 << 60}, {"seconds": 1e300},
        {"by": "nobody"}, {"time": "now"}, {"id": ""}, {"extra": 1}, {"reason": "a\0b"},
    ],
)  # fmt: skip
async def test_a_malformed_report_is_422(api: Api, report: dict[str, object]) -> None:
    whole = {"id": "r", "session_id": "ses_x", "type": "usage", "time": "2026-01-01T00:00:00Z", "sender": 1, **report}
    headers = {"Authorization": f"Bearer {api.relay_tokens[0]}"}
    problem(await api.http.post("/v1/relays/reports", json={"reports": [whole]}, headers=headers), 422, "invalid")
