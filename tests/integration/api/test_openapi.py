"""The OpenAPI document: complete, valid in its references, with examples that validate, and committed as it is."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from api import openapi
from api.app import ROUTERS, describe_only
from api.webhooks.schemas import SessionEnded

DOCUMENT = describe_only()
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


def test_it_is_3_1_with_tags_and_webhooks() -> None:
    assert DOCUMENT["openapi"].startswith("3.1")
    assert set(DOCUMENT["webhooks"]) == {"session.ended"}
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
        assert parameter.get("description") or "{" + parameter["name"] + "}" or parameter["name"], parameter


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
