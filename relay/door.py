"""The door: one picows protocol per accepted socket, which decides whether there will be a connection.

picows 2.3 needs some help as a server: it refuses Firefox's
`Connection: keep-alive, Upgrade`, tells the client the text of any exception in its factory, never shrinks its read
buffer, logs every connection at INFO, and does not say whose address a request comes from.
"""

import asyncio
import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import structlog
from picows import (
    WSAutoPingStrategy,
    WSUpgradeRequest,
    WSUpgradeResponse,
    WSUpgradeResponseWithListener,
)
from picows.picows import WSProtocol  # type: ignore[attr-defined]  # not in its .pyi; picows' own api.py uses it so

from relay.addresses import client_of
from relay.knock import SUBPROTOCOL, check_origin, read_knock
from relay.limits import FRAME_SLACK_BYTES, HANDSHAKE_SECONDS, READ_CHUNK_BYTES
from relay.link import Link
from relay.refusals import Refused
from wire.limits import MAX_FRAME_BYTES

if TYPE_CHECKING:
    from relay.server import RelayServer

log = structlog.get_logger()

_quiet = logging.getLogger("relay.picows")
_quiet.setLevel(logging.CRITICAL)
_LOGGER = logging.LoggerAdapter(_quiet, {})
"""An adapter, since picows makes a logger of its own per connection out of a plain one."""


class Door(WSProtocol):  # type: ignore[misc]  # untyped base
    """Counts the socket, bounds the handshake, and answers the upgrade request."""

    def __init__(self, server: "RelayServer") -> None:
        super().__init__(
            None,  # host and path: for clients
            None,
            False,  # is_client_side
            self._answer,
            _LOGGER,
            True,  # disconnect_on_exception
            None,  # handshake time-out: ours, since picows leaves an unread exception behind
            False,  # auto ping: one timer for all (relay/server.py)
            10,
            10,
            WSAutoPingStrategy.PING_WHEN_IDLE,
            False,  # auto pong: it hides `last_in_buffer`
            MAX_FRAME_BYTES + FRAME_SLACK_BYTES,
            None,  # extra headers: for clients
            4096,  # first size of the read buffer
        )
        self._server = server
        self._address: str | None = None
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """A socket was accepted (and TLS is up)."""
        super().connection_made(transport)
        if self._server.gate.enter():
            self._timer = self._server.later(HANDSHAKE_SECONDS, self._too_late)
        else:
            self._server.counters.refused["relay-full"] += 1
            self._server.soon(
                transport.abort
            )  # not here: aiofastnet would watch the closed descriptor, and its successor

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is gone."""
        self._stop_timer()
        self._server.gate.leave()
        if self._address is not None:
            self._server.gate.release(self._address)
        super().connection_lost(exc)

    def get_buffer(self, size_hint: int) -> memoryview:
        """Room for one read; bounded, since picows doubles its buffer whenever a read fills it."""
        view: memoryview = super().get_buffer(size_hint)
        return view[:READ_CHUNK_BYTES]

    def _too_late(self) -> None:
        self._server.counters.refused["timeout"] += 1
        self.transport.underlying_transport.abort()

    def _stop_timer(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def _answer(self, request: WSUpgradeRequest) -> Link | WSUpgradeResponseWithListener:
        """picows' listener factory. Nothing may be raised here: picows would send it to the client."""
        self._stop_timer()
        try:
            return self._accept(request)
        except Refused as refused:
            self._server.counters.refused[refused.slug] += 1
            headers = {"Content-Type": "application/problem+json", "Cache-Control": "no-store"}
            response = WSUpgradeResponse.create_error_response(refused.status, refused.body, headers)
        except Exception:
            log.exception("relay.handshake_fault")
            self._server.counters.refused["error"] += 1
            response = WSUpgradeResponse.create_error_response(HTTPStatus.INTERNAL_SERVER_ERROR)
        return WSUpgradeResponseWithListener(response, None)

    def _accept(self, request: WSUpgradeRequest) -> WSUpgradeResponseWithListener:
        self._claim_address(request)
        knock = read_knock(request.path, request.headers)
        ticket = self._server.check_ticket(knock.token)
        check_origin(ticket, knock.origin)
        self._server.check_room(ticket)
        request.headers["Connection"] = "Upgrade"  # it is one of several tokens in Firefox's request
        response = WSUpgradeResponse.create_101_response({"Sec-WebSocket-Protocol": SUBPROTOCOL})
        return WSUpgradeResponseWithListener(response, Link(self._server, ticket, self._server.now()))

    def _claim_address(self, request: WSUpgradeRequest) -> None:
        peer = self.transport.underlying_transport.get_extra_info("peername")
        forwarded = request.headers.getall("X-Forwarded-For", [])
        address = client_of(str(peer[0]) if peer else "", forwarded, self._server.trusted_proxies)
        if not self._server.gate.claim(address):
            raise Refused.full("too many connections from this address")
        self._address = address
