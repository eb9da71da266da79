"""Two hundred sessions at once: made, claimed twice and ended twice, by one process or by several."""

import asyncio
from collections import Counter
from collections.abc import Sequence

import httpx
from sqlmodel import col, select

from api.events.models import Event
from api.sessions.models import Session, SessionCode
from tests.integration.api.support import Api

MANY = 200


async def crowd(processes: Sequence[Api]) -> None:
    """Nothing is lost, nothing happens twice, and every session goes through its states in order."""

    def by_turns(number: int) -> Api:
        return processes[number % len(processes)]

    made = await asyncio.gather(*(by_turns(number).create() for number in range(MANY)))
    ids = {session["id"] for session in made}
    assert len(ids) == len({session["code"] for session in made}) == MANY
    await processes[0].later(seconds=0)
    joins = await asyncio.gather(
        *(
            join_from(by_turns(number + turn), session["code"], f"10.{number // 250}.{number % 250}.7")
            for number, session in enumerate(made)
            for turn in (0, 1)
        )
    )
    answers = Counter(answer.status_code for answer in joins)
    assert answers[200] == MANY, (answers, [answer.text for answer in joins if answer.status_code >= 500][:3])
    assert set(answers) <= {200, 404, 429}, "and the other hears that it is not valid, or to slow down"
    assert {answer.json()["session_id"] for answer in joins if answer.status_code == 200} == ids
    ends = await asyncio.gather(
        *(
            by_turns(number).post(f"/v1/sessions/{one}/end", {"reason": f"r{number}"}, status=200)
            for one in ids
            for number in (0, 1)
        )
    )
    reasons: dict[str, set[str]] = {}
    for end in ends:
        reasons.setdefault(end["id"], set()).add(end["reason"])
    assert {len(found) for found in reasons.values()} == {1}, "of two ends one counts, and both hear which"
    await _told_once(processes[0], ids)


async def join_from(api: Api, code: str, address: str) -> httpx.Response:
    transport = httpx.ASGITransport(api.app, client=(address, 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8080") as http:
        return await http.post("/v1/join", json={"code": code})


async def _told_once(api: Api, ids: set[str]) -> None:
    async with api.app.state.context.database.read() as db:
        events = (await db.exec(select(Event).where(col(Event.session_id).in_(ids)).order_by(col(Event.id)))).all()
        states = (await db.exec(select(Session.state).where(col(Session.id).in_(ids)))).all()
        codes = (await db.exec(select(SessionCode).where(col(SessionCode.session_id).in_(ids)))).all()
    told: dict[str, list[str]] = {}
    for event in sorted(events, key=lambda event: event.time):
        told.setdefault(event.session_id, []).append(event.type)
    assert set(told) == ids
    assert {tuple(kinds) for kinds in told.values()} == {("session.created", "session.claimed", "session.ended")}
    assert set(states) == {"ended"}
    assert len(codes) == MANY
    assert all(code.claimed_at is not None and code.sealed is None for code in codes)
