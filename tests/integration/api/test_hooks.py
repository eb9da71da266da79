"""Incoming hooks: signed as Standard Webhooks says, one session per message, within the operator's policy."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook

from tests.integration.api.support import Api, problem

pytestmark = pytest.mark.rule("R30")
TICKET = {
    "ticket": {
        "id": 4711,
        "requester": {"name": "Hanako Yamada", "mail": "h@example.jp"},
        "links": ["https://crm.example/4711"],
    }
}
MAPPING = {
    "customer.name": "ticket.requester.name",
    "customer.email": "ticket.requester.mail",
    "reference.id": "ticket.id",
    "reference.url": "ticket.links.0",
}


async def integration(api: Api, **body: Any) -> dict[str, Any]:
    return await api.post(
        "/v1/integrations", {"name": "Helpdesk", "operator_id": api.bob.id, "mapping": MAPPING, **body}
    )


async def send(
    api: Api, hook: dict[str, Any], content: Any = None, message: str = "msg_1", **changes: Any
) -> httpx.Response:
    body = changes.pop("body", None) or json.dumps(TICKET if content is None else content)
    moment = datetime.now(UTC) + changes.pop("shift", timedelta())
    headers = {
        "webhook-id": message,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": Webhook(changes.pop("secret", hook["secret"])).sign(message, moment, body),
        "content-type": "application/json",
    }
    headers |= changes.pop("headers", {})
    return await api.http.post(changes.pop("path", f"/v1/hooks/{hook['id']}"), content=body, headers=headers)


async def test_a_signed_hook_opens_a_session(api: Api) -> None:
    hook = await integration(api)
    assert hook["url"] == f"http://localhost:8080/v1/hooks/{hook['id']}"
    answer = await send(api, hook)
    assert answer.status_code == 201, answer.text
    opened = answer.json()
    assert set(opened) == {"session_id", "code", "code_expires_at", "join_url", "console_url"}
    session = await api.get(f"/v1/sessions/{opened['session_id']}", api.bob)
    assert (session["code"], session["mode"]) == (opened["code"], "control")
    assert session["customer"] == {"name": "Hanako Yamada", "email": "h@example.jp"}
    assert session["reference"] == {"system": "Helpdesk", "id": "4711", "url": "https://crm.example/4711"}
    assert (await api.join(opened["code"])).status_code == 200


async def test_replay_of_a_hook_opens_no_second_session(api: Api) -> None:
    hook = await integration(api)
    first, again = await send(api, hook), await send(api, hook)
    assert first.json() == again.json()
    assert again.headers["idempotent-replayed"] == "true"
    problem(await send(api, hook, {"other": 1}), 409, "idempotency-key-reused")
    assert (await send(api, hook, message="msg_2")).json() != first.json()


async def test_tamper_stale_and_foreign_hooks_are_refused_alike(api: Api) -> None:
    hook, other = await integration(api), await integration(api, name="Other")
    refused = [
        await send(api, hook, secret=other["secret"]),
        await send(api, hook, shift=timedelta(minutes=-6)),
        await send(api, hook, shift=timedelta(minutes=6)),
        await send(api, hook, headers={"webhook-id": "msg_other"}),
        await send(api, hook, headers={"webhook-signature": "v1,AAAA"}),
        await send(api, hook, headers={"webhook-signature": "nonsense"}),
        await send(api, hook, headers={"webhook-signature": "v1,ä".encode()}),
        await send(api, hook, headers={"webhook-timestamp": "NaN"}),
        await send(api, hook, path="/v1/hooks/int_unknown"),
        await api.http.post(f"/v1/hooks/{hook['id']}", json=TICKET),
        await api.http.post(f"/v1/hooks/{hook['id']}", content=b"\xff\xfe", headers={"webhook-id": "x"}),
    ]
    details = {problem(answer, 401, "signature-wrong")["detail"] for answer in refused}
    assert len(details) == 1
    assert (await api.get("/v1/sessions"))["items"] == []


async def test_hooks_keep_to_the_operators_policy(api: Api) -> None:
    hook = await integration(api)
    await api.http.patch(f"/v1/operators/{api.bob.id}", json={"modes": ["view"]}, headers=api.alice.headers)
    problem(await send(api, hook), 403, "mode-not-allowed")
    await api.http.patch(f"/v1/operators/{api.bob.id}", json={"suspended": True}, headers=api.alice.headers)
    problem(await send(api, hook, message="msg_3"), 400, "bad-request")


@pytest.mark.parametrize(
    "content",
    [
        {}, [], {"ticket": None}, {"ticket": {"id": True}}, {"ticket": {"requester": {"name": {"first": "x"}}}},
        {"ticket": {"links": []}},
    ],
)  # fmt: skip
async def test_what_is_not_there_is_left_out(api: Api, content: Any) -> None:
    hook = await integration(api)
    answer = await send(api, hook, content if content != {} else {"x": 1})
    assert answer.status_code == 201, answer.text
    session = await api.get(f"/v1/sessions/{answer.json()['session_id']}")
    assert (session["customer"], session["reference"]) == (None, None)


async def test_what_does_not_fit_is_said(api: Api) -> None:
    hook = await integration(api)
    long = {"ticket": {"requester": {"name": "x" * 200}}}
    assert problem(await send(api, hook, long), 422, "invalid")["errors"][0]["pointer"] == "#/ticket/requester/name"
    problem(await send(api, hook, body="{not json", message="msg_9"), 422, "invalid")


async def test_integrations_are_listed_and_deleted(api: Api) -> None:
    hook = await integration(api)
    (listed,) = (await api.get("/v1/integrations"))["items"]
    assert "secret" not in listed
    assert listed["id"] == hook["id"]
    path = f"/v1/integrations/{hook['id']}"
    problem(await api.http.delete(path, headers=api.gina.headers), 404, "not-found")
    assert (await api.http.delete(path, headers=api.alice.headers)).status_code == 204
    problem(await send(api, hook), 401, "signature-wrong")
    foreign = {"name": "x", "operator_id": api.gina.id}
    problem(await api.http.post("/v1/integrations", json=foreign, headers=api.alice.headers), 422, "invalid")
