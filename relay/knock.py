"""The upgrade request, read before anything is promised (docs/protocol.md 1): path, subprotocols, Origin."""

import binascii
from base64 import b64decode, b64encode
from collections.abc import Sequence
from hashlib import sha1
from typing import Final, NamedTuple, Protocol

from relay.limits import MAX_TOKEN_CHARS
from relay.refusals import Refused
from relay.tickets import Ticket

PATH = b"/v1/connect"
SUBPROTOCOL = "tasuki.v1"
TICKET_PREFIX = "ticket."
_ACCEPT_SUFFIX: Final = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""RFC 6455 1.3."""


class Headers(Protocol):
    """What is needed of a multi-dict of header lines."""

    def getall(self, name: str, default: list[str], /) -> Sequence[str]: ...


class Knock(NamedTuple):
    """What somebody who wants in has shown."""

    token: str
    origin: str | None
    key: str


def read_knock(path: bytes, headers: Headers) -> Knock:
    """The ticket and Origin of an upgrade request. Raises `Refused`."""
    if path != PATH:
        raise Refused.not_found()
    if _tokens(headers, "Upgrade") != ["websocket"] or "upgrade" not in _tokens(headers, "Connection"):
        raise Refused.bad_request("This is a WebSocket endpoint.")
    if list(headers.getall("Sec-WebSocket-Version", [])) != ["13"]:
        raise Refused.bad_request("WebSocket version 13 is needed.")
    origins = headers.getall("Origin", [])
    if len(origins) > 1:
        raise Refused.origin()
    return Knock(_ticket(headers), origins[0] if origins else None, _key(headers))


def accept_of(knock: Knock) -> bytes:
    """The answer that lets it in."""
    digest = sha1(f"{knock.key}{_ACCEPT_SUFFIX}".encode(), usedforsecurity=False).digest()
    return (
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Accept: {b64encode(digest).decode()}\r\nSec-WebSocket-Protocol: {SUBPROTOCOL}\r\n\r\n"
    ).encode()


def check_origin(ticket: Ticket, origin: str | None) -> None:
    """A browser's ticket works from its page only, a native client's from no page: exact match or `Refused` (403)."""
    if origin != ticket.origin:
        raise Refused.origin()


def _ticket(headers: Headers) -> str:
    offered = [name.strip() for line in headers.getall("Sec-WebSocket-Protocol", []) for name in line.split(",")]
    if SUBPROTOCOL not in offered:
        raise Refused.bad_request(f"The subprotocol {SUBPROTOCOL} is needed.")
    found = [name.removeprefix(TICKET_PREFIX) for name in offered if name.startswith(TICKET_PREFIX)]
    if len(found) != 1 or not 0 < len(found[0]) <= MAX_TOKEN_CHARS:
        raise Refused.ticket("ticket-missing", "Offer the ticket as the subprotocol ticket.<jwt>.")
    return found[0]


def _key(headers: Headers) -> str:
    keys = headers.getall("Sec-WebSocket-Key", [])
    try:
        good = len(keys) == 1 and len(b64decode(keys[0], validate=True)) == 16
    except (binascii.Error, ValueError):
        good = False
    if not good:
        raise Refused.bad_request("One Sec-WebSocket-Key of 16 bytes is needed.")
    return keys[0]


def _tokens(headers: Headers, name: str) -> list[str]:
    return [token.strip().lower() for line in headers.getall(name, []) for token in line.split(",")]
