"""Finding sessions again, and what is written down about them."""

from typing import Any

import pytest
from sqlmodel import col, select

from api.sessions.models import Session
from tests.integration.api.support import Api, problem

pytestmark = pytest.mark.both_databases


async def found(api: Api, person: Any = None, **filters: Any) -> set[str]:
    return {item["id"] for item in (await api.get("/v1/sessions", person, **filters))["items"]}


async def test_every_filter_finds_its_own(api: Api) -> None:
    before = api.clock.now()
    crm = await api.create(reference={"system": "crm", "id": "4711"}, customer={"name": "A", "email": "A@Example.jp"})
    desk = await api.create(api.bob, mode="view", reference={"system": "desk", "id": "4711"}, customer={"name": "B"})
    await api.later(minutes=5)  # the codes are still good: nothing expires while it is looked for
    queued = await api.create(queue=True)
    late = api.clock.now()
    everything = {crm["id"], desk["id"], queued["id"]}
    assert await found(api) == everything
    assert await found(api, mode="view") == {desk["id"]}
    assert await found(api, operator_id=api.bob.id) == {desk["id"]}
    assert await found(api, reference_id="4711") == {crm["id"], desk["id"]}
    assert await found(api, reference_id="4711", reference_system="desk") == {desk["id"]}
    assert await found(api, customer_email="a@example.JP") == {crm["id"]}
    assert await found(api, customer_email="a@example") == set()
    assert await found(api, queue=True) == {queued["id"]}
    assert await found(api, queue=False) == {crm["id"], desk["id"]}
    assert await found(api, created_from=before.isoformat(), created_to=late.isoformat(), queue=False) == {
        crm["id"], desk["id"],
    }  # fmt: skip
    assert await found(api, created_from=late.isoformat()) == set()
    assert await found(api, q="471") == {crm["id"], desk["id"]}
    assert await found(api, q="%") == set()
    assert await found(api, api.bob) == {desk["id"]}
    assert await found(api, api.gina) == set()
    assert await found(api, state=["waiting"], mode="control") == {crm["id"], queued["id"]}
    problem(await api.http.get("/v1/sessions", params={"mode": "x"}, headers=api.alice.headers), 422, "invalid")


async def test_the_address_is_not_in_the_table(api: Api) -> None:
    session = await api.create(customer={"name": "A", "email": "unmistakable@example.jp"})
    async with api.app.state.context.database.read() as db:
        row = (await db.exec(select(Session).where(col(Session.id) == session["id"]))).one()
    assert row.customer_id.startswith("cus_")
    assert "unmistakable" not in repr(row.model_dump())


async def test_an_operators_list_has_their_own_and_those_they_are_a_guest_in_page_by_page(api: Api) -> None:
    made = []
    for number in range(6):
        session = await api.create(api.bob if number % 2 else api.alice)
        if not number % 2:
            await api.post(f"/v1/sessions/{session['id']}/guests", {"operator_id": api.bob.id})
        made.append(session["id"])
    await api.create()
    seen, cursor = [], None
    while True:
        page = await api.get("/v1/sessions", api.bob, limit=2, **({"cursor": cursor} if cursor else {}))
        seen += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == list(reversed(made))


async def test_notes_have_authors_and_stay_in_order(api: Api) -> None:
    session = await api.create(api.bob)
    path = f"/v1/sessions/{session['id']}"

    async def note(person: Any, **body: Any) -> dict[str, Any]:
        answer = await api.http.patch(path, json=body, headers=person.headers)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    await note(api.bob, note="Called back.", reference={"system": "crm", "id": "9"})
    await api.post(f"{path}/end", {"note": "Printer was off."}, api.bob, status=200)
    shown = await note(api.alice, note="Customer is happy.", closing_reason="solved")
    assert [(one["author_name"], one["text"]) for one in shown["notes"]] == [
        ("Bob", "Called back."), ("Bob", "Printer was off."), ("Alice", "Customer is happy."),
    ]  # fmt: skip
    assert (shown["note"], shown["closing_reason"], shown["state"]) == ("Customer is happy.", "solved", "ended")
    assert shown["reference"] == {"system": "crm", "id": "9", "url": None}
    assert await found(api, q="PRINTER") == {session["id"]}
    assert (await note(api.alice, closing_reason=None, reference=None))["closing_reason"] is None
    assert (await api.get(path))["reference"] is None
    problem(await api.http.patch(path, json={"note": "x"}, headers=api.gina.headers), 404, "not-found")
    problem(await api.http.patch(path, json={"state": "active"}, headers=api.alice.headers), 422, "invalid")
    assert (await api.get("/v1/sessions"))["items"][0]["notes"] == [], "a list has the newest note only"


async def test_an_administrators_end_is_in_the_log(api: Api) -> None:
    session = await api.create(api.bob)
    await api.post(f"/v1/sessions/{session['id']}/end", {"reason": "shift over"}, status=200)
    (line,) = (await api.get("/v1/audit-events", action="session.ended_by_force"))["items"]
    assert (line["actor"]["name"], line["target"]["id"], line["data"]) == (
        "Alice", session["id"], {"reason": "shift over"},
    )  # fmt: skip
