"""The log of a real process: one line for each request, an id that is everywhere the same, and nothing that was sent."""

import json
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.app import describe_only
from tests.integration.api.support import PASSWORD, RELAY_URLS, Installation, problem
from tests.integration.api.test_process import serving

SECRET = "zq7secret"
"""In every place of every request where something can be sent."""
EXAMPLE = "example"
LINE = {"event", "level", "timestamp", "method", "route", "status", "ms", "bytes", "caller", "address", "request_id"}


class Log:
    """A process and, once it has ended, what it logged."""

    def __init__(self, process: Any, url: str, file: Path) -> None:
        self._process, self._file = process, file
        self.client = httpx.Client(base_url=url)
        self.text = ""

    def end(self) -> list[dict[str, Any]]:
        self.client.close()
        self._process.send_signal(signal.SIGTERM)
        assert self._process.wait(20) == 0
        self.text = self._file.read_text()
        return [json.loads(line) for line in self.text.splitlines()]


@pytest.fixture
def log(installation: Installation, tmp_path: Path) -> Iterator[Log]:
    file = tmp_path / "log"
    with file.open("w") as written, serving(installation.folder, written) as (process, url):
        yield Log(process, url, file)


def marked(value: Any) -> Any:
    """An example with the secret in each of its texts."""
    if isinstance(value, dict):
        return {key: marked(item) for key, item in value.items()}
    if isinstance(value, list):
        return [marked(item) for item in value]
    return f"{value}{SECRET}" if isinstance(value, str) else value


def requests() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every operation of the document: its body as it should be and with secrets, secrets in path, query and headers."""
    for path, methods in describe_only()["paths"].items():
        secret_path = re.sub(r"\{\w+\}", SECRET, path)
        for method, operation in methods.items():
            query = {given["name"]: SECRET for given in operation.get("parameters", ()) if given["in"] == "query"}
            at_once = {"wait": 0} if query.pop("wait", None) else {}
            kinds = operation.get("requestBody", {}).get("content", {})
            body = kinds.get("application/json", {}).get(EXAMPLE)
            headers = {"User-Agent": SECRET, "Idempotency-Key": f"{SECRET}-{method}{len(path)}", "Referer": SECRET}
            good: dict[str, Any] = {"headers": headers, "params": at_once}
            yield method, secret_path, good | ({"json": marked(body)} if body is not None else {})
            yield method, secret_path, good | {"params": query | at_once, "content": f'{{"{SECRET}": '.encode()}


def test_nothing_that_is_sent_is_logged(log: Log, installation: Installation) -> None:
    tokens = [installation.alice.access_token, installation.relay_tokens[0], f"tsk_{SECRET}", None]
    sent = 0
    for method, path, given in requests():
        for token in tokens if given.get("json") else tokens[:1]:
            bearer = {"Authorization": f"Bearer {token}"} if token else {}
            log.client.request(method.upper(), path, **(given | {"headers": given["headers"] | bearer}))
            sent += 1
    log.client.get(f"/{SECRET}/{SECRET}?{SECRET}={SECRET}", headers={"X-Request-Id": f"{SECRET} with\tblanks"})
    log.client.request(SECRET.upper(), "/v1/me")
    lines = log.end()
    served = [line for line in lines if line["event"] == "api.request"]
    assert len(served) > sent > 300
    assert [set(line) - {"problem"} for line in served] == [LINE] * len(served)
    assert {line.get("logger") for line in lines if line not in served} <= {"uvicorn.error"}  # the method was no method
    assert SECRET not in log.text
    for token in (installation.alice.access_token, *installation.relay_tokens):
        assert token not in log.text
    assert {line["address"] for line in served} == {"127.0.0.0/24"}


def test_no_code_password_token_or_customer_of_a_session_is_logged(log: Log, installation: Installation) -> None:
    alice, relay = installation.alice.headers, {"Authorization": f"Bearer {installation.relay_tokens[0]}"}
    known = {"public_url": RELAY_URLS[0], "version": "1"}
    assert log.client.post("/v1/relays/register", json=known, headers=relay).status_code == 200
    first = log.client.post("/v1/auth/token", data={"username": "acme/bob", "password": PASSWORD})
    wrong = log.client.post("/v1/auth/token", data={"username": "acme/bob", "password": f"{SECRET}!"})
    assert (first.status_code, wrong.status_code) == (200, 401)
    body = {
        "mode": "view",
        "customer": {"name": "Hanako Yamada", "email": "hanako@example.jp"},
        "metadata": {"a": SECRET},
    }
    session = log.client.post("/v1/sessions", json=body, headers=alice).json()
    joined = log.client.post("/v1/join", json={"code": session["code"]})
    assert joined.status_code == 200
    log.client.get(f"/join/{session['code']}")
    log.client.get("/v1/sessions", params={"customer_email": "hanako@example.jp"}, headers=alice)
    log.client.get(f"/v1/sessions/{session['id']}", headers=alice)
    lines = log.end()
    words = [PASSWORD, SECRET, session["code"], session["id"], "Hanako", "hanako", "acme/bob", *first.json().values()]
    words += [value for value in joined.json().values() if isinstance(value, str) and len(value) > 12]
    for word in words:
        assert not isinstance(word, str) or len(word) < 8 or word not in log.text, word
    who = {line["route"]: line["caller"] for line in lines}
    assert (who["/v1/sessions"], who["/v1/join"]) == (installation.alice.id, None)
    refused = [line for line in lines if line["status"] == 401]
    assert [line["problem"] for line in refused] == ["sign-in-failed"]
    assert all(line["bytes"] > 0 and line["ms"] >= 0 for line in lines)


@pytest.mark.parametrize(
    ("headers", "taken"),
    [
        ({"X-Request-Id": "checkout-4711.a_b"}, "checkout-4711.a_b"),
        (
            {"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"},
            "4bf92f3577b34da6a3ce929d0e0e4736",
        ),
        ({"X-Request-Id": "short"}, None),
        ({"X-Request-Id": "x" * 65}, None),
        ({"X-Request-Id": 'a"},{"event":"forged"'}, None),
        ({"X-Request-Id": "-----------"}, None),
        ({"traceparent": "00-00000000000000000000000000000000-00f067aa0ba902b7-01"}, None),
        ({"traceparent": "nonsense"}, None),
    ],
)
async def test_a_request_has_one_id_everywhere(api: Any, headers: dict[str, str], taken: str | None) -> None:
    answer = await api.http.get("/v1/me", headers=headers)
    given = answer.headers["x-request-id"]
    assert problem(answer, 401, "unauthenticated")["instance"] == given
    assert given == taken or (taken is None and re.fullmatch(r"req_[0-9A-Z]{26}", given))
