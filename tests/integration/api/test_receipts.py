"""B3: the receipt of a session by REST: the host's word, the server's word, both sides, the same bytes, offline proof."""

import asyncio
import json
from datetime import timedelta, timezone
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook

from tests.integration.api.support import Api, problem, wait_until
from tests.integration.api.test_webhooks import Receiver, open_api, receiver, sent, subscribe
from wire import receipt
from wire.limits import MAX_FACTS_BYTES
from wire.receipt import Proven

__all__ = ["open_api", "receiver"]

GONE = ({"type": "left", "sender": 1}, {"type": "left", "sender": 2})


def told(api: Api, seconds: float = 0) -> str:
    return (api.clock.now() + timedelta(seconds=seconds)).isoformat()


def report(api: Api, number: int = 1, **members: Any) -> dict[str, Any]:
    """What a host says that let viewer 2 see and control for a minute."""
    begun, until = told(api, -60), told(api)
    return {
        "number": number,
        "sent_at": told(api),
        "answers": [{"viewer": 2, "yes": True, "at": begun}],
        "grants": [{"viewer": 2, "what": what, "from": begun, "until": until} for what in ("view", "control")],
        "pauses": [],
        "own_input": 1,
        "left_out": 0,
        "ended": {"by": "customer", "reason": "ended", "at": until},
        **members,
    }


def bearer(admission: dict[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {admission['resume_ticket']}"}


async def tell(api: Api, admission: dict[str, Any], body: Any) -> httpx.Response:
    return await api.http.put("/v1/receipt/facts", json=body, headers=bearer(admission))


async def fetch(api: Api, session: str, **params: Any) -> httpx.Response:
    return await api.http.get(f"/v1/sessions/{session}/receipt", params=params, headers=api.alice.headers)


async def proven(api: Api, data: bytes) -> Proven:
    """Verified with nothing but the file and the keys that the server publishes."""
    jwks = (await api.http.get("/.well-known/jwks.json")).json()
    return receipt.verify(data, receipt.fingerprints(jwks))


async def over(api: Api, body: Any = None, **session: Any) -> dict[str, Any]:
    """A session that the customer ended, with the host's word and the relay's last counts."""
    made = await api.active(**session)
    assert (await tell(api, made["joined"], body or report(api))).status_code == 204
    await api.report(made["id"], {"type": "usage", "sender": 1, "bytes_in": 5000})
    await api.report(made["id"], {"type": "ended", "by": "customer", "reason": "ended"}, *GONE)
    return made


async def test_both_sides_get_the_same_signed_file(api: Api) -> None:
    customer = {"name": "Hanako Yamada", "email": "hanako@example.jp"}
    session = await over(api, customer=customer, reference={"system": "crm", "id": "4711"})
    operators = await fetch(api, session["id"])
    customers = await api.http.get("/v1/receipt", headers=bearer(session["joined"]))
    assert operators.status_code == customers.status_code == 200, operators.text
    assert operators.content == customers.content == (await fetch(api, session["id"])).content
    assert operators.headers["content-disposition"].startswith('inline; filename="tasuki-receipt-20')

    said = (await proven(api, operators.content)).receipt
    server, host = said["server"], said["host"]
    assert said["session_id"] == session["id"]
    assert said["statement_sha256"] == session["joined"]["statement_sha256"]
    assert server["asked_by"] == {"id": api.alice.id, "name": "Alice", "verified": "password"}
    assert (server["customer"], server["reference"]) == ({"name": "Hanako Yamada"}, {"system": "crm", "id": "4711"})
    assert (server["mode"], server["ended_by"], server["reason"]) == ("control", "customer", "ended")
    assert server["bytes"] == {"from_host": 5000, "from_viewers": 0}
    assert [(one["sender"], one["side"], (one["operator"] or {}).get("name")) for one in server["people"]] == [
        (1, "customer", None),
        (2, "operator", "Alice"),
    ]
    assert (host["side"], host["complete"], host["own_input"], host["files"]) == ("customer", True, 1, [])
    assert {(one["viewer"], one["what"]) for one in host["grants"]} == {(2, "view"), (2, "control")}
    assert "hanako@example.jp" not in operators.text


async def test_a_session_that_runs_has_none_yet(api: Api) -> None:
    session = await api.active()
    for answer in (
        await fetch(api, session["id"]),
        await api.http.get("/v1/receipt", headers=bearer(session["joined"])),
    ):
        assert "still runs" in problem(answer, 409, "receipt-not-yet")["detail"]


async def test_it_waits_a_moment_for_the_hosts_last_word(api: Api) -> None:
    session = await api.active()
    body = report(api, ended=None)
    assert (await tell(api, session["joined"], body)).status_code == 204
    await api.report(session["id"], {"type": "ended", "by": "customer", "reason": "ended"}, *GONE)
    answer = await fetch(api, session["id"])
    problem(answer, 409, "receipt-not-yet")
    assert answer.headers["retry-after"] == "1"
    assert (await tell(api, session["joined"], report(api, 2))).status_code == 204
    assert (await proven(api, (await fetch(api, session["id"])).content)).receipt["host"]["complete"]


async def test_it_can_be_waited_for(api: Api) -> None:
    session = await api.active()
    waiting = asyncio.ensure_future(fetch(api, session["id"], wait=20))
    await api.report(session["id"], {"type": "ended", "by": "customer", "reason": "ended"}, *GONE)
    assert (await tell(api, session["joined"], report(api))).status_code == 204
    async with asyncio.timeout(3):
        assert (await proven(api, (await waiting).content)).receipt["host"]["complete"]


async def test_ghost_a_host_that_vanished_leaves_what_it_said_last(api: Api) -> None:
    session = await api.active()
    open_ = [{"viewer": 2, "what": "view", "from": told(api, -9), "until": None}]
    await tell(api, session["joined"], report(api, ended=None, grants=open_))
    await api.report(session["id"], *GONE)
    await api.later(minutes=16)

    async def ended() -> bool:
        return bool((await api.get(f"/v1/sessions/{session['id']}"))["state"] == "ended")

    await wait_until(ended)
    api.clock.advance(seconds=6)
    said = (await proven(api, (await fetch(api, session["id"])).content)).receipt
    assert (said["server"]["reason"], said["host"]["complete"], said["host"]["ended"]) == ("lost", False, None)
    assert said["host"]["grants"][0]["until"] is None


async def test_sessions_without_any_host_have_one_too(api: Api) -> None:
    session = await api.create()
    await api.post(f"/v1/sessions/{session['id']}/end", status=200)
    said = (await proven(api, (await fetch(api, session["id"])).content)).receipt
    assert (said["host"], said["server"]["people"], said["server"]["started_at"]) == (None, [], None)


async def test_a_host_that_says_nothing_is_said_to_have_said_nothing(api: Api) -> None:
    session = await api.active()
    await api.post(f"/v1/sessions/{session['id']}/end", status=200)
    api.clock.advance(seconds=6)
    assert (await proven(api, (await fetch(api, session["id"])).content)).receipt["host"] is None
    answer = await tell(api, session["joined"], report(api))
    assert "was made" in problem(answer, 409, "conflict")["detail"]


async def test_lying_only_the_host_of_the_session_reports(api: Api) -> None:
    session = await api.active()
    problem(await tell(api, session["viewer"], report(api)), 403, "forbidden")
    problem(await api.http.put("/v1/receipt/facts", json=report(api)), 401, "unauthenticated")
    access = {"resume_ticket": api.alice.access_token}
    problem(await tell(api, access, report(api)), 401, "token-refused")


async def test_in_share_the_operators_machine_is_the_host(api: Api) -> None:
    session = await api.active(mode="share")
    problem(await tell(api, session["joined"], report(api)), 403, "forbidden")
    assert (await tell(api, session["viewer"], report(api))).status_code == 204
    await api.report(session["id"], {"type": "ended", "by": "operator", "reason": "ended"}, *GONE)
    customers = await api.http.get("/v1/receipt", headers=bearer(session["joined"]))
    assert (await proven(api, customers.content)).receipt["host"]["side"] == "operator"
    problem(await api.http.get("/v1/receipt", headers=bearer(session["viewer"])), 403, "forbidden")


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"grants": [{"viewer": 9, "what": "view", "from": "2026-12-01T09:00:00Z"}]}, "#/grants/0/viewer"),
        ({"answers": [{"viewer": 1, "yes": True, "at": "2026-12-01T09:00:00Z"}]}, "#/answers/0/viewer"),
        ({"grants": [{"viewer": 2, "what": "everything", "from": "2026-12-01T09:00:00Z"}]}, "#/grants/0/what"),
        ({"grants": [{"viewer": 2, "what": "view", "from": "0001-01-01T00:00:00Z"}]}, "#/grants/0/from"),
        ({"pauses": [{"from": "2026-12-01T09:00:00Z", "until": None}] * 65}, "#/pauses"),
        ({"files": [{"name": "x"}]}, "#/files"),
        ({"own_input": -1}, "#/own_input"),
        ({"ended": {"by": "nobody", "reason": "x", "at": "2026-12-01T09:00:00Z"}}, "#/ended/by"),
        ({"more": 1}, "#/more"),
    ],
    ids=lambda value: value if isinstance(value, str) else "lying",
)
async def test_lying_a_report_is_bounded_and_typed(api: Api, change: dict[str, Any], pointer: str) -> None:
    session = await api.active()
    found = problem(await tell(api, session["joined"], report(api, **change)), 422, "invalid")
    assert any(one["pointer"].startswith(pointer) for one in found["errors"]), found


async def test_lying_a_report_that_is_too_large_is_not_read(api: Api) -> None:
    session = await api.active()
    answer = await tell(api, session["joined"], report(api) | {"x": "x" * MAX_FACTS_BYTES})
    problem(answer, 413, "payload-too-large")


async def test_replay_an_older_report_changes_nothing(api: Api) -> None:
    session = await over(api, report(api, 7))
    assert (await tell(api, session["joined"], report(api, 3, own_input=9))).status_code == 204
    said = (await proven(api, (await fetch(api, session["id"])).content)).receipt
    assert said["host"]["own_input"] == 1
    assert (await tell(api, session["joined"], report(api, 6))).status_code == 204, "nor once the receipt is made"


async def test_a_clock_that_is_wrong_or_elsewhere_is_said_so_and_breaks_nothing(api: Api) -> None:
    ahead = (api.clock.now() + timedelta(minutes=10)).astimezone(timezone(timedelta(hours=9)))
    session = await over(api, report(api, sent_at=ahead.isoformat()))
    said = (await proven(api, (await fetch(api, session["id"])).content)).receipt
    assert said["host"]["clock_ahead_seconds"] in range(590, 601)


async def test_after_a_quarter_of_an_hour_it_is_too_late_for_the_host_and_the_customer(api: Api) -> None:
    session = await api.active()
    await api.post(f"/v1/sessions/{session['id']}/end", status=200)
    await api.later(minutes=16)
    problem(await tell(api, session["joined"], report(api)), 410, "session-ended")
    gone = problem(await api.http.get("/v1/receipt", headers=bearer(session["joined"])), 410, "receipt-gone")
    assert "Ask the organisation" in gone["detail"]
    assert (await fetch(api, session["id"])).status_code == 200


@pytest.mark.parametrize(
    ("params", "accept", "kind"),
    [
        ({}, "*/*", "application/json"),
        ({}, "text/html,application/xhtml+xml,*/*;q=0.8", "text/html"),
        ({}, "application/json, text/html", "application/json"),
        ({"format": "html"}, "application/json", "text/html"),
        ({"format": "json"}, "text/html", "application/json"),
    ],
)
async def test_json_for_programs_and_a_page_for_people(api: Api, params: Any, accept: str, kind: str) -> None:
    session = await over(api)
    url, headers = f"/v1/sessions/{session['id']}/receipt", api.alice.headers | {"Accept": accept}
    answer = await api.http.get(url, params=params, headers=headers)
    assert answer.headers["content-type"].startswith(kind)
    assert answer.headers["cache-control"] == "no-store"


async def test_evil_names_are_text_on_the_page_and_nothing_runs_there(api: Api) -> None:
    session = await over(api, customer={"name": '<script>alert(1)</script>"&'})
    answer = await fetch(api, session["id"], format="html", lang="ja", time_zone="Asia/Tokyo")
    assert '<html lang="ja">' in answer.text
    assert "UTC+09:00" in answer.text
    assert "<script" not in answer.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;&quot;&amp;" in answer.text
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    problem(await fetch(api, session["id"], format="html", time_zone="../../etc/passwd"), 422, "invalid")


async def test_it_is_sealed_at_rest(api: Api) -> None:
    session = await over(api, customer={"name": "Hanako Yamada"})
    await fetch(api, session["id"])
    async with api.app.state.context.database.engine.connect() as connection:
        rows = await connection.exec_driver_sql("SELECT facts_sealed, sealed, facts_number FROM session_receipt")
        row = rows.one()
    assert row[2] == 1
    for sealed in row[:2]:
        assert b"Hanako" not in sealed
        assert b"control" not in sealed


async def test_session_ended_carries_it(open_api: Api, receiver: Receiver) -> None:
    endpoint = await subscribe(open_api, receiver)
    session = await over(open_api)
    ((headers, body),) = await sent(receiver)
    Webhook(endpoint["secret"]).verify(body, headers)
    carried = json.loads(body)["data"]["receipt"]
    said = await proven(open_api, json.dumps(carried).encode())
    assert said.receipt["session_id"] == session["id"]
    assert carried == (await fetch(open_api, session["id"])).json()


async def test_when_the_customer_is_forgotten_it_is_gone_for_everybody(api: Api) -> None:
    made, not_made = await over(api), await over(api)
    assert (await fetch(api, made["id"])).status_code == 200
    for session in (made, not_made):
        asked = {"session_id": session["id"], "reason": "asked for it"}
        answer = await api.http.post("/v1/customers/forget", json=asked, headers=api.alice.headers)
        assert answer.status_code == 200, answer.text
        gone = problem(await fetch(api, session["id"]), 410, "receipt-gone")
        assert "was forgotten" in gone["detail"]
        problem(await api.http.get("/v1/receipt", headers=bearer(session["joined"])), 410, "receipt-gone")
        problem(await tell(api, session["joined"], report(api, 9)), 410, "receipt-gone")


async def test_session_ended_waits_for_a_host_that_lost_its_relay_but_not_its_word(
    open_api: Api, receiver: Receiver
) -> None:
    await subscribe(open_api, receiver)
    session = await open_api.active()
    await tell(open_api, session["joined"], report(open_api, ended=None))
    await open_api.report(session["id"], *GONE)
    await open_api.post(f"/v1/sessions/{session['id']}/end", status=200)
    await tell(open_api, session["joined"], report(open_api, 2))
    ((_, body),) = await sent(receiver)
    assert json.loads(body)["data"]["receipt"]["receipt"]["host"]["complete"]
