"""Races over accounts, run on SQLite with one app and on PostgreSQL with two."""

import asyncio

import httpx
import pytest

from api import admin
from tests.integration.api.support import PASSWORD, Api, Person

ADDRESSES = [f"198.51.100.{number}" for number in range(1, 41)]


async def from_address(api: Api, address: str, username: str, password: str, **headers: str) -> httpx.Response:
    """A sign-in by a client of its own."""
    transport = httpx.ASGITransport(api.app, raise_app_exceptions=False, client=(address, 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8080") as http:
        form = {"username": username, "password": password}
        return await http.post("/v1/auth/token", data=form, headers=headers)


async def administrator(api: Api, login: str, company: str = "acme", by: Person | None = None) -> Person:
    """A further administrator, signed in."""
    body = {"login": login, "name": login.title(), "role": "administrator"}
    made = await api.post("/v1/operators", body, by)
    return await settle(api, f"{company}/{login}", made["one_time_password"])


async def settle(api: Api, username: str, one_time: str, password: str = PASSWORD) -> Person:
    """Change the one-time password and be signed in."""
    body = {"username": username, "password": one_time, "new_password": password}
    answer = await api.http.post("/v1/auth/password", json=body)
    assert answer.status_code == 200, answer.text
    token = answer.json()["access_token"]
    me = await api.http.get("/v1/me", headers={"Authorization": f"Bearer {token}"})
    return Person(me.json()["operator"]["id"], username, token, answer.json()["refresh_token"])


async def third_organisation(api: Api, company: str = "initech", **environment: str) -> Person:
    """Made beside the running api, by whoever runs the server; its administrator."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"TASUKI_DATA_DIR": str(api.folder), **environment}.items():
            patch.setenv(name, value)
        made = await admin.run(admin.parse(["init", "--company", company, "--login", "eve", "--json"]))
    return await settle(api, f"{company}/eve", made["password"])


async def guesses_at_once(one: Api, two: Api) -> None:
    """Of many guesses sent at once to two processes, three are judged; the right one among the others is not told."""
    made = await one.post("/v1/operators", {"login": "target", "name": "Target"})
    body = {"username": "acme/target", "password": made["one_time_password"], "new_password": PASSWORD}
    assert (await one.http.post("/v1/auth/password", json=body)).status_code == 200
    wrong = [
        from_address(api, address, "acme/target", f"wrong {address}")
        for api, addresses in ((one, ADDRESSES[:5]), (two, ADDRESSES[5:10]))
        for address in addresses
    ]
    assert {answer.status_code for answer in await asyncio.gather(*wrong)} <= {401, 429}
    right = await from_address(two, ADDRESSES[20], "acme/target", PASSWORD)
    assert right.status_code in {401, 429}
    shown = await one.get(f"/v1/operators/{made['id']}")
    assert shown["locked_until"] is not None
    lines = (await one.get("/v1/audit-events", target_id=made["id"], limit=200))["items"]
    reasons = [line["data"]["why"] for line in lines if line["action"] == "sign_in.failed"]
    assert reasons.count("password") == 3
    assert set(reasons) <= {"password", "locked"}
    assert [line["action"] for line in lines].count("sign_in.locked") == 1


async def last_administrator(one: Api, two: Api, eve: Person) -> None:
    """Two administrators, the only ones, suspend, demote and delete each other at once: one remains."""
    mallory = await administrator(two, "mallory", "initech", eve)
    acts = [
        two.http.patch(f"/v1/operators/{mallory.id}", json={"role": "operator"}, headers=eve.headers),
        one.http.patch(f"/v1/operators/{eve.id}", json={"suspended": True}, headers=mallory.headers),
        one.http.delete(f"/v1/operators/{mallory.id}", headers=eve.headers),
        two.http.delete(f"/v1/operators/{eve.id}", headers=mallory.headers),
    ]
    answers = await asyncio.gather(*acts)
    assert {answer.status_code for answer in answers} <= {200, 204, 401, 403, 404, 409}
    assert sum(answer.status_code in {200, 204} for answer in answers) >= 1
    left = [person for person in (eve, mallory) if await administers(one, person)]
    assert len(left) == 1
    mine = f"/v1/operators/{left[0].id}"
    assert (await one.http.delete(mine, headers=left[0].headers)).status_code == 409


async def gone(api: Api, person: Person, by: Person) -> None:
    answer = await api.http.delete(f"/v1/operators/{person.id}", headers=by.headers)
    assert answer.status_code == 204, answer.text


async def administers(api: Api, person: Person) -> bool:
    return (await api.http.get("/v1/audit-events", headers=person.headers)).status_code == 200
