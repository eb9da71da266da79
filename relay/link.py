"""The relay's end of one participant's connection: a thin shell around a room. One callback, one call into the room."""

import asyncio
import socket
from typing import TYPE_CHECKING

import structlog

from relay.actions import Action
from relay.allowance import Allowance
from relay.limits import (
    BATCH_MAX_BYTES,
    BATCH_MIN_BYTES,
    CLOSE_SECONDS,
    NOTSENT_LOWAT_BYTES,
    WRITE_HIGH_BYTES,
    WRITE_LOW_BYTES,
)
from relay.websocket import BINARY, CLOSE, PING, PONG, TEXT, Owner, close_payload
from wire.errors import WireError
from wire.limits import DEAD_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from relay.door import Door
    from relay.member import Member
    from relay.room import Room
    from relay.server import RelayServer
    from relay.tickets import Ticket

log = structlog.get_logger()
INTERNAL_ERROR = 1011
"""RFC 6455 7.4.1: a fault of ours."""


class Link(Owner):
    """One participant's connection, from the upgrade to its end."""

    room: "Room"
    member: "Member"

    def __init__(self, server: "RelayServer", door: "Door", ticket: "Ticket") -> None:
        self.server = server
        self.ticket = ticket
        self.connection = door.connection
        self.closing = False
        self._door = door
        self._paused = False
        self._unanswered: bytes | None = None
        """A ping, while nothing more is written: who does not read must not fill our memory with answers."""
        self._budget = BATCH_MIN_BYTES
        self._cut: asyncio.TimerHandle | None = None
        self._allowance = Allowance(ticket.limit_bytes_per_second, server.now())
        self._held: asyncio.TimerHandle | None = None
        """Reading is paused until this: the ticket's bytes a second are used up."""

    def begin(self) -> None:
        """The upgrade is answered: from here on the participant is in the room."""
        try:
            self._tune()
            self.connection.ask_after = self._allowance.step
            self.server.connected(self)
            self.connection.seat(self.room, self.member)
        except Exception:
            log.exception("relay.fault", session=self.ticket.session, sender=self.ticket.sender)
            self.abort()

    @property
    def joined(self) -> bool:
        """Whether it was let into a room."""
        return hasattr(self, "member")

    # What the connection calls

    def on_binary(self, frame: bytes) -> None:
        """A BINARY frame."""
        self._guard(self._receive, frame)

    def on_message(self, message: bytes) -> None:
        """One message (behind its length) that a native connection did not send straight on."""
        self._guard(self._forward, message)

    def on_text(self, text: bytes) -> None:
        """A TEXT frame."""
        self._guard(self._receive_text, text)

    def on_ping(self, payload: bytes) -> None:
        """Answered at once; of several that come while nothing is taken, the newest alone, later (RFC 6455 5.5.3)."""
        if self._paused:
            self._unanswered = payload
        elif not self.closing:
            self.connection.send(PONG, payload)

    def on_close(self, code: int) -> None:
        """The other end says goodbye, or answers ours."""
        if not self.closing:
            self._leave()
            self.connection.send(CLOSE, close_payload(code, ""))
        self.connection.stop_listening()
        self._end()

    def on_fault(self, code: int, reason: str) -> None:
        """It broke the WebSocket protocol or a limit of it."""
        self.close(code, reason)

    def on_read(self, binary: int) -> None:
        """All of one read was handled."""
        if binary:
            self._hold(self._allowance.spend(binary, self.server.now()))
        if self.joined:
            self.server.flush(self.room)

    def lost(self) -> None:
        """The connection is gone, whoever ended it."""
        self._leave(tell=False)
        for timer in (self._cut, self._held):
            if timer:
                timer.cancel()
        self._door.leave()
        if self.joined:
            self.server.disconnected(self)

    def pause_writing(self) -> None:
        """The transport holds as much as it should: what comes now waits in the room's queues, where it stays fresh."""
        self._paused = True

    def resume_writing(self) -> None:
        """There is room again."""
        self._paused = False
        unanswered, self._unanswered = self._unanswered, None
        if unanswered is not None:
            self.on_ping(unanswered)
        if self.joined:
            self.flush()

    # What the server calls

    def flush(self) -> None:
        """Write what waits, several messages at a time, as long as the connection takes it."""
        outbox, now, send = self.member.outbox, self.server.now(), self.connection.send
        while outbox.sendable and not (self._paused or self.closing):
            texts, messages = self.room.take(self.member, self._budget, now)
            for text in texts:
                send(TEXT, text.encode())
            if messages:
                send(BINARY, messages[0] if len(messages) == 1 else b"".join(messages))
            self._adapt()
        self.connection.open = not (self._paused or self.closing or len(outbox))
        self.connection.live = outbox.pictures.live

    def is_silent(self, now: float) -> bool:
        """Nothing was heard for too long, though we listened."""
        return self._held is None and now - self.connection.last_read > DEAD_SECONDS

    def ping(self) -> None:
        """Ask for a sign of life."""
        if not self.closing:
            self.connection.send(PING, b"")

    def narrow(self, bytes_per_second: int | None) -> None:
        """Take no more bytes a second than this from now on."""
        self._allowance.narrow(bytes_per_second, self.server.now())
        self.connection.ask_after = self._allowance.step

    def close(self, code: int, reason: str) -> None:
        """Send what texts wait and a close frame; cut the connection if the other end does not answer it."""
        if self.closing:
            return
        texts = self.member.outbox.take_texts() if self.joined else []
        self.closing = True
        self.connection.unseat()
        for text in texts:
            self.connection.send(TEXT, text.encode())
        self.connection.send(CLOSE, close_payload(code, reason))
        self.server.counters.closed[reason] += 1
        self._cut = self.server.later(CLOSE_SECONDS, self.abort)
        if self.joined:
            self.server.gone(self)

    def abort(self) -> None:
        """Cut the connection."""
        self.connection.transport.abort()

    def _end(self) -> None:
        """Nothing more is said; both ends close, so that what is still on its way to us does not take our answer with it."""
        transport = self.connection.transport
        if not transport.can_write_eof():
            transport.close()
            return
        transport.write_eof()
        if self._cut is None:
            self._cut = self.server.later(CLOSE_SECONDS, self.abort)

    def _receive(self, frame: bytes) -> list[Action]:
        return self.room.receive(self.member, frame, self.server.now())

    def _forward(self, message: bytes) -> list[Action]:
        return self.room.forward(self.member, message, self.server.now())

    def _receive_text(self, text: bytes) -> list[Action]:
        return self.room.receive_text(self.member, text, self.server.now())

    def _guard(self, take: "Callable[[bytes], list[Action]]", data: bytes) -> None:
        """After a close frame was sent only its answer counts."""
        if self.closing:
            return
        try:
            actions = take(data)
            if actions:
                self.server.act(actions)
        except WireError as error:
            self.close(error.close_code, error.slug)
        except Exception:
            log.exception("relay.fault", session=self.ticket.session, sender=self.ticket.sender)
            self.close(INTERNAL_ERROR, "error")

    def _leave(self, *, tell: bool = True) -> None:
        self.connection.unseat()
        if not self.closing:
            self.closing = True
            if tell and self.joined:
                self.server.gone(self)

    def _hold(self, seconds: float) -> None:
        """Stop reading for a while: the sender's TCP then slows it down."""
        if seconds and self._held is None:
            self.connection.transport.pause_reading()
            self._held = self.server.later(seconds, self._let_go)

    def _let_go(self) -> None:
        self._held = None
        self.connection.last_read = self.server.now()
        if not self.closing:
            self.connection.transport.resume_reading()

    def _adapt(self) -> None:
        """Small writes for a slow connection (what is written can no longer be shed), large ones for a fast one."""
        if self.connection.transport.get_write_buffer_size():
            self._budget = BATCH_MIN_BYTES
        else:
            self._budget = min(2 * self._budget, BATCH_MAX_BYTES)

    def _tune(self) -> None:
        transport = self.connection.transport
        transport.set_write_buffer_limits(WRITE_HIGH_BYTES, WRITE_LOW_BYTES)
        if hasattr(socket, "TCP_NOTSENT_LOWAT"):
            transport.get_extra_info("socket").setsockopt(
                socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, NOTSENT_LOWAT_BYTES
            )
