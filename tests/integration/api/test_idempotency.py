"""R31: the same request twice has one effect and one answer."""

import asyncio

import pytest

from api import upkeep
from tests.integration.api.support import Api, problem

pytestmark = pytest.mark.rule("R31")


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
    problem(await create(api, "k1", {"mode": "view", "operator_id": "opr_x"}), 400, "bad-request")
    assert (await create(api, "k1")).status_code == 201


async def test_a_key_is_forgotten_after_a_day(api: Api) -> None:
    first = await create(api, "k1")
    await api.later(hours=24, seconds=1)
    await upkeep.purge(api.app.state.context)
    second = await create(api, "k1")
    assert first.json()["id"] != second.json()["id"]


@pytest.mark.parametrize("key", ["", "x" * 201, "a b", "ä"])
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
