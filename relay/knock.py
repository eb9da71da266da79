"""The upgrade request, read before anything is promised (docs/protocol.md 1): path, subprotocols, Origin."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from relay.limits import MAX_TOKEN_CHARS
from relay.refusals import Refused
from relay.tickets import Ticket

PATH = b"/v1/connect"
SUBPROTOCOL = "tasuki.v1"
TICKET_PREFIX = "ticket."


class Headers(Protocol):
    """What is needed of a multi-dict of header lines."""

    def getall(self, key: str, default: list[str]) -> Sequence[str]: ...


class Knock(NamedTuple):
    """What somebody who wants in has shown."""

    token: str
    origin: str | None


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
    return Knock(_ticket(headers), origins[0] if origins else None)


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


def _tokens(headers: Headers, name: str) -> list[str]:
    return [token.strip().lower() for line in headers.getall(name, []) for token in line.split(",")]
