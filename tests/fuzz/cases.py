"""schemathesis against the real app: cases made from the OpenAPI document, answers checked against it.

The app runs on an event loop in a thread of its own, over a copy of the tests' installation; cases go to it through httpx,
without sockets. Somebody's generated request may well take away what the caller needs (a sign-out, a list of networks):
then a fresh copy takes its place before the next operation.
"""

import asyncio
import copy
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given
from hypothesis import seed as seeded
from hypothesis import settings as hypothesis_settings
from schemathesis import GenerationMode, checks
from schemathesis.checks import load_all_checks
from schemathesis.core.result import Ok

from tests.integration.api.described import openapi_document
from tests.integration.api.device import enrolled
from tests.integration.api.support import Api, Installation, copied, running

load_all_checks()
_CONFORMANCE = ("status_code", "content_type", "response_headers", "response_schema")


def no_bug(_context: Any, response: Any, _case: Any) -> bool | None:
    """500 is a bug of ours wherever it comes from; 503 is an answer (no relay, no gateway), if it is documented."""
    assert response.status_code < 500 or response.status_code == 503, response.text
    return None


def problem_is_documented(_context: Any, response: Any, case: Any) -> bool | None:
    """Not only the status: the kind of problem is among those that the operation says it may answer with."""
    if response.status_code >= 400:
        documented = case.operation.definition.raw["responses"].get(str(response.status_code), {})
        kinds = documented.get("content", {}).get("application/problem+json", {}).get("examples", {})
        assert response.json()["slug"] in kinds, f"{response.json()['slug']} is not among {sorted(kinds)}"
    return None


CHECKS = [no_bug, problem_is_documented, *(checks.CHECKS.get_one(f"{name}_conformance") for name in _CONFORMANCE)]
LONGEST_WAIT = 0
"""Long polls answer at once: what they answer is checked, not how long they wait."""


@dataclass
class Served:
    """A running app and the tokens of those who may ask it."""

    installation: Installation
    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="tasuki-fuzz-")))
    tokens: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._stack: AsyncExitStack | None = None
        self._copies = 0
        self.restart()

    def restart(self) -> None:
        """A fresh copy of the installation."""
        self._run(self._stop())
        self._run(self._start())

    def healthy(self) -> bool:
        """Whether the administrator can still do everything."""
        answer = self.request("GET", "/v1/me", {"Authorization": f"Bearer {self.tokens['operator']}"}, None)
        return answer.status_code == 200

    def request(self, method: str, url: str, headers: Any, content: Any) -> httpx.Response:
        answer: httpx.Response = self._run(self._api.http.request(method, url, headers=headers, content=content))
        return answer

    def close(self) -> None:
        self._run(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    async def _start(self) -> None:
        self._copies += 1
        mine = copied(self.installation, self.folder / str(self._copies))
        self._stack = AsyncExitStack()
        self._api: Api = await self._stack.enter_async_context(running(mine))
        await self._api.register_relays()
        session = await self._api.create()
        joined = (await self._api.join(session["code"])).json()
        self.tokens = {
            "operator": self._api.alice.access_token,
            "relay": self._api.relay_tokens[0],
            "device": (await enrolled(self._api)).token,
            "resume_ticket": joined["resume_ticket"],
        }

    async def _stop(self) -> None:
        if self._stack is not None:
            await self._stack.aclose()


@contextmanager
def served(installation: Installation) -> Iterator[Served]:
    """The app for as long as the block lasts."""
    app = Served(installation)
    try:
        yield app
    finally:
        app.close()


def operations() -> dict[str, Any]:
    """Every operation of the document, by its id."""
    schema = schemathesis.openapi.from_dict(copy.deepcopy(openapi_document()))
    found: list[Any] = [result.ok() for result in schema.get_all_operations() if isinstance(result, Ok)]
    assert len(found) == sum(len(methods) for methods in openapi_document()["paths"].values())
    return {operation.definition.raw["operationId"]: operation for operation in found}


def try_operation(app: Served, operation: Any, *, token: bool, examples: int, seed: int | None = None) -> int:
    """Send generated requests to one operation, with or without its token; how many were sent. Raises on a finding."""
    if not app.healthy():
        app.restart()
    sent = 0
    drawn = cases_of(operation)

    def check(case: Any) -> None:
        nonlocal sent
        sent += 1
        case.validate_response(_send(app, case, token=token), checks=CHECKS)

    run = given(case=drawn)(check)
    if seed is not None:
        run = seeded(seed)(run)
    hypothesis_settings(
        max_examples=examples,
        derandomize=seed is None,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )(run)()
    return sent


def cases_of(operation: Any) -> Any:
    """Requests as the document describes them, and ones that break one of its rules."""
    good = operation.as_strategy(generation_mode=GenerationMode.POSITIVE)
    try:
        bad = operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)
    except Exception:
        return good
    return good | bad


def _send(app: Served, case: Any, *, token: bool) -> httpx.Response:
    """As it would go over the wire."""
    if case.query and "wait" in case.query and str(case.query["wait"]).isdigit():
        case.query["wait"] = min(int(case.query["wait"]), LONGEST_WAIT)
    if case.headers is not None:
        for name in [name for name in case.headers if name.lower() in {"authorization", "cookie"}]:
            del case.headers[name]
    plain = case.as_transport_kwargs(base_url="http://localhost:8080")
    plain = {name: value for name, value in plain.items() if name in _REQUEST}
    prepared = requests.Request(**plain).prepare()
    headers = {name: value for name, value in prepared.headers.items() if name.lower() != "content-length"}
    if token:
        schemes = [name for needed in case.operation.definition.raw.get("security", []) for name in needed]
        headers |= {"Authorization": f"Bearer {app.tokens[schemes[0]]}"} if schemes else {}
    return app.request(str(prepared.method), str(prepared.url), headers, prepared.body)


_REQUEST = {"method", "url", "headers", "files", "data", "params", "cookies", "json"}
