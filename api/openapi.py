"""The OpenAPI document: descriptions, problem answers, examples, webhooks. `python -m api.openapi [--check]`.

The document does not depend on settings, so the committed file is the same everywhere.
"""

import json
import sys
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.examples import answers
from api.problems import MEDIA_TYPE, Invalid, Problem, ProblemBody, ScopeMissing, TokenRefused, Unauthenticated
from api.site.manifest import File
from api.webhooks.schemas import SessionEnded

FILE = Path(__file__).parent.parent / "openapi" / "openapi.json"
VERSION = "1"
DESCRIPTION = """\
Self-hosted remote support. An operator gets a session code, the customer types it, and through a relay that can read
nothing the operator sees, and where allowed controls, the customer's screen.

* **Sign in** with `POST /v1/auth/token`, or use an API key (`tsk_…`): both go into `Authorization: Bearer …`.
* **Errors** are `application/problem+json` (RFC 9457); switch on `slug`.
* **Creating twice**: every POST that creates takes an `Idempotency-Key`.
* **Lists** are pages: pass `next_cursor` as `cursor` until it is null.
* **Times** are RFC 3339 in UTC. **Ids** have a prefix that says what they name, and sort by age.
"""
TAGS = [
    {"name": "sign-in", "description": "Company, login and password for a short access token."},
    {"name": "sessions", "description": "Start, follow and end sessions."},
    {"name": "joining", "description": "The customer's side: public, by code; and coming back after a loss."},
    {"name": "operators", "description": "The people who help, and the policy of each."},
    {"name": "organisation", "description": "Settings of your organisation."},
    {"name": "API keys", "description": "Keys for programs: scoped, expiring, shown once."},
    {"name": "integrations", "description": "Incoming: another system opens a session with a signed request."},
    {"name": "webhooks", "description": "Outgoing: another system hears how a session ended."},
    {"name": "relays", "description": "Between relays and this server."},
    {"name": "operation", "description": "Health and public keys."},
]


def describe(app: FastAPI) -> None:
    """Make the document when it is first asked for, and keep it."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = build(app)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]
    app.state.openapi_file = _Lazy(app)


class _Lazy:
    """The document as a file, made at the first request: it costs a start nothing."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self._file: File | None = None

    def get(self) -> File:
        if self._file is None:
            self._file = File.of(json.dumps(self._app.openapi(), ensure_ascii=False).encode(), "application/json")
        return self._file


def build(app: FastAPI) -> dict[str, Any]:
    """The whole document."""
    document = get_openapi(
        title="Tasuki",
        version=VERSION,
        summary="Remote support that you host yourself.",
        description=DESCRIPTION,
        routes=app.routes,
        webhooks=_webhooks(),
        tags=TAGS,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        servers=[{"url": "/"}],
    )
    schemas = document["components"]["schemas"]
    schemas["Problem"] = ProblemBody.model_json_schema(ref_template="#/components/schemas/{model}")
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    for operations in [*document["paths"].values(), *document["webhooks"].values()]:
        for operation in operations.values():
            _complete(operation, schemas)
    return document


def _webhooks() -> Any:
    """The `webhooks` section, described as FastAPI describes routes."""
    from fastapi import APIRouter  # noqa: PLC0415 - only when the document is made

    router = APIRouter()

    @router.post(
        "session.ended",
        operation_id="on_session_ended",
        summary="A session is over",
        tags=["webhooks"],
        status_code=204,
    )
    def session_ended(body: SessionEnded) -> None:
        """Sent to every endpoint that asked for `session.ended`, signed as Standard Webhooks says.

        Answer 2xx within 5 seconds; otherwise it is sent again, with the same `webhook-id`.
        """

    return router.routes


def _complete(operation: dict[str, Any], schemas: dict[str, Any]) -> None:
    """What every operation can answer, and an example of what it takes and gives."""
    found = operation["responses"]
    if operation["operationId"].startswith("on_"):
        found.pop("422", None)
    if "422" in found:
        found["422"] = answers(Invalid)[422]
    _add_common_problems(operation)
    _add_examples(operation.get("requestBody", {}), schemas)
    for status, answer in found.items():
        if status.startswith("2"):
            schema = _add_examples(answer, schemas)
            answer["description"] = schema.get("description", "Done.").splitlines()[0]


def _add_common_problems(operation: dict[str, Any]) -> None:
    """401 wherever somebody must prove who they are, 403 where a scope is needed."""
    schemes = {name for needed in operation.get("security", []) for name in needed}
    common: list[type[Problem]] = [Unauthenticated, TokenRefused] if schemes else []
    if "operator" in schemes:
        common.append(ScopeMissing)
    for status, answer in answers(*common).items():
        present = operation["responses"].setdefault(str(status), answer)
        if present is not answer:
            examples = present["content"][MEDIA_TYPE]["examples"]
            present["content"][MEDIA_TYPE]["examples"] = {**answer["content"][MEDIA_TYPE]["examples"], **examples}


def _add_examples(body: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    """Give each content of a body its example; the schema of the last."""
    schema: dict[str, Any] = {}
    for content in body.get("content", {}).values():
        schema = content.get("schema", {})
        if "example" not in content and "examples" not in content:
            content["example"] = example_of(schema, schemas)
    return _resolved(schema, schemas)


def _resolved(schema: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = schemas[schema["$ref"].rsplit("/", 1)[-1]] if "$ref" in schema else schema
    return found


def example_of(schema: dict[str, Any], schemas: dict[str, Any], depth: int = 0) -> Any:
    """An example built from the examples of a schema's members."""
    if "$ref" in schema:
        return example_of(_resolved(schema, schemas), schemas, depth + 1)
    if "examples" in schema:
        return schema["examples"][0]
    for given in ("const", "default"):
        if given in schema:
            return schema[given]
    if "enum" in schema:
        return schema["enum"][0]
    for choice in ("anyOf", "oneOf", "allOf"):
        if choice in schema:
            return example_of(schema[choice][0], schemas, depth + 1)
    return _example_of_type(schema, schemas, depth)


def _example_of_type(schema: dict[str, Any], schemas: dict[str, Any], depth: int) -> Any:
    kind = schema.get("type")
    if kind == "object":
        members = schema.get("properties", {})
        return {name: example_of(member, schemas, depth + 1) for name, member in members.items()}
    if kind == "array":
        items = schema.get("items", {})
        return [] if items.get("type") == "string" else [example_of(items, schemas, depth + 1)]
    if kind == "string":
        return "2026-12-01T09:00:00Z" if schema.get("format") == "date-time" else "text"
    return {"integer": 1, "number": 1.0, "boolean": False}.get(str(kind))


def text_of(document: dict[str, Any]) -> str:
    """The document as it is committed."""
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def main(arguments: list[str]) -> int:
    """Write the file, or with --check only compare."""
    from api.app import describe_only  # noqa: PLC0415 - the app imports this module

    text = text_of(describe_only())
    if "--check" not in arguments:
        FILE.write_text(text)
        return 0
    if FILE.is_file() and FILE.read_text() == text:
        return 0
    sys.stderr.write("openapi/openapi.json is out of date: run `make openapi` and commit it.\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
