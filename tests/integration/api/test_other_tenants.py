"""An id of another organisation is answered exactly like one that does not exist, on every route that takes one."""

import base64
import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from api.audit.tree.sequencer import Sequencer
from api.operators.models import Role
from api.passkeys.models import Passkey
from tests.integration.api.device import Machine, enrolled
from tests.integration.api.people import new_operator
from tests.integration.api.support import Api, Person
from tests.integration.api.test_permissions import Row, example, rows

pytestmark = pytest.mark.rule("R01")

NOT_TENANTS = {"slug", "method"}
"""Names of the api's own, not of anybody's things."""


async def _id(made: Awaitable[dict[str, Any]]) -> str:
    return str((await made)["id"])


async def _sign_in(api: Api) -> str:
    return str((await api.get("/v1/me/sign-ins", api.bob))["items"][0]["id"])


async def _machine(api: Api) -> str:
    public = base64.urlsafe_b64encode(Machine(api).public).rstrip(b"=").decode()
    return await _id(api.post("/v1/machines", {"name": "desk", "public_key": public}))


async def _passkey(api: Api) -> str:
    """Put there directly: making one needs a device that holds it (test_passkeys has one)."""
    context = api.app.state.context
    async with context.database.write() as db:
        row = Passkey(
            id=f"psk_{'A' * 26}", operator_id=api.alice.id, credential_id="x", public_key=b"x", sign_count=0, name="x",
            transports=[], backed_up=False, created_at=context.clock.now(),
        )  # fmt: skip
        db.add(row)
    return row.id


async def _someone(api: Api) -> str:
    return (await new_operator(api, "carol", Role.OPERATOR)).id


async def _device(api: Api) -> str:
    return (await enrolled(api)).id


async def _customer(api: Api) -> str:
    return str((await api.create(customer={"name": "Hanako"}))["customer_id"])


async def _hold(api: Api) -> str:
    return await _id(api.post("/v1/legal-holds", {"scope": "organization", "reason": "x"}))


async def _line(api: Api) -> str:
    """One that has its place in the log: with it, the newest has."""
    await Sequencer(api.app.state.context).step()
    return str((await api.get("/v1/audit-events", limit=1))["items"][0]["id"])


MAKE: dict[str, Callable[[Api], Awaitable[str]]] = {
    "session_id": lambda api: _id(api.create()),
    "operator_id": _someone,
    "device_id": _device,
    "group_id": lambda api: _id(api.post("/v1/device-groups", {"name": "East"})),
    "enrolment_id": lambda api: _id(api.post("/v1/device-enrolments", {"name": "East"})),
    "key_id": lambda api: _id(api.post("/v1/api-keys", {"name": "x", "scopes": ["me:read"]})),
    "integration_id": lambda api: _id(api.post("/v1/integrations", {"name": "x", "operator_id": api.alice.id})),
    "endpoint_id": lambda api: _id(api.post("/v1/webhook-endpoints", {"url": "https://93.184.215.14/x"})),
    "policy_id": lambda api: _id(api.post("/v1/policies", {"name": "Night"})),
    "sign_in_id": _sign_in,
    "machine_id": _machine,
    "passkey_id": _passkey,
    "customer_id": _customer,
    "hold_id": _hold,
    "event_id": _line,
}
"""A thing of acme for each kind of id in a path."""


def names(row: Row) -> list[str]:
    return re.findall(r"\{(\w+)\}", row.path)


def concerned() -> list[Row]:
    """Routes for operators and keys with somebody's id in the path."""
    return [row for row in rows() if row.scope is not None and set(names(row)) - NOT_TENANTS]


def test_every_kind_of_id_has_a_thing_to_try() -> None:
    assert {name for row in concerned() for name in names(row)} - NOT_TENANTS == set(MAKE)


async def answer(api: Api, row: Row, ids: dict[str, str], who: Person) -> tuple[int, dict[str, Any]]:
    path = re.sub(r"\{(\w+)\}", lambda found: ids[found[1]], row.path)
    given = await api.http.request(row.method, path, headers=who.headers, json=example(row))
    return given.status_code, {name: value for name, value in given.json().items() if name != "instance"}


async def test_evil_a_foreign_id_is_answered_like_one_that_does_not_exist(api: Api) -> None:
    ids = {name: await make(api) for name, make in MAKE.items()}
    unknown = {name: f"{value[:-12]}{'Z' * 12}" for name, value in ids.items()}
    for row in concerned():
        foreign, nothing = await answer(api, row, ids, api.gina), await answer(api, row, unknown, api.gina)
        assert (foreign[0], foreign[1]["slug"]) == (404, "not-found"), (row, foreign)
        assert foreign == nothing, row


async def test_the_things_are_there_for_their_own(api: Api) -> None:
    """Else the test above would prove nothing."""
    ids = {name: await make(api) for name, make in MAKE.items()}
    own = {"sign_in_id", "machine_id", "passkey_id"}
    for row in concerned():
        if row.method == "GET" and not set(names(row)) & own:
            status, body = await answer(api, row, ids, api.alice)
            assert status == 200 or body["slug"] == "receipt-not-yet", row


async def test_evil_lists_show_nothing_of_others(api: Api) -> None:
    ids = {name: await make(api) for name, make in MAKE.items()}
    for row in rows():
        if row.scope is not None and row.method == "GET" and not names(row):
            seen = await api.http.get(row.path, headers=api.gina.headers)
            assert seen.status_code == 200, row
            for value in ids.values():
                assert value not in seen.text, (row, value)
