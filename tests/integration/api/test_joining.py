"""The customer's way in: every wrong code gets one answer, guessing is slow, a right one is used once."""

import asyncio
import base64
from datetime import datetime, timedelta

import httpx
import pytest
from sqlalchemy import event
from structlog.testing import capture_logs

from api.budgets.counts import BUCKET_SECONDS
from api.join import budgets
from api.join.service import not_valid
from api.kit.asking import asking
from tests.integration.api.support import Api, Installation, ShiftedClock, problem, running, stored_in, wait_until
from tests.support.smtp import mail_server

NOT_VALID = not_valid().detail


def other(code: str) -> str:
    return f"{(int(code) + 1) % 10 ** len(code):0{len(code)}}"


@pytest.mark.rule("R11")
async def test_unknown_expired_used_and_ended_codes_get_one_answer(api: Api) -> None:
    used, expired, ended = await api.create(), await api.create(), await api.create(expires_in=3600)
    assert (await api.join(used["code"])).status_code == 200
    await api.post(f"/v1/sessions/{ended['id']}/end", status=200)
    api.clock.advance(minutes=10)
    bodies = []
    for code in (used["code"], expired["code"], ended["code"], other(used["code"]), "123456789012"):
        for path in ("/v1/join", "/v1/join/preview"):
            body = problem(await api.http.post(path, json={"code": code}), 404, "code-not-valid")
            bodies.append({name: value for name, value in body.items() if name != "instance"})
    assert all(body == bodies[0] for body in bodies)


@pytest.mark.parametrize(
    "code", ["", "12345", "1234567890123", "abcdefgh", "1234567a", "12.34.56", "+1234567", "１２３"]
)
async def test_a_malformed_code_is_422(api: Api, code: str) -> None:
    answer = await api.http.post("/v1/join", json={"code": code})
    body = problem(answer, 422, "invalid")
    assert body["errors"][0]["pointer"] == "#/code"


async def test_codes_are_understood_as_people_type_them(api: Api) -> None:
    for form in ("{0} {1}", "{0}-{1}", " {0}{1} ", "{0}ー{1}"):
        code = (await api.create())["code"]
        typed = form.format(code[:4], code[4:])
        assert (await api.join(typed)).status_code == 200, typed
    wide = (await api.create())["code"].translate({ord(str(digit)): 0xFF10 + digit for digit in range(10)})
    assert (await api.join(wide)).status_code == 200


async def test_a_preview_does_not_use_the_code_up(api: Api) -> None:
    session = await api.create(mode="view", max_session_seconds=120)
    for _ in range(2):
        shown = (await api.http.post("/v1/join/preview", json={"code": session["code"]})).json()
    assert shown["session"]["mode"] == "view"
    assert shown["session"]["limits"]["seconds"] == 120
    assert shown["server"] == "http://localhost:8080"
    assert (await api.join(session["code"])).status_code == 200


async def test_of_many_claims_one_wins(api: Api) -> None:
    session = await api.create()
    answers = await asyncio.gather(*(api.join(session["code"]) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] + [404] * 7
    assert len((await api.get(f"/v1/sessions/{session['id']}"))["participants"]) == 1


@pytest.mark.rule("R10")
async def test_an_address_has_ten_wrong_codes(api: Api) -> None:
    session = await api.create(expires_in=3600)
    for number in range(budgets.ADDRESS_FAILURES):
        answer = await api.join("000000000000")
        assert problem(answer, 404, "code-not-valid")
        assert answer.headers["ratelimit"].startswith(f'"join";r={budgets.ADDRESS_FAILURES - 1 - number};')
    slowed = await api.join(session["code"])
    problem(slowed, 429, "too-many-requests")
    assert 0 < int(slowed.headers["retry-after"]) <= 900 + BUCKET_SECONDS
    preview = await api.http.post("/v1/join/preview", json={"code": session["code"]})
    problem(preview, 429, "too-many-requests")
    for answer in (slowed, preview):
        assert answer.headers["ratelimit-policy"] == f'"join";q={budgets.ADDRESS_FAILURES};w=900'
        assert answer.headers["ratelimit"] == f'"join";r=0;t={answer.headers["retry-after"]}'
    await api.later(seconds=int(slowed.headers["retry-after"]))
    assert (await api.join(session["code"])).status_code == 200


async def wrong(api: Api, *addresses: str, code: str = "00000000") -> None:
    """Wrong codes from elsewhere."""
    for address in addresses:
        transport = httpx.ASGITransport(api.app, client=(address, 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8080") as http:
            problem(await http.post("/v1/join/preview", json={"code": code}), 404, "code-not-valid")


async def guessed(api: Api, number: int, code: str = "00000000") -> None:
    """So many failures, counted without asking for them."""
    for one in range(number):
        async with api.app.state.context.join_budgets.attempt(f"10.{one // 250}.{one % 250}.1", code) as attempt:
            attempt.failed = True


@pytest.mark.rule("R10")
async def test_when_many_guess_new_codes_get_longer_and_nobody_has_more_than_one_try(api: Api) -> None:
    await guessed(api, budgets.SHIELD_FAILURES)
    session = await api.create()
    assert len(session["code"]) == 10
    assert (await api.join("000000000000")).status_code == 404
    problem(await api.join(session["code"]), 429, "too-many-requests")
    await api.later(hours=1, minutes=2)
    assert len((await api.create())["code"]) == 8


@pytest.mark.rule("R10")
async def test_the_budget_of_a_length_is_final_and_longer_codes_still_work(api: Api) -> None:
    short, long = await api.create(), await api.create(code_digits=10)
    await guessed(api, budgets.LENGTH_FAILURES[9])
    problem(await api.join(short["code"]), 429, "too-many-requests")
    assert (await api.join(long["code"])).status_code == 200


@pytest.mark.rule("R10")
async def test_administrators_are_told_once_that_somebody_guesses(
    installation: Installation, clock: ShiftedClock
) -> None:
    with mail_server() as mailbox:
        mail = {"smtp_url": f"smtp://127.0.0.1:{mailbox.port}", "mail_from": "Tasuki <tasuki@acme.example>"}
        async with running(installation, clock, **mail) as api:
            await api.register_relays()
            told = {"email": "alice@acme.example"}
            changed = await api.http.patch(f"/v1/operators/{api.alice.id}", json=told, headers=api.alice.headers)
            assert changed.status_code == 200, changed.text
            await guessed(api, budgets.SHIELD_FAILURES)
            await wrong(api, "198.51.100.1", "198.51.101.1", "198.51.102.1")
            (event,) = (await api.get("/v1/audit-events", action="join.shield_raised"))["items"]
            assert event["data"]["failures"] == budgets.SHIELD_FAILURES + 1
            assert event["actor"]["type"] == "system"
            assert (await api.get("/v1/audit-events", api.gina, action="join.shield_raised"))["items"]

            async def arrived() -> bool:
                return bool(mailbox.received)

            await wait_until(arrived)
            ((envelope, message),) = mailbox.received
            assert envelope.rcpt_tos == ["alice@acme.example"]
            assert "guessing" in message["Subject"]
            await api.later(minutes=59)
            await wrong(api, "198.51.103.1")
            await api.later(minutes=59)
            await guessed(api, budgets.SHIELD_FAILURES)
            await wrong(api, "198.51.104.1")
            assert len((await api.get("/v1/audit-events", action="join.shield_raised"))["items"]) == 1
            await api.later(hours=3)
            await guessed(api, budgets.SHIELD_FAILURES)
            await wrong(api, "198.51.105.1")
            assert len((await api.get("/v1/audit-events", action="join.shield_raised"))["items"]) == 2


async def test_unknown_expired_used_ended_and_early_codes_run_the_same_statements(api: Api) -> None:
    used, expired, over = (await api.create())["code"], (await api.create())["code"], await api.create()
    ended, starts = over["code"], (api.clock.now() + timedelta(days=1)).isoformat()
    not_yet = (await api.create(starts_at=starts))["code"]
    await api.join(used)
    await api.post(f"/v1/sessions/{over['id']}/end", status=200)
    engine = api.app.state.context.database.engine.sync_engine
    ran: list[str] = []

    def watch(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if asking().address:  # what runs by itself meanwhile has none
            ran.append(statement)

    async def statements(code: str) -> list[str]:
        ran.clear()
        problem(await api.join(code), 404, "code-not-valid")
        return list(ran)

    event.listen(engine, "before_cursor_execute", watch)
    try:
        ran_for_used = await statements(used)
        assert ran_for_used
        assert await statements("000000000000") == ran_for_used
        assert await statements(ended) == ran_for_used
        assert await statements(not_yet) == ran_for_used
        api.clock.advance(minutes=10)
        assert await statements(expired) == ran_for_used
    finally:
        event.remove(engine, "before_cursor_execute", watch)


async def join_again(api: Api, code: str, key: str, address: str = "192.0.2.7") -> httpx.Response:
    transport = httpx.ASGITransport(api.app, client=(address, 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8080") as http:
        return await http.post("/v1/join", json={"code": code}, headers={"Idempotency-Key": key})


@pytest.mark.rule("R31")
@pytest.mark.parametrize("key", ["join-1", "1", "a-long-random-key-0001"])
async def test_a_lost_answer_can_be_fetched_again_with_its_key(api: Api, key: str) -> None:
    session = await api.create()
    first, again = [await join_again(api, session["code"], key) for _ in range(2)]
    assert (first.status_code, first.json()) == (200, again.json())
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert again.headers["ratelimit"].startswith('"join";r=10;')


@pytest.mark.rule("R31")
@pytest.mark.rule("R11")
async def test_a_lost_answer_is_for_nobody_else(api: Api) -> None:
    """A key can be guessed: what one gets for it needs the code as well, from where it was used, soon."""
    session, unused = await api.create(), await api.create(expires_in=3600)
    await join_again(api, session["code"], "join-1")
    problem(await join_again(api, other(session["code"]), "join-1"), 404, "code-not-valid")
    problem(await join_again(api, session["code"], "join-2"), 404, "code-not-valid")
    problem(await join_again(api, session["code"], "join-1", "198.51.100.9"), 404, "code-not-valid")
    counted = await join_again(api, session["code"], "join-1", "198.51.100.9")
    assert counted.headers["ratelimit"].startswith('"join";r=8;')
    assert (await join_again(api, unused["code"], "join-1")).json()["session_id"] == unused["id"]
    await api.later(minutes=15)
    problem(await join_again(api, session["code"], "join-1"), 404, "code-not-valid")


async def test_a_suspended_operators_code_is_not_valid(api: Api) -> None:
    session = await api.create(api.bob)
    await api.http.patch(f"/v1/operators/{api.bob.id}", json={"suspended": True}, headers=api.alice.headers)
    problem(await api.join(session["code"]), 404, "code-not-valid")


async def test_a_mode_taken_away_since_makes_the_code_not_valid(api: Api) -> None:
    session = await api.create(api.bob, mode="control")
    await api.http.patch(f"/v1/operators/{api.bob.id}", json={"modes": ["view"]}, headers=api.alice.headers)
    problem(await api.join(session["code"]), 404, "code-not-valid")
    await api.http.patch(f"/v1/operators/{api.bob.id}", json={"modes": ["control"]}, headers=api.alice.headers)
    assert (await api.join(session["code"])).status_code == 200


async def test_longer_lives_need_longer_codes(api: Api) -> None:
    assert len((await api.create(expires_in=600))["code"]) == 8
    assert len((await api.create(expires_in=3600))["code"]) == 8
    assert len((await api.create(expires_in=3601))["code"]) == 10
    assert len((await api.create(starts_at="2020-01-01T00:00:00Z"))["code"]) == 8
    await api.http.patch("/v1/organization", json={"code_digits": 6}, headers=api.alice.headers)
    assert len((await api.create(expires_in=600))["code"]) == 6
    assert len((await api.create(expires_in=601))["code"]) == 8
    await api.http.patch("/v1/organization", json={"code_digits": 12}, headers=api.alice.headers)
    assert len((await api.create(expires_in=60))["code"]) == 12


async def test_an_appointment(api: Api) -> None:
    starts = api.clock.now().replace(microsecond=0) + timedelta(days=1)
    session = await api.create(starts_at=starts.isoformat(), expires_in=600)
    assert len(session["code"]) == 10
    assert datetime.fromisoformat(session["code_expires_at"]) == starts + timedelta(seconds=600)
    assert session["join_url"].endswith(f"{session['code']}?from={starts:%Y%m%dT%H%MZ}"), (
        "the link knows, not the server"
    )
    problem(await api.join(session["code"]), 404, "code-not-valid")
    early = await api.http.post("/v1/join/preview", json={"code": session["code"]})
    assert problem(early, 404, "code-not-valid")["detail"] == NOT_VALID
    await api.later(days=1)
    assert (await api.join(session["code"])).status_code == 200
    too_far = {"mode": "view", "starts_at": "2199-01-01T00:00:00Z"}
    problem(await api.http.post("/v1/sessions", json=too_far, headers=api.alice.headers), 422, "invalid")


async def test_no_relay_is_said_and_the_code_stays_good(api: Api) -> None:
    session = await api.create(expires_in=3600)
    api.clock.advance(minutes=5)
    answer = await api.join(session["code"])
    problem(answer, 503, "no-relay")
    assert answer.headers["retry-after"] == "5"
    await api.register_relays()
    assert (await api.join(session["code"])).status_code == 200


async def test_neither_code_nor_ticket_is_readable_in_the_database_or_the_log(api: Api) -> None:
    with capture_logs() as logs:
        session = await api.create(customer={"name": "Unmistakable Customer Name"})
        waiting = await api.create()
        host = (await api.join(session["code"])).json()
        await api.http.get(f"/join/{session['code']}")
        await api.http.post("/v1/resume", headers={"Authorization": f"Bearer {host['resume_ticket']}"})
    secrets = [session["code"], waiting["code"], host["ticket"], host["resume_ticket"], api.alice.refresh_token]
    stored = stored_in(api.folder)
    assert b"ses_" in stored
    assert {"/v1/join", "/v1/resume", "join"} <= {entry.get("route") for entry in logs}
    name = "Unmistakable Customer Name"
    encoded = [base64.b64encode(b" " * shift + name.encode())[4:-4].decode() for shift in range(3)]
    for secret in [*secrets, *api.relay_tokens, name, *encoded]:
        assert secret.encode() not in stored
        assert secret not in repr(logs)
