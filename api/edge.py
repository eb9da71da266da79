"""The edge of the app: request ids, size limit, security headers, one log line per request, problems as documents.

The log names the route's template, never the path: paths, queries and bodies may hold codes and tickets. A request's id is the
caller's own `X-Request-Id`, or the trace of its `traceparent` (W3C Trace Context), when they look like ids; else one is made.
It is in every line that is logged meanwhile, in the answer's header, and in a problem's `instance`.
"""

import re
import time
from typing import Any

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.context import Context
from api.kit.asking import note_asking
from api.kit.ids import Kind, new_id
from api.kit.sealing import KeyDestroyed
from api.logs import shortened
from api.problems import (
    MEDIA_TYPE,
    CustomerForgotten,
    Internal,
    Invalid,
    MethodNotAllowed,
    NotFound,
    PayloadTooLarge,
    Problem,
)
from api.settings import Settings

MAX_BODY_BYTES = 256 * 1024

REQUEST_ID = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._-]{7,63}")
TRACEPARENT = re.compile(rb"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")
_NO_TRACE = b"0" * 32

log = structlog.get_logger()

HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-embedder-policy", b"require-corp"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=(), display-capture=()"),
)
CLOSED_POLICY = b"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
"""For everything that is not a page of ours."""


class Edge:
    """The outermost layer, as plain ASGI."""

    def __init__(self, app: ASGIApp, settings: Settings, context: Context) -> None:
        self._app = app
        tls = settings.public_url.startswith("https://")
        self._extra = HEADERS + (((b"strict-transport-security", b"max-age=31536000"),) if tls else ())
        self._addresses = settings.log_addresses
        self._context = context

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope)
        scope.setdefault("state", {})["request_id"] = request_id
        note_asking(*_asking(scope))
        with (
            structlog.contextvars.bound_contextvars(request_id=request_id),
            self._context.metrics.running.track_inprogress(),
        ):
            await self._serve(scope, receive, send, request_id)

    async def _serve(self, scope: Scope, receive: Receive, send: Send, request_id: str) -> None:
        began, status, size = time.perf_counter(), 0, 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status, size
            if message["type"] == "http.response.start":
                status = message["status"]
                message = {**message, "headers": self._headers(message["headers"], request_id)}
            elif message["type"] == "http.response.body":
                size += len(message.get("body", b""))
            await send(message)

        try:
            if problem := _nul(scope):
                await answer(problem, request_id)(scope, receive, send_with_headers)
                return
            await self._app(scope, _limited(receive), send_with_headers)
        except Exception as error:
            if status:
                raise
            await _bug(error, request_id)(scope, receive, send_with_headers)
        finally:
            self._note(scope, status, time.perf_counter() - began, size)

    def _note(self, scope: Scope, status: int, seconds: float, size: int) -> None:
        """One line, and its numbers. Status 0: whoever asked went away before there was an answer."""
        route, state = _template(scope), scope["state"]
        log.info(
            "api.request",
            method=scope["method"],
            route=route,
            status=status,
            ms=round(seconds * 1000, 1),
            bytes=size,
            caller=state.get("caller"),
            address=shortened(scope["client"][0] if scope.get("client") else None, self._addresses),
            **({"problem": state["problem"]} if "problem" in state else {}),
        )
        self._context.metrics.answered(
            scope["method"], route, status, seconds=seconds, size=size,
            problem=state.get("problem"), waited=b"wait=" in scope["query_string"],
        )  # fmt: skip

    def _headers(self, given: list[tuple[bytes, bytes]], request_id: str) -> list[tuple[bytes, bytes]]:
        names = {name.lower() for name, _ in given}
        added = [header for header in self._extra if header[0] not in names]
        if b"content-security-policy" not in names:
            added.append((b"content-security-policy", CLOSED_POLICY))
        if b"cache-control" not in names:
            added.append((b"cache-control", b"no-store"))
        if self._context.stopping.is_set():
            added.append((b"connection", b"close"))
        return [*given, *added, (b"x-request-id", request_id.encode())]


def _request_id(scope: Scope) -> str:
    """What the caller calls the request, when it can be an id; else a new one."""
    headers = dict(scope["headers"])
    given = headers.get(b"x-request-id", b"")
    if REQUEST_ID.fullmatch(given):
        return str(given, "ascii")
    trace = TRACEPARENT.fullmatch(headers.get(b"traceparent", b""))
    if trace and trace[1] != _NO_TRACE:
        return str(trace[1], "ascii")
    return new_id(Kind.REQUEST)


def _template(scope: Scope) -> str:
    """The route as it is declared, never as it was asked for."""
    return str(getattr(scope.get("route"), "path", None) or getattr(scope.get("endpoint"), "__name__", "unmatched"))


def _asking(scope: Scope) -> tuple[str | None, str | None]:
    """The client's address, and what it calls itself."""
    address = scope["client"][0] if scope.get("client") else None
    agent = next((value for name, value in scope["headers"] if name == b"user-agent"), None)
    return address, None if agent is None else agent.decode("latin-1")


def _nul(scope: Scope) -> Problem | None:
    """No address has a NUL in it, and no parameter may: PostgreSQL cannot store it."""
    if b"%00" in scope["raw_path"]:
        return NotFound("There is nothing at this address.")
    if b"%00" in scope["query_string"]:
        return Invalid.at("#query", "Parameters must not contain the character NUL.")
    return None


def _limited(receive: Receive) -> Receive:
    """The body, cut off with 413 when it is over the limit, whatever its length header says."""
    total = 0

    async def limited() -> Message:
        nonlocal total
        message = await receive()
        if message["type"] == "http.request":
            total += len(message.get("body", b""))
            if total > MAX_BODY_BYTES:
                raise PayloadTooLarge(f"A request has at most {MAX_BODY_BYTES} bytes.")
        return message

    return limited


def install(app: FastAPI) -> None:
    """Every error of a handler leaves as application/problem+json; what is no Problem is caught by Edge."""
    app.add_exception_handler(Problem, _on_problem)
    app.add_exception_handler(KeyDestroyed, _on_destroyed)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)


async def _on_destroyed(request: Request, _error: Exception) -> Response:
    """Something was asked for that was made unreadable on purpose, before the rest of it was noted."""
    return _answered(request, CustomerForgotten("What this is about was forgotten: it cannot be read any more."))


def answer(problem: Problem, request_id: str) -> JSONResponse:
    """A problem as a response."""
    return JSONResponse(problem.body(request_id), problem.status, problem.headers, media_type=MEDIA_TYPE)


def request_id_of(request: Request) -> str:
    """The id under which this request is logged."""
    return str(getattr(request.state, "request_id", "req_unknown"))


def _answered(request: Request, problem: Problem) -> Response:
    """The problem as the answer, and its slug for the log and the numbers."""
    request.state.problem = problem.slug
    return answer(problem, request_id_of(request))


async def _on_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return _answered(request, error)


async def _on_invalid(request: Request, error: Exception) -> Response:
    """422 with a pointer per error; never the value, which may be a password or a code."""
    assert isinstance(error, RequestValidationError)
    errors = [{"detail": str(item["msg"]), "pointer": _pointer(item["loc"])} for item in error.errors()]
    first = errors[0] if errors else {"detail": "", "pointer": "#"}
    return _answered(request, Invalid(f"{first['pointer']}: {first['detail']}", errors=errors))


async def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if isinstance(error.__cause__, Problem):
        return _answered(request, error.__cause__)
    if error.status_code == 404:
        return _answered(request, NotFound("There is nothing at this address; see /docs."))
    if error.status_code == 405:
        problem: Problem = MethodNotAllowed("See /docs for the methods of this address.")
        problem.headers.update(error.headers or {})
        return _answered(request, problem)
    return _answered(request, Invalid.at("#", "The body cannot be read: send JSON in UTF-8, or the form it asks for."))


def _bug(error: Exception, request_id: str) -> Response:
    """Something of ours broke: the log says what, the caller hears only that it did."""
    log.error("api.bug", request_id=request_id, error=type(error).__name__, exc_info=error)
    return answer(Internal("Tell whoever runs this server, with the request's id."), request_id)


def _pointer(location: tuple[Any, ...]) -> str:
    """A JSON pointer for the body, `#header/name` or `#query/name` for the rest."""
    where, *rest = location
    parts = "/".join(str(part).replace("~", "~0").replace("/", "~1") for part in rest)
    return f"#/{parts}" if where == "body" else f"#{where}/{parts}"
