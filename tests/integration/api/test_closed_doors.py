"""What was given out does not outlive the right it was given by: disabled organisations, administrators who left, keys."""

from typing import Any

import pytest

from api.admin import parse, run
from tests.integration.api.device import Machine, enrolled, ticket
from tests.integration.api.support import PASSWORD, Api, problem

pytestmark = pytest.mark.usefixtures("quick_passwords")


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
