"""The relay's end of one WebSocket: a thin shell around a room. One callback, one call into the room."""

import asyncio
import socket
from typing import TYPE_CHECKING

import structlog
from picows import WSFrame, WSListener, WSMsgType, WSTransport

from relay.actions import Action, CloseCode
from relay.allowance import Allowance
from relay.limits import (
    BATCH_MAX_BYTES,
    BATCH_MIN_BYTES,
    CLOSE_SECONDS,
    NOTSENT_LOWAT_BYTES,
    WRITE_HIGH_BYTES,
    WRITE_LOW_BYTES,
)
from wire.errors import Malformed, WireError
from wire.limits import DEAD_SECONDS

if TYPE_CHECKING:
    from relay.member import Member
    from relay.room import Room
    from relay.server import RelayServer
    from relay.tickets import Ticket

log = structlog.get_logger()
INTERNAL_ERROR = 1011
"""RFC 6455 7.4.1: a fault of ours."""


class Link(WSListener):
    """One participant's connection, from the upgrade to its end."""

    room: "Room"
    member: "Member"
    transport: WSTransport

    def __init__(self, server: "RelayServer", ticket: "Ticket", now: float) -> None:
        self.server = server
        self.ticket = ticket
        self.last_seen = now
        self.closing = False
        self._paused = False
        self._budget = BATCH_MIN_BYTES
        self._cut: asyncio.TimerHandle | None = None
        self._allowance = Allowance(ticket.limit_bytes_per_second, now)
        self._held: asyncio.TimerHandle | None = None
        """Reading is paused until this: the ticket's bytes a second are used up."""

    # What picows calls

    def on_ws_connected(self, transport: WSTransport) -> None:
        """The upgrade is answered: from here on the participant is in the room."""
        self.transport = transport
        try:
            self._tune(transport)
            self.server.connected(self)
        except Exception:
            log.exception("relay.fault", session=self.ticket.session, sender=self.ticket.sender)
            transport.disconnect(graceful=False)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """A frame; after a close frame was sent nothing is answered any more."""
        if transport.is_disconnected:
            return
        self.last_seen = self.server.now()
        if self.closing or transport.is_close_frame_sent:
            if frame.msg_type == WSMsgType.CLOSE:
                transport.disconnect()
            return
        try:
            self._receive(transport, frame)
        except WireError as error:
            self.close(error.close_code, error.slug)
        except Exception:
            log.exception("relay.fault", session=self.ticket.session, sender=self.ticket.sender)
            self.close(INTERNAL_ERROR, "error")
        if frame.last_in_buffer:
            self.server.flush(self.room)

    def on_ws_disconnected(self, transport: WSTransport) -> None:  # noqa: ARG002 - picows' signature
        """The connection is gone, whoever ended it."""
        self.closing = True
        for timer in (self._cut, self._held):
            if timer:
                timer.cancel()
        if hasattr(self, "member"):  # else it was never let in
            self.server.disconnected(self)

    def pause_writing(self) -> None:
        """The transport holds as much as it should: what comes now waits in the room's queues, where it stays fresh."""
        self._paused = True

    def resume_writing(self) -> None:
        """There is room again."""
        self._paused = False
        self.flush()

    # What the server calls

    def flush(self) -> None:
        """Write what waits, several messages at a time, as long as the connection takes it."""
        outbox, now = self.member.outbox, self.server.now()
        while outbox.sendable and not (self._paused or self.closing):
            texts, messages = self.room.take(self.member, self._budget, now)
            for text in texts:
                self.transport.send(WSMsgType.TEXT, text)
            if messages:
                self.transport.send(WSMsgType.BINARY, messages[0] if len(messages) == 1 else b"".join(messages))
            self._adapt()

    def is_silent(self, now: float) -> bool:
        """Nothing was heard for too long, though we listened."""
        return self._held is None and now - self.last_seen > DEAD_SECONDS

    def ping(self) -> None:
        """Ask for a sign of life."""
        if not self.closing:
            self.transport.send_ping()

    def narrow(self, bytes_per_second: int | None) -> None:
        """Take no more bytes a second than this from now on."""
        self._allowance.narrow(bytes_per_second, self.server.now())

    def close(self, code: int, reason: str) -> None:
        """Send what texts wait and a close frame; cut the connection if the other end does not answer it."""
        if self.closing:
            return
        self.closing = True
        for text in self.member.outbox.take_texts():
            self.transport.send(WSMsgType.TEXT, text)
        self.transport.send_close(code, reason)  # type: ignore[arg-type]  # an application's code (4000 and up)
        self.server.counters.closed[reason] += 1
        self._cut = self.server.later(CLOSE_SECONDS, self.transport.underlying_transport.abort)
        self.server.gone(self)

    def _receive(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.rsv1 or frame.rsv2 or frame.rsv3 or not frame.fin:
            raise Malformed("extensions and fragments are not used")
        kind = frame.msg_type
        if kind == WSMsgType.BINARY:
            self._act(self.room.receive(self.member, frame.get_payload_as_memoryview(), self.last_seen))
            self._hold(self._allowance.spend(frame.payload_size, self.last_seen))
        elif kind == WSMsgType.TEXT:
            self._act(self.room.receive_text(self.member, frame.get_payload_as_bytes(), self.last_seen))
        elif kind == WSMsgType.PING:
            transport.send_pong(frame.get_payload_as_bytes())
        elif kind == WSMsgType.CLOSE:
            self.closing = True
            transport.send_close(CloseCode.GOODBYE)  # type: ignore[arg-type]
            transport.disconnect()
            self.server.gone(self)
        elif kind != WSMsgType.PONG:
            raise Malformed("a continuation of nothing")

    def _act(self, actions: list[Action]) -> None:
        if actions:
            self.server.act(actions)

    def _hold(self, seconds: float) -> None:
        """Stop reading for a while: the sender's TCP then slows it down."""
        if seconds and self._held is None:
            self.transport.underlying_transport.pause_reading()
            self._held = self.server.later(seconds, self._let_go)

    def _let_go(self) -> None:
        self._held = None
        self.last_seen = self.server.now()
        if not self.closing:
            self.transport.underlying_transport.resume_reading()

    def _adapt(self) -> None:
        """Small writes for a slow connection (what is written can no longer be shed), large ones for a fast one."""
        if self.transport.underlying_transport.get_write_buffer_size():
            self._budget = BATCH_MIN_BYTES
        else:
            self._budget = min(2 * self._budget, BATCH_MAX_BYTES)

    @staticmethod
    def _tune(transport: WSTransport) -> None:
        raw = transport.underlying_transport
        raw.set_write_buffer_limits(WRITE_HIGH_BYTES, WRITE_LOW_BYTES)
        if hasattr(socket, "TCP_NOTSENT_LOWAT"):
            raw.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, NOTSENT_LOWAT_BYTES)
