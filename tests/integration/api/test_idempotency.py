"""R31: the same request twice has one effect and one answer."""

import asyncio
from typing import Any

import httpx
import pytest

from api import upkeep
from tests.integration.api.described import openapi_document
from tests.integration.api.support import Api, problem

pytestmark = [pytest.mark.rule("R31"), pytest.mark.both_databases]


async def create(api: Api, key: str, body: object = None, person=None):  # type: ignore[no-untyped-def]
    headers = {**(person or api.alice).headers, "Idempotency-Key": key}
    return await api.http.post("/v1/sessions", json=body or {"mode": "view"}, headers=headers)


async def test_the_same_request_gets_the_same_answer(api: Api) -> None:
    first, again = await create(api, "k1"), await create(api, "k1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert len((await api.get("/v1/sessions"))["items"]) == 1


async def test_another_request_under_the_key_is_a_conflict(api: Api) -> None:
    await create(api, "k1")
    problem(await create(api, "k1", {"mode": "control"}), 409, "idempotency-key-reused")


async def test_keys_belong_to_their_caller(api: Api) -> None:
    first, second = await create(api, "k1"), await create(api, "k1", person=api.bob)
    assert first.json()["id"] != second.json()["id"]


async def test_many_at_once_make_one(api: Api) -> None:
    answers = await asyncio.gather(*(create(api, "k1") for _ in range(10)))
    assert {answer.json()["id"] for answer in answers} == {answers[0].json()["id"]}
    assert len((await api.get("/v1/sessions"))["items"]) == 1


async def test_a_failure_is_not_remembered(api: Api) -> None:
    problem(await create(api, "k1", {"mode": "view", "operator_id": "opr_x"}), 422, "invalid")
    assert (await create(api, "k1")).status_code == 201


async def test_a_key_is_forgotten_after_a_day(api: Api) -> None:
    first = await create(api, "k1")
    await api.later(hours=24, seconds=1)
    await upkeep.purge(api.app.state.context)
    second = await create(api, "k1")
    assert first.json()["id"] != second.json()["id"]


@pytest.mark.parametrize("key", ["", "x" * 256, "a\tb", "ä"])
async def test_a_malformed_key_is_422(api: Api, key: str) -> None:
    answer = await api.http.post(
        "/v1/sessions",
        json={"mode": "view"},
        headers={
            b"Authorization": api.alice.headers["Authorization"].encode(),
            b"Idempotency-Key": key.encode("latin-1"),
        },
    )
    problem(answer, 422, "invalid")


async def test_one_time_secrets_can_be_fetched_again(api: Api) -> None:
    for path, body, secret in (
        ("/v1/operators", {"login": "dave", "name": "Dave"}, "one_time_password"),
        ("/v1/api-keys", {"name": "CRM", "scopes": ["sessions:read"]}, "key"),
        ("/v1/integrations", {"name": "Desk", "operator_id": api.bob.id}, "secret"),
    ):
        headers = {**api.alice.headers, "Idempotency-Key": "k1"}
        first = await api.http.post(path, json=body, headers=headers)
        again = await api.http.post(path, json=body, headers=headers)
        assert first.status_code == 201, first.text
        assert first.json()[secret] == again.json()[secret]


@pytest.mark.parametrize("key", ["1", "x" * 255, "a key with spaces", "!~"])
async def test_any_printable_key_will_do(api: Api, key: str) -> None:
    first, again = await create(api, key), await create(api, key)
    assert (first.status_code, first.json()) == (201, again.json())


async def ticket(api: Api, session: dict[str, Any], **headers: str) -> httpx.Response:
    return await api.http.post(f"/v1/sessions/{session['id']}/ticket", headers={**api.alice.headers, **headers})


async def test_a_ticket_is_given_again_for_its_key(api: Api) -> None:
    session, other = await api.create(), await api.create()
    first, again = [await ticket(api, session, **{"Idempotency-Key": "t1"}) for _ in range(2)]
    assert (first.status_code, first.json()) == (201, again.json())
    assert again.headers["idempotent-replayed"] == "true"
    assert (await ticket(api, session, **{"Idempotency-Key": "t2"})).json()["ticket"] != first.json()["ticket"]
    assert (await ticket(api, other, **{"Idempotency-Key": "t1"})).json()["session_id"] == other["id"]


async def test_a_ticket_that_is_not_for_web_pages_is_not_given_again_to_one(api: Api) -> None:
    session = await api.create()
    await ticket(api, session, **{"Idempotency-Key": "t1"})
    console = {"Idempotency-Key": "t1", "Origin": "http://localhost:8080"}
    problem(await ticket(api, session, **console), 409, "idempotency-key-reused")
    foreign = {"Idempotency-Key": "t1", "Origin": "https://evil.example"}
    problem(await ticket(api, session, **foreign), 403, "origin-not-allowed")


def test_the_conflict_and_the_mark_are_documented_wherever_a_key_is_taken() -> None:
    taking = []
    for path, methods in openapi_document()["paths"].items():
        for operation in methods.values():
            names = {parameter["name"] for parameter in operation.get("parameters", [])}
            if names & {"Idempotency-Key", "webhook-id"}:
                taking.append(path)
                examples = operation["responses"]["409"]["content"]["application/problem+json"]["examples"]
                assert "idempotency-key-reused" in examples, path
                (given,) = (answer for status, answer in operation["responses"].items() if status.startswith("2"))
                assert "Idempotent-Replayed" in given["headers"], path
    assert {"/v1/sessions", "/v1/sessions/{session_id}/ticket", "/v1/join", "/v1/hooks/{integration_id}"} <= set(taking)
    assert len(taking) >= 20
