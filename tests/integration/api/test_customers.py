"""Customers: the same address is the same one; forgetting one leaves nothing that can be read, and a proof."""

import json
from typing import Any

import pytest
from sqlmodel import col, select, update

from api.customers import forgetting
from api.customers import repository as customers
from api.customers.models import Customer
from api.customers.sweeping import sweep
from api.keyring.service import Keyring
from api.kit.sealing import KeyDestroyed
from api.relays.models import RelayCommand
from api.rotations.models import RetiredKey
from tests.integration.api.support import Api, Installation, problem, running
from wire import tokens

pytestmark = pytest.mark.both_databases

HANAKO = {"name": "Hanako Yamada", "email": "hanako@example.jp"}


async def over(api: Api, **body: Any) -> dict[str, Any]:
    """A session with everything that can be said about it, ended."""
    session = await api.active(
        customer=HANAKO,
        purpose="Printer of Mrs Yamada",
        metadata={"ward": "seven"},
        reference={"system": "crm", "id": "T-4711", "url": "https://crm.example.com/yamada"},
        **body,
    )
    await api.post(
        f"/v1/sessions/{session['id']}/end", {"reason": "Mrs Yamada hung up", "note": "She will call."}, status=200
    )
    answer = await api.http.patch(
        f"/v1/sessions/{session['id']}", json={"closing_reason": "Yamada is happy"}, headers=api.alice.headers
    )
    assert answer.status_code == 200
    return session


async def forget(api: Api, **body: Any) -> dict[str, Any]:
    return await api.post("/v1/customers/forget", {"reason": "She asked for it.", **body}, status=200)


async def test_the_same_address_is_the_same_customer_in_one_organisation(api: Api) -> None:
    one = await api.create(customer=HANAKO)
    two = await api.create(customer={"name": "H. Y.", "email": "HANAKO@example.jp"})
    other = await api.create(customer={"name": "No address"})
    foreign = await api.create(api.gina, customer=HANAKO)
    assert one["customer_id"] == two["customer_id"]
    assert len({one["customer_id"], other["customer_id"], foreign["customer_id"]}) == 3
    [found] = (await api.get("/v1/customers", email="Hanako@example.JP"))["items"]
    assert (found["id"], found["name"], found["email"], found["sessions"]) == (
        one["customer_id"], "H. Y.", "HANAKO@example.jp", 2,
    )  # fmt: skip
    assert await api.get(f"/v1/customers/{one['customer_id']}") == found
    assert [row["id"] for row in (await api.get("/v1/customers"))["items"]] == [
        other["customer_id"], one["customer_id"],
    ]  # fmt: skip
    refused = await api.http.get(f"/v1/customers/{foreign['customer_id']}", headers=api.alice.headers)
    problem(refused, 404, "not-found")


async def test_forgetting_leaves_nulls_numbers_and_a_proof(api: Api) -> None:
    session, other = await over(api), await api.create(customer={"name": "Taro", "email": "taro@example.jp"})
    path = f"/v1/sessions/{session['id']}"
    before = await api.get(path)
    assert (before["purpose"], before["metadata"], before["forgotten"]) == (
        "Printer of Mrs Yamada",
        {"ward": "seven"},
        False,
    )
    assert before["reason"] == "Mrs Yamada hung up"
    gone = await forget(api, email="Hanako@Example.jp")
    assert (gone["forgotten"], gone["name"], gone["email"], gone["sessions"]) == (True, None, None, 1)
    shown = await api.get(path)
    assert shown["forgotten"] is True
    assert [shown[name] for name in ("customer", "reference", "purpose", "note", "closing_reason")] == [None] * 5
    assert (shown["metadata"], shown["notes"], shown["reason"]) == ({}, [], "other")
    assert (shown["started_at"], shown["ended_at"]) == (before["started_at"], before["ended_at"])
    events = (await api.get(f"{path}/events"))["items"]
    assert {event["type"] for event in events} >= {"session.created", "session.ended"}
    assert all(event["data"] == {} for event in events)
    assert any(event["forgotten"] for event in events)
    assert "amada" not in json.dumps([await api.get("/v1/sessions"), await api.get("/v1/customers"), events])
    assert (await api.get("/v1/customers", email="hanako@example.jp"))["items"] == []
    log = await api.get("/v1/audit-events", target_id=gone["id"])
    assert [(line["action"], line["data"]["reason"]) for line in log["items"]] == [
        ("customer.forgotten", "She asked for it.")
    ]
    assert (await api.get(f"/v1/sessions/{other['id']}"))["customer"]["name"] == "Taro", "nobody else is forgotten"
    again = await forget(api, customer_id=gone["id"])
    assert again["proof"] == gone["proof"]


async def test_the_proof_is_verified_without_the_server(api: Api) -> None:
    await over(api)
    gone = await forget(api, email=HANAKO["email"])
    keys = {key["kid"]: key for key in (await api.http.get("/.well-known/jwks.json")).json()["keys"]}
    said = tokens.verify_document(gone["proof"], keys, tokens.DESTRUCTION)
    assert (said["subject"], said["sessions"]) == (gone["id"], 1)
    assert "anako" not in json.dumps(said)
    head, body, signature = gone["proof"].split(".")
    with pytest.raises(tokens.TokenError):
        tokens.verify_document(".".join((head, body[:-2] + "AA", signature)), keys, tokens.DESTRUCTION)


async def test_who_was_forgotten_comes_back_as_somebody_else(api: Api) -> None:
    session = await over(api)
    gone = await forget(api, session_id=session["id"])
    fresh = await api.create(customer=HANAKO)
    assert fresh["customer_id"] != gone["id"]
    answer = await api.http.patch(f"/v1/sessions/{session['id']}", json={"note": "x"}, headers=api.alice.headers)
    problem(answer, 409, "customer-forgotten")


async def test_what_stands_in_the_way(api: Api) -> None:
    running_one = await api.create(customer=HANAKO)
    body = {"email": HANAKO["email"], "reason": "x"}

    async def refused(status: int, slug: str, person: Any = None, **other: Any) -> None:
        who = person or api.alice
        answer = await api.http.post("/v1/customers/forget", json=other or body, headers=who.headers)
        problem(answer, status, slug)

    await refused(409, "conflict")
    await refused(403, "scope-missing", api.bob)
    await refused(404, "not-found", api.gina)
    await refused(422, "invalid", email=HANAKO["email"], session_id=running_one["id"], reason="x")
    await refused(422, "invalid", reason="x")
    await api.post(f"/v1/sessions/{running_one['id']}/end", status=200)
    hold = await api.post(
        "/v1/legal-holds", {"scope": "customer", "customer_id": running_one["customer_id"], "reason": "Court"}
    )
    await refused(409, "legal-hold")
    lifted = await api.http.delete(f"/v1/legal-holds/{hold['id']}", headers=api.alice.headers)
    assert lifted.status_code == 204
    assert (await forget(api, email=HANAKO["email"]))["forgotten"]


async def test_evil_a_locked_customer_is_as_they_are_now(api: Api) -> None:
    """Found by address first, and locked then: the key that a rotation has given them in between is the one to destroy."""
    session = await api.create(customer=HANAKO)
    async with api.app.state.context.database.write() as db:
        customer = await db.get_one(Customer, session["customer_id"])
        other = update(Customer).where(col(Customer.id) == customer.id).values(key_id="ff" * 16)
        await db.exec(other, execution_options={"synchronize_session": False})
        again = await customers.by_id(db, customer.organization_id, customer.id, lock=True)
        assert again is not None
        assert again.key_id == "ff" * 16


async def test_evil_what_was_remembered_about_a_hold_goes_too(api: Api) -> None:
    """The answer names the customer, and is given again for a day to the same Idempotency-Key."""
    session = await over(api)
    body = {"scope": "customer", "customer_id": session["customer_id"], "reason": "Court"}
    headers = api.alice.headers | {"Idempotency-Key": "hold-1"}
    hold = (await api.http.post("/v1/legal-holds", json=body, headers=headers)).json()
    assert hold["customer_email"] == HANAKO["email"]
    again = await api.http.post("/v1/legal-holds", json=body, headers=headers)
    assert (again.json(), again.headers["Idempotent-Replayed"]) == (hold, "true")
    assert (await api.http.delete(f"/v1/legal-holds/{hold['id']}", headers=api.alice.headers)).status_code == 204
    await forget(api, email=HANAKO["email"])
    answer = await api.http.post("/v1/legal-holds", json=body, headers=headers)
    problem(answer, 409, "customer-forgotten")


async def test_evil_what_a_relay_was_to_be_told_about_the_customer_goes_too(api: Api) -> None:
    """Under the server's key, until the relay asks: one that is away would have it for a day."""
    await over(api)
    context = api.app.state.context

    async def told() -> list[bytes]:
        async with context.database.read() as db:
            return [row.reason_sealed for row in (await db.exec(select(RelayCommand))).all() if row.reason_sealed]

    assert await told()
    await forget(api, email=HANAKO["email"])
    assert not await told()


async def test_a_process_that_dies_in_between_is_finished_by_the_next(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = await over(api)
    context = api.app.state.context
    destroy = Keyring.destroy

    def dies(self: Keyring, key_ids: Any) -> int:
        raise ConnectionError("as if the process had been killed here")

    monkeypatch.setattr(Keyring, "destroy", dies)
    body = {"email": HANAKO["email"], "reason": "x"}
    answer = await api.http.post("/v1/customers/forget", json=body, headers=api.alice.headers)
    assert answer.status_code == 500
    shown = await api.get(f"/v1/sessions/{session['id']}")
    assert (shown["forgotten"], shown["customer"]) == (True, None), "it was committed that it shall be"
    monkeypatch.setattr(Keyring, "destroy", destroy)
    async with context.database.read() as db:
        begun = await db.get_one(Customer, session["customer_id"])
        assert begun.forgotten_at is not None
        assert await customers.half_forgotten(db, begun.forgotten_at) == [], "whoever began may still be at it"
    api.clock.advance(seconds=11)
    await forgetting.finish_begun(context)
    assert (await api.get(f"/v1/customers/{session['customer_id']}"))["proof"]


async def test_two_processes_share_one_keyring(installation: Installation, api: Api) -> None:
    """What one destroys the other does not open any more when it looks again, and at the latest after five seconds."""
    session = await over(api)
    async with running(installation, api.clock) as other:
        assert (await other.get(f"/v1/sessions/{session['id']}"))["customer"]["name"] == HANAKO["name"]
        keyring, now = other.app.state.context.keyring, [0.0]
        keyring._seconds, keyring._looked = lambda: now[0], 0.0
        async with other.app.state.context.database.read() as db:
            row = (await db.exec(select(Customer).where(Customer.id == session["customer_id"]))).one()
        key_id = bytes.fromhex(row.key_id)
        assert keyring.named(row.organization_id, key_id)
        await forget(api, email=HANAKO["email"])
        now[0] = 5.0
        with pytest.raises(KeyDestroyed):
            keyring.named(row.organization_id, key_id)


async def test_keys_that_nobody_took_are_cleared(api: Api) -> None:
    session = await api.create(customer=HANAKO)
    context = api.app.state.context
    before, _ = context.keyring.store.count()
    assert await sweep(context) == 0, "they are too young"
    api.clock.advance(days=3)
    await sweep(context)  # or upkeep, which may have been first
    after, gone = context.keyring.store.count()
    assert gone > 50, "made ahead, and not taken"
    assert (before - after, (await api.get(f"/v1/sessions/{session['id']}"))["customer"]["name"]) == (
        gone,
        HANAKO["name"],
    )


async def test_a_tombstone_says_which_key_it_was(api: Api) -> None:
    session = await over(api)
    context = api.app.state.context
    async with context.database.read() as db:
        key_id = (await db.get_one(Customer, session["customer_id"])).key_id
    await forget(api, email=HANAKO["email"])
    async with context.database.read() as db:
        retired = await db.get_one(RetiredKey, key_id)
        assert retired.destroyed_at is not None
        assert await customers.keys_in_use(db, [key_id]) == {key_id}
    assert context.keyring.store.read([bytes.fromhex(key_id)])[bytes.fromhex(key_id)].destroyed


async def test_a_key_that_is_gone_without_a_word_is_no_error(api: Api) -> None:
    """As after a restore of an older database: lists and sessions are shown, with nothing in them."""
    session, other = await api.create(customer=HANAKO), await api.create(customer={"name": "Taro"})
    context = api.app.state.context
    async with context.database.read() as db:
        key_id = (await db.get_one(Customer, session["customer_id"])).key_id
    context.keyring.destroy([bytes.fromhex(key_id)])
    shown = {item["id"]: item for item in (await api.get("/v1/sessions"))["items"]}
    gone = shown[session["id"]]
    assert (gone["forgotten"], gone["customer"], gone["code"]) == (True, None, None)
    assert shown[other["id"]]["customer"]["name"] == "Taro"
    assert (await api.get(f"/v1/sessions/{session['id']}/events"))["items"][0]["forgotten"]
    path = f"/v1/sessions/{session['id']}"
    for method, where, body in (
        ("PATCH", path, {"note": "x"}),
        ("POST", f"{path}/ticket", None),
        ("POST", f"{path}/invite", None),
    ):
        answer = await api.http.request(method, where, json=body, headers=api.alice.headers)
        assert answer.status_code in {409, 503}, (where, answer.text)
    assert (await api.get("/v1/customers"))["items"]
    ended = await api.http.post(f"{path}/end", json={"reason": "She is gone now."}, headers=api.alice.headers)
    assert ended.status_code < 500, ended.text
