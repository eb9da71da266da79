"""The upgrade request: path, subprotocols, Origin."""

from collections.abc import Iterable

import pytest
from multidict import CIMultiDict

from relay.knock import Knock, check_origin, read_knock
from relay.permissions import Role
from relay.refusals import Refused
from relay.tickets import Ticket

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
GOOD = (
    ("Upgrade", "websocket"),
    ("Connection", "Upgrade"),
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Protocol", "tasuki.v1, ticket.abc"),
    ("Sec-WebSocket-Key", KEY),
)


def knock(changes: Iterable[tuple[str, str]] = (), path: bytes = b"/v1/connect") -> Knock:
    headers = CIMultiDict(GOOD)
    for name, _ in changes:
        headers.popall(name, None)
    for name, value in changes:
        headers.add(name, value)
    return read_knock(path, headers)


def ticket(origin: str | None) -> Ticket:
    return Ticket("ses_1", 2, "par_1", Role.VIEWER, "operator", "control", origin, None, None, "jti", 0.0, None)


def test_a_native_client() -> None:
    assert knock() == Knock("abc", None, KEY)


def test_firefox() -> None:
    assert knock([("Connection", "keep-alive, Upgrade"), ("Origin", "https://a.example")]) == Knock(
        "abc", "https://a.example", KEY
    )


def test_subprotocols_on_several_lines() -> None:
    assert knock([("Sec-WebSocket-Protocol", "tasuki.v1"), ("Sec-WebSocket-Protocol", "ticket.x.y.z")]).token == "x.y.z"


@pytest.mark.parametrize(
    "path", [b"/", b"/v1/connect/", b"/v1/connect?ticket=x", b"/V1/connect", b"//v1/connect", b"http://a/v1/connect"]
)
def test_only_one_path(path: bytes) -> None:
    with pytest.raises(Refused) as refused:
        knock(path=path)
    assert refused.value.status == 404


@pytest.mark.parametrize(
    ("change", "status"),
    [
        (("Upgrade", "h2c"), 400),
        (("Connection", "close"), 400),
        (("Sec-WebSocket-Version", "8"), 400),
        (("Sec-WebSocket-Protocol", "ticket.abc"), 400),
        (("Sec-WebSocket-Protocol", "tasuki.v1"), 401),
        (("Sec-WebSocket-Protocol", "tasuki.v1, ticket."), 401),
        (("Sec-WebSocket-Protocol", "tasuki.v1, ticket.a, ticket.b"), 401),
        (("Sec-WebSocket-Protocol", "tasuki.v1, ticket." + "a" * 9000), 401),
    ],
)
def test_what_is_missing_or_wrong_is_refused(change: tuple[str, str], status: int) -> None:
    with pytest.raises(Refused) as refused:
        knock([change])
    assert refused.value.status == status


@pytest.mark.rule("R03")
def test_two_origins_are_refused() -> None:
    with pytest.raises(Refused) as refused:
        knock([("Origin", "https://a.example"), ("Origin", "https://a.example")])
    assert refused.value.status == 403


@pytest.mark.rule("R03")
@pytest.mark.parametrize(
    ("claim", "origin", "allowed"),
    [
        ("https://a.example", "https://a.example", True),
        (None, None, True),
        ("https://a.example", None, False),
        (None, "https://a.example", False),
        (None, "null", False),
        (None, "", False),
        ("https://a.example", "", False),
        ("https://a.example", "null", False),
        ("https://a.example", "http://a.example", False),
        ("https://a.example", "https://a.example:8443", False),
        ("https://a.example", "https://a.example/", False),
        ("https://a.example", "https://A.example", False),
        ("https://a.example", "https://evil.a.example", False),
        ("https://a.example", "https://a.example.evil", False),
        ("https://a.example", "https://aa.example", False),
    ],
)
def test_evil_origin_is_refused(claim: str | None, origin: str | None, allowed: bool) -> None:
    if allowed:
        check_origin(ticket(claim), origin)
        return
    with pytest.raises(Refused) as refused:
        check_origin(ticket(claim), origin)
    assert (refused.value.status, refused.value.slug) == (403, "origin-not-allowed")
