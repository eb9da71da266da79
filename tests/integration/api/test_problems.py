"""R32: every error is a problem document, and says nothing it should not."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from structlog.testing import capture_logs

from api.edge import MAX_BODY_BYTES
from api.problems import catalogue
from tests.integration.api.support import Api, problem

pytestmark = pytest.mark.rule("R32")


async def test_unknown_addresses_and_methods(api: Api) -> None:
    problem(await api.http.get("/nothing"), 404, "not-found")
    problem(await api.http.get("/v1/nothing"), 404, "not-found")
    refused = await api.http.put("/v1/sessions", headers=api.alice.headers)
    problem(refused, 405, "method-not-allowed")
    assert set(refused.headers["allow"].split(", ")) & {"GET", "POST"}
    problem(await api.http.post("/console"), 405, "method-not-allowed")


@pytest.mark.parametrize(
    "body", [b"{", b"\xff\xfe", b'{"mode": "view",}', b"[" * 100_000, b'{"mode": NaN}', b"null", b""]
)
async def test_broken_json(api: Api, body: bytes) -> None:
    headers = {**api.alice.headers, "Content-Type": "application/json"}
    answer = await api.http.post("/v1/sessions", content=body, headers=headers)
    assert all(set(error) == {"detail", "pointer"} for error in problem(answer, 422, "invalid")["errors"])


async def test_nul_in_a_query_is_invalid_wherever_it_stands(api: Api) -> None:
    for url in ("/v1/sessions?reference_id=%00", "/v1/sessions?nothing=a%00b", "/v1/sessions?%00=1", "/healthz?%00"):
        problem(await api.http.get(url, headers=api.alice.headers), 422, "invalid")


async def test_other_content_types(api: Api) -> None:
    for kind in ("text/plain", "application/xml", "application/x-www-form-urlencoded"):
        headers = {**api.alice.headers, "Content-Type": kind}
        answer = await api.http.post("/v1/sessions", content=b'{"mode": "view"}', headers=headers)
        problem(answer, 422, "invalid")


async def test_a_body_over_the_limit(api: Api) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(MAX_BODY_BYTES // 1024 + 2):
            yield b" " * 1024

    big = b" " * (MAX_BODY_BYTES + 1)
    for path, content in (
        ("/v1/sessions", big),
        ("/v1/sessions", endless()),
        ("/v1/hooks/int_x", big),
        ("/v1/join", big),
    ):
        headers = {**api.alice.headers, "Content-Type": "application/json"}
        problem(await api.http.post(path, content=content, headers=headers), 413, "payload-too-large")


async def test_values_are_not_echoed(api: Api) -> None:
    for path, body in (
        ("/v1/auth/password", {"username": "x", "password": "my-secret-value", "new_password": "my-secret-value"}),
        ("/v1/join", {"code": "my-secret-value"}),
    ):
        answer = await api.http.post(path, json=body)
        assert answer.status_code == 422
        assert "my-secret-value" not in answer.text


async def test_a_fault_of_ours_says_nothing_of_its_inside(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise RuntimeError("password=hunter2 in some internal text")

    monkeypatch.setattr("api.sessions.service.get", broken)
    with capture_logs() as logs:
        answer = await api.http.get("/v1/sessions/ses_x", headers=api.alice.headers)
    body = problem(answer, 500, "internal")
    assert "hunter2" not in answer.text
    (bug,) = [entry for entry in logs if entry["event"] == "api.bug"]
    assert (bug["request_id"], bug["error"]) == (body["instance"], "RuntimeError")


async def test_every_kind_of_problem_has_a_page(api: Api) -> None:
    for slug, kind in catalogue().items():
        page = (await api.http.get(f"/problems/{slug}")).json()
        assert (page["slug"], page["status"]) == (slug, kind.status)
    problem(await api.http.get("/problems/unknown"), 404, "not-found")


@pytest.mark.parametrize(
    "path", ["/v1/sessions/x\u0000", "/v1/sessions/" + "x" * 5000, "/v1/sessions/%00", "/v1/sessions/ä"]
)
async def test_strange_ids_are_not_found(api: Api, path: str) -> None:
    answer = await api.http.get(path.replace("\u0000", "%00"), headers=api.alice.headers)
    problem(answer, 404, "not-found")


@pytest.mark.parametrize("text", ["\u0000", "í\xa0\x80", "\u0007", "' OR 1=1 --", "💥" * 50])
async def test_strange_texts_come_back_as_they_went_in_or_are_refused(api: Api, text: str) -> None:
    body: dict[str, Any] = {"mode": "view", "customer": {"name": f"a{text}b"}}
    answer = await api.http.post("/v1/sessions", content=json.dumps(body).encode(), headers=api.alice.headers)
    if answer.status_code == 201:
        assert answer.json()["customer"]["name"] == f"a{text}b"
    else:
        problem(answer, 422, "invalid")


async def test_a_lone_surrogate_is_refused(api: Api) -> None:
    headers = {**api.alice.headers, "Content-Type": "application/json"}
    body = b'{"mode": "view", "customer": {"name": "\\ud800"}}'
    answer = await api.http.post("/v1/sessions", content=body, headers=headers)
    problem(answer, 422, "invalid")
