"""The door: what every accepted socket stands before, until its upgrade request was answered.

Whatever goes wrong here is told in an HTTP answer that carries nothing of ours but a slug and a sentence.
"""

import asyncio
from collections.abc import Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING

import httptools
import structlog

from relay.addresses import client_of
from relay.knock import Knock, accept_of, check_origin, read_knock
from relay.limits import HANDSHAKE_SECONDS
from relay.link import Link
from relay.refusals import Refused
from relay.transports import Connection
from relay.websocket import Owner

if TYPE_CHECKING:
    from relay.server import RelayServer

log = structlog.get_logger()


class Request:
    """A request's head, taken apart by llhttp (as `httptools` calls it back)."""

    def __init__(self, head: bytes) -> None:
        """Raises `Refused` when it is not HTTP."""
        self.path = b""
        self._headers: dict[str, list[str]] = {}
        parser = httptools.HttpRequestParser(self)
        try:
            parser.feed_data(head)
        except httptools.HttpParserUpgrade:
            pass
        except httptools.HttpParserError:
            raise Refused.bad_request("This is not HTTP.") from None
        if parser.get_method() != b"GET" or parser.get_http_version() != "1.1":
            raise Refused.bad_request("A WebSocket begins with GET and HTTP/1.1.")

    def on_url(self, url: bytes) -> None:
        """llhttp may hand it over in pieces."""
        self.path += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """One line."""
        self._headers.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1").strip())

    def getall(self, name: str, default: list[str], /) -> Sequence[str]:
        """Every value of a header, in order."""
        return self._headers.get(name.lower(), default)


class Door(Owner):
    """Counts the socket, bounds the handshake, and answers the upgrade request."""

    def __init__(self, server: "RelayServer") -> None:
        self.connection = Connection(self)
        self._server = server
        self._address: str | None = None
        self._timer: asyncio.TimerHandle | None = None

    # What the connection calls

    def made(self) -> None:
        """A socket was accepted (and TLS is up)."""
        if self._server.gate.enter():
            self._timer = self._server.later(HANDSHAKE_SECONDS, self._too_late)
            return
        self._server.counters.refused["relay-full"] += 1
        # Not here: aiofastnet would go on watching the closed descriptor, and whoever gets it next.
        self._server.soon(self.connection.transport.abort)

    def lost(self) -> None:
        """The socket is gone before there was a link."""
        self._stop_timer()
        self.leave()

    def leave(self) -> None:
        """The socket does not count any more; whoever took it over calls this."""
        self._server.gate.leave()
        if self._address is not None:
            self._server.gate.release(self._address)

    def on_head(self, head: bytes) -> None:
        """Let in, or refuse and close."""
        self._stop_timer()
        try:
            link, answer = self._accept(Request(head) if head else _too_long())
        except Refused as refused:
            self._server.counters.refused[refused.slug] += 1
            self._refuse(refused.status, refused.body)
        except Exception:
            log.exception("relay.handshake_fault")
            self._server.counters.refused["error"] += 1
            self._refuse(HTTPStatus.INTERNAL_SERVER_ERROR, b"")
        else:
            self.connection.write(answer)
            self.connection.upgrade(link)
            link.begin()

    def _accept(self, request: Request) -> tuple[Link, bytes]:
        self._claim_address(request)
        knock: Knock = read_knock(request.path, request)
        ticket = self._server.check_ticket(knock.token)
        check_origin(ticket, knock.origin)
        self._server.check_room(ticket)
        return Link(self._server, self, ticket), accept_of(knock)

    def _claim_address(self, request: Request) -> None:
        peer = self.connection.transport.get_extra_info("peername")
        forwarded = request.getall("X-Forwarded-For", [])
        address = client_of(str(peer[0]) if peer else "", forwarded, self._server.trusted_proxies)
        if not self._server.gate.claim(address):
            raise Refused.full("too many connections from this address")
        self._address = address

    def _refuse(self, status: HTTPStatus, body: bytes) -> None:
        self.connection.stop_listening()
        head = (
            f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: application/problem+json\r\n"
            f"Content-Length: {len(body)}\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n"
        )
        self.connection.write(head.encode() + body)
        self.connection.transport.close()

    def _too_late(self) -> None:
        self._server.counters.refused["timeout"] += 1
        self.connection.transport.abort()

    def _stop_timer(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None


def _too_long() -> Request:
    raise Refused(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "bad-request", "The request's head is too long.")
