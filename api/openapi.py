"""The OpenAPI document: descriptions, problem answers, examples, webhooks. `python -m api.openapi [--check]`.

The document does not depend on settings, so the committed file is the same everywhere.
"""

import json
import sys
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.completion import complete
from api.kit.signed import SIGNATURE_HEADERS
from api.problems import ProblemBody
from api.site.manifest import File
from api.webhooks.schemas import AuditCheckpoint, SessionEnded

FILE = Path(__file__).parent.parent / "openapi" / "openapi.json"
VERSION = "1"
DESCRIPTION = """\
Self-hosted remote support. An operator gets a session code, the customer types it, and through a relay that can read
nothing the operator sees, and where allowed controls, the customer's screen.

* **Sign in** with `POST /v1/auth/token`, or use an API key (`tsk_…`): both go into `Authorization: Bearer …`.
* **Errors** are `application/problem+json` (RFC 9457); switch on `slug`.
* **Creating twice**: every POST that creates takes an `Idempotency-Key`; for incoming hooks `webhook-id` is that key.
* **Lists** are pages: pass `next_cursor` as `cursor` until it is null.
* **Slowing down**: where wrong codes or passwords are counted, `RateLimit` and `RateLimit-Policy` say what is left;
  429 comes with `Retry-After`.
* **Times** are RFC 3339 in UTC. **Ids** have a prefix that says what they name, and sort by age.
"""
TAGS = [
    {"name": "sign-in", "description": "Company, login and password for a short access token."},
    {"name": "machines", "description": "Operators' computers that sign-ins may be limited to."},
    {"name": "sessions", "description": "Start, follow and end sessions."},
    {"name": "queue", "description": "Customers who wait for whoever is free."},
    {"name": "joining", "description": "The customer's side: public, by code; and coming back after a loss."},
    {"name": "receipts", "description": "What happened in a session, signed, for both sides to keep."},
    {"name": "operators", "description": "The people who help, and the policy of each."},
    {"name": "policies", "description": "What operators may do, to whom, from where and when; and why."},
    {"name": "organisation", "description": "Settings of your organisation."},
    {"name": "devices", "description": "Machines that are reached without a code: enrolment, groups, who may connect."},
    {"name": "device side", "description": "What enrolled machines themselves call."},
    {"name": "API keys", "description": "Keys for programs: scoped, expiring, shown once."},
    {"name": "integrations", "description": "Incoming: another system opens a session with a signed request."},
    {"name": "webhooks", "description": "Outgoing: another system hears how a session ended."},
    {"name": "relays", "description": "Between relays and this server."},
    {"name": "audit", "description": "The administrative log: who changed what, who signed in from where."},
    {
        "name": "reports",
        "description": "The history as pages or CSV: sign-ins, sessions, events, and sums of what was used.",
    },
    {"name": "customers", "description": "Whom sessions are about, and how they are forgotten for good."},
    {"name": "retention", "description": "How long records are kept, and legal holds that keep them for longer."},
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
    for part in ("paths", "webhooks"):
        for operations in document[part].values():
            for operation in operations.values():
                complete(operation, schemas, incoming=part == "paths")
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
        openapi_extra={"parameters": SIGNATURE_HEADERS},
    )
    def session_ended(body: SessionEnded) -> None:
        """Sent to every endpoint that asked for `session.ended`, signed as Standard Webhooks says.

        Answer 2xx within 5 seconds; otherwise it is sent again, with the same `webhook-id`.
        """

    @router.post(
        "audit.checkpoint",
        operation_id="on_audit_checkpoint",
        summary="The administrative log has grown",
        tags=["webhooks"],
        status_code=204,
        openapi_extra={"parameters": SIGNATURE_HEADERS},
    )
    def audit_checkpoint(body: AuditCheckpoint) -> None:
        """Sent to every endpoint that asked for `audit.checkpoint`, as often as the organisation's settings say. Keep it: it
        shows later whether the log was changed."""

    return router.routes


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
