"""The OpenAPI document: complete, valid in its references, with examples that validate, and committed as it is."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import TypeAdapter

from api import openapi, samples
from api.app import ROUTERS
from api.problems import catalogue
from api.webhooks.schemas import SessionEnded
from tests.integration.api.described import openapi_document

DOCUMENT = openapi_document()
OPERATIONS = [
    pytest.param(operation, id=operation["operationId"])
    for paths in (DOCUMENT["paths"], DOCUMENT["webhooks"])
    for methods in paths.values()
    for operation in methods.values()
]


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for item in value.values():
            yield from references(item)
    elif isinstance(value, list):
        for item in value:
            yield from references(item)


def test_the_committed_file_is_current() -> None:
    assert openapi.FILE.read_text() == openapi.text_of(DOCUMENT), "run: make openapi"


def test_every_reference_leads_somewhere() -> None:
    for reference in set(references(DOCUMENT)):
        here: Any = DOCUMENT
        for step in reference.removeprefix("#/").split("/"):
            assert step in here, reference
            here = here[step]


def test_the_names_of_components_are_names() -> None:
    """The OpenAPI specification allows no other characters."""
    for kind, members in DOCUMENT["components"].items():
        for name in members:
            assert re.fullmatch(r"[a-zA-Z0-9._-]+", name), (kind, name)
    schemes = set(DOCUMENT["components"]["securitySchemes"])
    for parameter in OPERATIONS:
        for needed in parameter.values[0].get("security", []):  # type: ignore[union-attr]
            assert set(needed) <= schemes


def test_it_is_3_1_with_tags_and_webhooks() -> None:
    assert DOCUMENT["openapi"].startswith("3.1")
    assert set(DOCUMENT["webhooks"]) == {"session.ended", "audit.checkpoint"}
    tags = {tag["name"]: tag["description"] for tag in DOCUMENT["tags"]}
    assert all(tags.values())
    used = {tag for parameter in OPERATIONS for tag in parameter.values[0]["tags"]}  # type: ignore[index]
    assert used == set(tags)


def test_operation_ids_are_unique() -> None:
    ids = [parameter.id for parameter in OPERATIONS]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_operation_is_described_with_examples(operation: dict[str, Any]) -> None:
    assert operation["summary"]
    assert operation["description"]
    assert operation["tags"]
    for body in [operation.get("requestBody", {}), *operation["responses"].values()]:
        for content in body.get("content", {}).values():
            assert content.get("example") is not None or content.get("examples"), content
    for status, answer in operation["responses"].items():
        assert answer["description"]
        if not status.startswith("2"):
            assert list(answer["content"]) == ["application/problem+json"]
    for parameter in operation.get("parameters", []):
        assert parameter["description"], parameter
        assert parameter["example"] is not None, parameter


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for item in value.values():
            yield from texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)
    elif isinstance(value, str):
        yield value


@pytest.mark.parametrize("operation", OPERATIONS)
def test_examples_look_like_the_real_thing(operation: dict[str, Any]) -> None:
    docstrings = {(kind.__doc__ or "").strip().splitlines()[0] for kind in catalogue().values()}
    for body in [operation.get("requestBody", {}), *operation["responses"].values()]:
        for content in body.get("content", {}).values():
            for problem in content.get("examples", {}).values():
                assert problem["value"]["detail"] not in docstrings
            assert not {"text", "string"} & set(texts(content.get("example")))


def example(path: str, method: str, status: str) -> dict[str, Any]:
    return dict(DOCUMENT["paths"][path][method]["responses"][status]["content"]["application/json"]["example"])


def test_the_examples_of_a_session_tell_one_story() -> None:
    host, viewer = example("/v1/join", "post", "200"), example("/v1/sessions/{session_id}/ticket", "post", "201")
    assert (host["state"], host["participant"]["role"], host["participant"]["side"]) == ("claimed", "host", "customer")
    assert (viewer["participant"]["role"], viewer["participant"]["side"]) == ("viewer", "operator")
    made, seen = example("/v1/sessions", "post", "201"), example("/v1/sessions/{session_id}", "get", "200")
    over = example("/v1/sessions/{session_id}/end", "post", "200")
    assert (made["state"], made["participants"], made["started_at"], made["ended_by"]) == ("waiting", [], None, None)
    assert (seen["state"], seen["code"], seen["ended_at"]) == ("active", None, None)
    assert over["created_at"] < over["claimed_at"] < over["started_at"] < over["ended_at"] < over["ends_at"]
    assert over["state"] == "ended"


def test_whole_answers_are_answers_of_their_routes() -> None:
    left = set(samples.ANSWERS)
    for router in ROUTERS:
        for route in router.routes:
            name, model = route.operation_id, route.response_model  # type: ignore[attr-defined]
            if name in samples.ANSWERS and name != "get_jwks":
                given = TypeAdapter(model).validate_python(samples.ANSWERS[name])
                assert json.loads(given.model_dump_json()) == samples.ANSWERS[name], name
            left.discard(name)
    assert left == set()


def test_what_slows_down_says_so_in_its_headers() -> None:
    for path in ("/v1/auth/token", "/v1/auth/password", "/v1/join", "/v1/join/preview"):
        responses = DOCUMENT["paths"][path]["post"]["responses"]
        assert {"RateLimit", "RateLimit-Policy"} <= set(responses["200"]["headers"])
        assert set(responses["429"]["headers"]) == {"RateLimit", "RateLimit-Policy", "Retry-After"}


def test_a_webhook_names_the_headers_it_is_signed_with() -> None:
    sent = DOCUMENT["webhooks"]["session.ended"]["post"]["parameters"]
    names = ["webhook-id", "webhook-timestamp", "webhook-signature"]
    assert [(header["name"], header["in"], header["required"]) for header in sent] == [
        (name, "header", True) for name in names
    ]
    hook = DOCUMENT["paths"]["/v1/hooks/{integration_id}"]["post"]
    assert [header["name"] for header in hook["parameters"] if header["in"] == "header"] == names
    assert "Idempotency-Key" in hook["description"]


def test_lists_are_pages() -> None:
    for path, methods in DOCUMENT["paths"].items():
        example = (
            methods.get("get", {}).get("responses", {}).get("200", {}).get("content", {}).get("application/json", {})
        )
        if "items" in example.get("example", {}):
            assert "next_cursor" in example["example"], path
            names = {parameter["name"] for parameter in methods["get"].get("parameters", [])}
            assert {"limit", "cursor"} <= names or path.endswith(("/participants", "/guests", "/queue")), path


def test_examples_validate_against_their_models() -> None:
    """The examples of request and response bodies go through the very models they illustrate."""
    checked = 0
    for router in ROUTERS:
        for route in router.routes:
            path = DOCUMENT["paths"][route.path]  # type: ignore[attr-defined]
            for method in route.methods:  # type: ignore[attr-defined]
                operation = path[method.lower()]
                field = route.body_field  # type: ignore[attr-defined]
                content = operation.get("requestBody", {}).get("content", {}).get("application/json")
                if field is not None and content is not None:
                    _, errors = field.validate(content["example"], loc=("body",))
                    assert not errors, (operation["operationId"], errors)
                    checked += 1
    assert checked > 10
    example = DOCUMENT["webhooks"]["session.ended"]["post"]["requestBody"]["content"]["application/json"]["example"]
    assert SessionEnded.model_validate(example)
    json.dumps(DOCUMENT, allow_nan=False)
