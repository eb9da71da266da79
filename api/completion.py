"""What the routes leave unsaid in the OpenAPI document and every operation has: common problems, headers, examples."""

from typing import Any

from api import examples, samples
from api.auth.permissions import FRESH
from api.problems import (
    Forbidden,
    IdempotencyMismatch,
    Invalid,
    NetworkNotAllowed,
    NotFound,
    PayloadTooLarge,
    Problem,
    ScopeMissing,
    StepUpRequired,
    TokenRefused,
    Unauthenticated,
)

KEY_HEADER = "Idempotency-Key"
KEY_PARAMETERS = {KEY_HEADER, "webhook-id"}
MOMENT = "2026-12-01T09:00:00Z"

_TEXT = {"type": "string"}
RATE_HEADERS = {
    "RateLimit-Policy": {
        "description": "How many failures are free in how many seconds (IETF draft ratelimit-headers).",
        "schema": _TEXT,
        "example": '"join";q=10;w=900',
    },
    "RateLimit": {
        "description": "How many failures are left, and the seconds until there are more.",
        "schema": _TEXT,
        "example": '"join";r=9;t=900',
    },
}
RETRY_AFTER = {"description": "Seconds to wait before trying again.", "schema": {"type": "integer"}, "example": 840}
REPLAYED = {
    "description": "`true` when the answer was given before and nothing was done again; left out otherwise.",
    "schema": {"type": "string", "enum": ["true"]},
    "example": "true",
}


def complete(operation: dict[str, Any], schemas: dict[str, Any], *, incoming: bool = True) -> None:
    """Finish one operation; one of ours that we call (a webhook) has no problems to answer."""
    if incoming:
        _add_problems(operation)
        _add_headers(operation)
    else:
        operation["responses"].pop("422", None)
    operation["responses"] = dict(sorted(operation["responses"].items()))
    _add_parameter_examples(operation)
    _add_example(operation.get("requestBody", {}), schemas, samples.REQUESTS.get(operation["operationId"]))
    for status, answer in operation["responses"].items():
        if status.startswith("2"):
            schema = _add_example(answer, schemas, samples.ANSWERS.get(operation["operationId"]))
            answer["description"] = schema.get("description", "Done.").splitlines()[0]


def _add_problems(operation: dict[str, Any]) -> None:
    """By what the operation takes: somebody's proof, a scope, a path, a body, a key of idempotency. 422 is everywhere."""
    schemes = {name for needed in operation.get("security", []) for name in needed}
    kinds: list[type[Problem]] = [Unauthenticated, TokenRefused] if schemes else []
    if "operator" in schemes:
        kinds += [ScopeMissing, NetworkNotAllowed]
    if any(FRESH in scopes for needed in operation.get("security", []) for scopes in needed.values()):
        kinds += [Forbidden, StepUpRequired]
    if any(parameter["in"] == "path" for parameter in operation.get("parameters", [])):
        kinds.append(NotFound)
    if "requestBody" in operation or _takes_key(operation):
        kinds.append(PayloadTooLarge)
    if _takes_key(operation):
        kinds.append(IdempotencyMismatch)
    operation["responses"].pop("422", None)
    examples.add(operation["responses"], *kinds, Invalid)


def _add_headers(operation: dict[str, Any]) -> None:
    found = operation["responses"]
    limited = "429" in found
    for status, answer in found.items():
        headers: dict[str, Any] = {}
        if limited and (status.startswith("2") or status in {"401", "404", "429"}):
            headers |= RATE_HEADERS
        if status in {"429", "503"}:
            headers["Retry-After"] = RETRY_AFTER
        if _takes_key(operation) and status.startswith("2"):
            headers["Idempotent-Replayed"] = REPLAYED
        if headers:
            answer["headers"] = answer.get("headers", {}) | headers


def _takes_key(operation: dict[str, Any]) -> bool:
    return any(parameter["name"] in KEY_PARAMETERS for parameter in operation.get("parameters", []))


def _add_parameter_examples(operation: dict[str, Any]) -> None:
    for parameter in operation.get("parameters", []):
        name = parameter["name"]
        if name == "after":
            parameter["example"] = samples.AFTER[operation["operationId"]]
        elif name in samples.PARAMETERS:
            text, example = samples.PARAMETERS[name]
            parameter.setdefault("description", text)
            own = parameter.get("schema", {}).get("examples")
            parameter["example"] = own[0] if own else example


def _add_example(body: dict[str, Any], schemas: dict[str, Any], given: Any) -> dict[str, Any]:
    """Give each content of a body its example; the schema of the last."""
    schema: dict[str, Any] = {}
    for content in body.get("content", {}).values():
        schema = content.get("schema", {})
        if "example" not in content and "examples" not in content:
            content["example"] = example_of(schema, schemas) if given is None else given
    return _resolved(schema, schemas)


def _resolved(schema: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = schemas[schema["$ref"].rsplit("/", 1)[-1]] if "$ref" in schema else schema
    return found


def example_of(schema: dict[str, Any], schemas: dict[str, Any]) -> Any:
    """An example built from the examples of a schema's members."""
    if "examples" in schema:
        return schema["examples"][0]
    for given in ("const", "default"):
        if given in schema:
            return schema[given]
    if "$ref" in schema:
        return example_of(_resolved(schema, schemas), schemas)
    if "enum" in schema:
        return schema["enum"][0]
    for choice in ("anyOf", "oneOf", "allOf"):
        if choice in schema:
            return example_of(schema[choice][0], schemas)
    return _example_of_type(schema, schemas)


def _example_of_type(schema: dict[str, Any], schemas: dict[str, Any]) -> Any:
    kind = schema.get("type")
    if kind == "object":
        return {name: example_of(member, schemas) for name, member in schema.get("properties", {}).items()}
    if kind == "array":
        items = schema.get("items", {})
        return [] if items.get("type") == "string" else [example_of(items, schemas)]
    if kind == "string" and schema.get("format") == "date-time":
        return MOMENT
    return None
