"""The connection to the session's relays: one WebSocket at a time, the list walked in order, resumed for as long as it may be.

A thin shell around a protocol core (`agent.host.protocol`, `agent.viewer.protocol`): each callback is one call into it.
"""

import asyncio
import os
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol
from urllib.parse import urlsplit

from picows import WSCloseCode, WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from agent.outbox import Outbox
from agent.walk import Walk
from wire.errors import WireError
from wire.header import FRAME_ROOM
from wire.limits import ALONE_VIEWER_SECONDS, CONNECT_SECONDS, DEAD_SECONDS, MAX_FRAME_BYTES
from wire.messages import relay

HIGH_WATER_BYTES: Final = 64 * 1024
"""What may wait in the transport; the rest stays in the outbox, where newer replaces older."""
ALONE_CHECK_SECONDS: Final = 0.25


@dataclass(frozen=True, slots=True)
class RelayAddress:
    """A relay of the session's signed list."""

    id: str
    url: str


class Core(Protocol):
    """What the link asks of whom it carries messages for."""

    outbox: Outbox

    def on_connected(self) -> None: ...
    def on_lost(self) -> None: ...
    def on_text(self, text: relay.Text) -> None: ...
    def on_frame(self, data: bytes) -> None: ...
    def on_unreachable(self, relay_id: str, why: str) -> None: ...
    def alone(self) -> bool: ...
    def may_move_on(self) -> bool: ...


class _Listener(WSListener):
    """One connection; hands everything to the link that made it."""

    def __init__(self, link: "Link") -> None:
        super().__init__()
        self.link = link
        self.transport: WSTransport | None = None
        self.close_code = 0

    def on_ws_connected(self, transport: WSTransport) -> None:
        self.transport = transport
        transport.underlying_transport.set_write_buffer_limits(high=HIGH_WATER_BYTES)
        self.link.opened(self)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == WSMsgType.BINARY:
            self.link.received(frame.get_payload_as_bytes())
        elif frame.msg_type == WSMsgType.TEXT:
            self.link.received_text(frame.get_payload_as_bytes())
        elif frame.msg_type == WSMsgType.CLOSE:
            self.close_code = int(frame.get_close_code().value)
            transport.send_close(WSCloseCode.OK)
            transport.disconnect()

    def pause_writing(self) -> None:
        self.link.writable = False

    def resume_writing(self) -> None:
        self.link.writable = True
        self.link.flush()


class Link:
    """Keeps `core` connected until `close`, or until a relay says that there is nothing to come back to."""

    def __init__(
        self,
        core: Core,
        relays: Sequence[RelayAddress],
        first_ticket: str,
        resume_ticket: Callable[[], str],
        *,
        alone_seconds: float = ALONE_VIEWER_SECONDS,
        proxy: str | None = None,
    ) -> None:
        """`first_ticket` is good once, at the first relay; after that `resume_ticket` gives the newest resume ticket."""
        self.writable = False
        self._core, self._relays = core, list(relays)
        self._first: str | None = first_ticket
        self._resume = resume_ticket
        self._walk = Walk(len(self._relays), alone_seconds)
        self._proxy = proxy
        self._listener: _Listener | None = None
        self._closing = asyncio.Event()
        self._closed = asyncio.Event()
        self.final: str | None = None
        """Why a relay closed for good: `replaced`, `kicked` or `ended`."""

    async def run(self) -> None:
        """Connect, carry, reconnect; returns after `close` or a final close code."""
        try:
            await self._go()
        finally:
            self._closed.set()

    async def closed(self) -> None:
        """Wait until `run` has returned."""
        await self._closed.wait()

    async def _go(self) -> None:
        while not self._closing.is_set() and self.final is None:
            if await self._connect(self.address):
                await self._carry()
            else:
                await self._pause(self._walk.refused())

    @property
    def address(self) -> RelayAddress:
        """The relay that it is connected to, or tries next."""
        return self._relays[self._walk.relay]

    def flush(self) -> None:
        """Send what waits in the outbox, as far as the transport takes it."""
        listener = self._listener
        while listener is not None and listener.transport is not None and self.writable:
            item = self._core.outbox.next_in_place()
            if item is None:
                return
            if isinstance(item, bytearray):  # masked where it is: it is sent once, and to nobody else
                listener.transport.send_reuse_external_bytearray(WSMsgType.BINARY, item, FRAME_ROOM)
            else:
                kind = WSMsgType.TEXT if isinstance(item, str) else WSMsgType.BINARY
                listener.transport.send(kind, item.encode() if isinstance(item, str) else item)

    def move_on(self) -> None:
        """Leave this relay for the next one."""
        self._walk.leave()
        self._disconnect(WSCloseCode.OK)

    async def close(self) -> None:
        """Send what is queued, then close for good."""
        self.flush()
        self._closing.set()
        self._disconnect(WSCloseCode.OK)

    def opened(self, listener: _Listener) -> None:
        """The upgrade is done; nothing was received yet."""
        self._listener, self.writable = listener, True
        self._walk.connected(asyncio.get_running_loop().time())
        self._core.on_connected()
        self.flush()

    def received(self, data: bytes) -> None:
        try:
            self._core.on_frame(data)
        except WireError:
            self._disconnect(WSCloseCode.PROTOCOL_ERROR)
        self.flush()

    def received_text(self, data: bytes) -> None:
        try:
            text = relay.decode(data)
            if text["type"] == "drain":
                self.move_on()
                return
            self._core.on_text(text)
        except WireError:
            self._disconnect(WSCloseCode.PROTOCOL_ERROR)
        self.flush()

    async def _connect(self, address: RelayAddress) -> bool:
        ticket, self._first = self._first or self._resume(), None
        headers = {"Sec-WebSocket-Protocol": f"tasuki.v1, ticket.{ticket}"}
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                _, listener = await ws_connect(
                    lambda: _Listener(self),
                    address.url.rstrip("/") + "/v1/connect",
                    ssl_context=_tls(address.url),
                    websocket_handshake_timeout=CONNECT_SECONDS,
                    enable_auto_ping=True,
                    auto_ping_idle_timeout=DEAD_SECONDS / 2,  # the reply may not take longer than the idle time
                    auto_ping_reply_timeout=DEAD_SECONDS / 2,
                    max_frame_size=MAX_FRAME_BYTES,
                    max_redirects=0,
                    extra_headers=headers,
                    proxy=self._proxy,
                )
        except (OSError, TimeoutError, ValueError, EOFError, RuntimeError) as error:
            self._core.on_unreachable(address.id, _why(error))
            return False
        except Exception as error:  # noqa: BLE001  # picows raises its own classes for refused upgrades
            self._core.on_unreachable(address.id, _why(error))
            return False
        return isinstance(listener, _Listener)

    async def _carry(self) -> None:
        """Until the connection ends; moves on when nobody is on the other side for too long."""
        listener = self._listener
        if listener is None or listener.transport is None:
            return
        watch = asyncio.ensure_future(self._watch_alone())
        closing = asyncio.ensure_future(self._closing.wait())
        gone = asyncio.ensure_future(listener.transport.wait_disconnected())
        await asyncio.wait({gone, closing}, return_when=asyncio.FIRST_COMPLETED)
        if closing.done():
            await asyncio.wait({gone}, timeout=CONNECT_SECONDS)
        for task in (watch, closing, gone):
            task.cancel()
        await asyncio.gather(watch, closing, gone, return_exceptions=True)
        self._lost(listener)

    def _lost(self, listener: _Listener) -> None:
        self._listener, self.writable = None, False
        self.final = self._walk.lost(listener.close_code)
        self._core.on_lost()

    async def _watch_alone(self) -> None:
        loop, core = asyncio.get_running_loop(), self._core
        while True:
            await asyncio.sleep(ALONE_CHECK_SECONDS)
            if self._walk.too_long_alone(loop.time(), alone=core.alone(), may_move_on=core.may_move_on()):
                self.move_on()
                return

    async def _pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._closing.wait(), seconds)
        except TimeoutError:
            return

    def _disconnect(self, code: WSCloseCode) -> None:
        if self._listener is not None and self._listener.transport is not None:
            self._listener.transport.send_close(code)
            self._listener.transport.disconnect(graceful=True)


def _why(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:200]


def _tls(url: str) -> ssl.SSLContext | None:
    if urlsplit(url).scheme != "wss":
        return None
    context = ssl.create_default_context(cafile=os.environ.get("SSL_CERT_FILE"))
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
