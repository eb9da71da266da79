"""What was given out does not outlive the right it was given by: disabled organisations, administrators who left, keys."""

import pytest

from api.admin import parse, run
from tests.integration.api.device import Machine, enrolled, ticket
from tests.integration.api.support import PASSWORD, Api, Person, problem


async def disable(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """As whoever runs the server does it."""
    monkeypatch.setenv("TASUKI_DATA_DIR", str(api.folder))
    await run(parse(["organization", "disable", "--company", "acme", "--json"]))


async def test_a_disabled_organisation_lets_no_device_and_no_customer_in(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine, token, session = await enrolled(api), await ticket(api, uses=5), await api.create()
    called = await api.post(f"/v1/devices/{machine.id}/sessions", {"mode": "control"})
    await disable(api, monkeypatch)
    problem(await Machine(api).enrol(token), 401, "enrolment-refused")
    problem(await machine.take_up(called["id"]), 403, "device-disabled")
    problem(await machine.wait(), 403, "device-disabled")
    problem(await machine.prove(), 403, "device-disabled")
    problem(await api.http.post("/v1/join/preview", json={"code": session["code"]}), 404, "code-not-valid")
    problem(await api.join(session["code"]), 404, "code-not-valid")


async def administrator(api: Api, login: str) -> Person:
    """One more administrator of acme, who is signed in."""
    made = await api.post("/v1/operators", {"login": login, "name": login.title(), "role": "administrator"})
    body = {"username": f"acme/{login}", "password": made["one_time_password"], "new_password": f"{PASSWORD} {login}"}
    given = (await api.http.post("/v1/auth/password", json=body)).json()
    return Person(made["id"], f"acme/{login}", given["access_token"], given["refresh_token"])


async def test_an_enrolment_token_is_as_good_as_the_administrator_who_made_it(api: Api) -> None:
    for login, change in (("carl", {"role": "operator"}), ("cora", {"suspended": True}), ("cleo", None)):
        person = await administrator(api, login)
        token = await ticket(api, person, uses=5)
        assert (await Machine(api).enrol(token)).status_code == 201
        method = "DELETE" if change is None else "PATCH"
        path = f"/v1/operators/{person.id}"
        assert (await api.http.request(method, path, json=change, headers=api.alice.headers)).is_success
        problem(await Machine(api).enrol(token), 401, "enrolment-refused")
