"""A real host behind a relay of one room, for tests of the browser's session: `HostProtocol` on one side, a WebSocket on
the other. It forwards everything at once; the delivery classes of a real relay are tested with the real one."""

import asyncio
import base64
import hashlib
import itertools
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any, TypeVar

from picows import (
    WSCloseCode,
    WSFrame,
    WSListener,
    WSMsgType,
    WSTransport,
    WSUpgradeRequest,
    WSUpgradeResponse,
    WSUpgradeResponseWithListener,
    ws_create_server,
)

from agent.host.capture.base import Frame
from agent.host.consent import Consent, Mode
from agent.host.events import DigitsNeeded, Ended, Event, Input, Pointer
from agent.host.grants import SHARED
from agent.host.protocol import HostProtocol
from agent.outbox import Outbox
from wire.header import Delivery, Stream, header, join_frame, split_frame, unpack
from wire.limits import HEADER_BYTES
from wire.messages import relay
from wire.messages.handshake import M1, NO_ATTEMPT, Notice, NoticeKind, decode
from wire.messages.input import Event as InputEvent
from wire.statement import demands_of

T = TypeVar("T")
HOST, VIEWER = 1, 2
DEADLINE_SECONDS = 15.0


def token(**claims: object) -> str:
    """Something shaped like a JWT; only the api and the relay check signatures."""
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"e30.{payload}.sig"


def statement(**claims: object) -> tuple[str, bytes]:
    """A session statement and the SHA-256 of its payload."""
    whole = {"sub": "ses_test", **claims}
    return token(**whole), hashlib.sha256(json.dumps(whole).encode()).digest()


class _Door(WSListener):
    """The viewer's connection."""

    def __init__(self, host: "LiveHost") -> None:
        self.host = host

    def on_ws_connected(self, transport: WSTransport) -> None:
        self.transport = transport
        self.host.viewer_came(self)

    def on_ws_frame(self, _transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == WSMsgType.BINARY:
            self.host.frame(frame.get_payload_as_bytes())

    def on_ws_disconnected(self, _transport: WSTransport) -> None:
        self.host.viewer_left(self)


class LiveHost:
    """The host of one session; use its methods from the test's thread, it lives in its own."""

    def __init__(
        self,
        mode: Mode = "control",
        link: bytes | None = None,
        policy: dict[str, Any] | None = None,
        features: tuple[str, ...] = (),
    ) -> None:
        """`policy` is what the session statement demands."""
        self.statement, statement_hash = statement(policy=policy or {})
        self.events: list[Event] = []
        self.tickets: list[str] = []
        self.frames: list[bytes] = []
        """What the viewer sent, and when (monotonic seconds) in `heard_at`."""
        self.heard_at: list[float] = []
        self.frozen = False
        """The host's process stands still."""
        self.deaf = False
        """The relay keeps back what the viewer says."""
        self.withholding = False
        """The relay keeps the pictures back and forwards the rest."""
        self.passed: list[bytes] = []
        """Every frame that went to the viewer."""
        self._door: _Door | None = None
        self._doors: list[_Door] = []
        self._outbox = Outbox()
        numbers = itertools.count(1)
        self.consent = Consent(mode, features)
        self.protocol = HostProtocol(
            sender=HOST,
            ticket="host-ticket",
            statement=statement_hash,
            demands=demands_of(policy or {}),
            consent=self.consent,
            outbox=self._outbox,
            entropy=os.urandom,
            counter=lambda: next(numbers),
            link=link,
            side="operator" if mode in SHARED else "customer",
        )
        self._screen: tuple[bytes, int, int] | None = None
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._ready: Future[int] = Future()
        self._thread = threading.Thread(target=self._run)

    # ---- in the test's thread

    def policy_told(self, policy: dict[str, Any]) -> None:
        """A lying server: the viewer's statement has this policy."""
        self.statement, _ = statement(policy=policy)

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self._ready.result(DEADLINE_SECONDS)}"

    def grant(self, *, dead_relays: int = 0) -> dict[str, Any]:
        """What the api would answer to the viewer's request for a ticket."""
        relays = [{"id": f"rel_dead{n}", "url": "ws://127.0.0.1:9"} for n in range(dead_relays)]
        return {
            "session_id": "ses_test",
            "participant": {"id": "par_viewer", "sender": VIEWER},
            "statement": self.statement,
            "ticket": token(jti="viewer-ticket", first="viewer-ticket", aud="rel_test"),
            "resume_ticket": token(jti="again", first="viewer-ticket"),
            "relays": [*relays, {"id": "rel_test", "url": self.url}],
            "mode": self.consent.mode,
            "features": [],
        }

    def do(self, action: Callable[[], T]) -> T:
        """Run something in the host's thread and send what came of it."""

        async def run() -> T:
            result = action()
            self._flush()
            return result

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result(DEADLINE_SECONDS)

    def type_digits(self, digits: str) -> None:
        self.do(lambda: self._keep(self.protocol.digits(digits, time.monotonic())[1]))

    def answer(self, yes: bool) -> None:
        self.do(lambda: self._keep(self.protocol.answer(yes, time.monotonic())))

    def end(self, reason: str) -> None:
        self.do(lambda: self._keep(self.protocol.end("customer", reason)))

    def show(self, bgra: bytes, width: int, height: int) -> None:
        """What is on the screen from now on."""
        self._screen = (bgra, width, height)

    def drop(self) -> None:
        """Cut the viewer's connection without a word."""
        self.do(self._cut)

    def send_raw(self, frame: bytes) -> None:
        """Say something to the viewer that the host did not say."""
        self.do(lambda: self._say(WSMsgType.BINARY, frame))

    def send_text(self, text: relay.Text) -> None:
        """Say something to the viewer as the relay."""
        self.do(lambda: self._say(WSMsgType.TEXT, relay.encode(text).encode()))

    def send_notice(self, kind: NoticeKind, attempt: bytes = NO_ATTEMPT) -> None:
        """Say in clear what anybody can say in the host's name."""
        fields = header(Delivery.ORDERED, Stream.HANDSHAKE, HOST, VIEWER)
        self.send_raw(join_frame([fields.pack() + Notice(kind, attempt).encode()]))

    def sent(self, stream: Stream) -> list[bytes]:
        """Messages of the viewer on a stream, whole."""
        messages = [message for frame in list(self.frames) for message in split_frame(frame)]
        return [bytes(message) for message in messages if unpack(message).stream == stream]

    def attempts(self) -> list[tuple[float, M1]]:
        """The handshakes the viewer started, and when."""
        found = []
        for at, frame in zip(list(self.heard_at), list(self.frames), strict=False):
            for message in split_frame(frame):
                body = decode(message[HEADER_BYTES:]) if unpack(message).stream == Stream.HANDSHAKE else None
                if isinstance(body, M1):
                    found.append((at, body))
        return found

    def wait(self, condition: Callable[[], T | None], what: str) -> T:
        """What `condition` gives once it is true; fails after a deadline."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while time.monotonic() < deadline:
            if (found := self.do(condition)) is not None and found is not False:
                return found
            time.sleep(0.01)
        raise AssertionError(f"never happened: {what}")

    def digits_asked(self, attempt: int) -> None:
        self.wait(lambda: DigitsNeeded(VIEWER, attempt) in self.events or None, f"digits, attempt {attempt}")

    def inputs(self) -> list[InputEvent]:
        return [event for item in list(self.events) if isinstance(item, Input) for event in item.events]

    def pointers(self) -> list[tuple[int, int]]:
        return [(item.move.x, item.move.y) for item in list(self.events) if isinstance(item, Pointer)]

    def ended(self) -> Ended | None:
        return next((item for item in self.events if isinstance(item, Ended)), None)

    # ---- in its own thread

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        server = await ws_create_server(self._upgrade, "127.0.0.1", 0)
        self._ready.set_result(server.sockets[0].getsockname()[1])
        while not self._stop.is_set():
            self._tick()
            await asyncio.sleep(0.02)
        self._cut()
        server.close()
        await server.wait_closed()

    def _cut(self) -> None:
        for door in self._doors:
            door.transport.disconnect(graceful=False)
        self._doors.clear()

    def _say(self, kind: WSMsgType, data: bytes) -> None:
        if self._door:
            self._door.transport.send(kind, data)

    def _upgrade(self, request: WSUpgradeRequest) -> WSUpgradeResponseWithListener | None:
        offered = request.headers["Sec-WebSocket-Protocol"].split(", ")
        if request.path != b"/v1/connect" or offered[0] != "tasuki.v1":
            return None
        self.tickets.append(offered[1].removeprefix("ticket."))
        answer = WSUpgradeResponse.create_101_response({"Sec-WebSocket-Protocol": "tasuki.v1"})
        return WSUpgradeResponseWithListener(answer, _Door(self))

    def viewer_came(self, door: _Door) -> None:
        self._door = door
        self._doors.append(door)
        here = [relay.present(HOST, "host", "customer")]
        self.protocol.connected()
        self._outbox.text(relay.welcome("ses_test", VIEWER, "viewer", here, []))
        self._keep(self.protocol.text(relay.joined(VIEWER, "viewer", "operator"), time.monotonic()))
        self._flush()

    def viewer_left(self, door: _Door) -> None:
        if door is not self._door:
            return
        self._door = None
        self._outbox.clear()
        self._keep(self.protocol.text(relay.left(VIEWER), time.monotonic()))

    def frame(self, data: bytes) -> None:
        self.frames.append(data)
        self.heard_at.append(time.monotonic())
        if self.deaf:
            return
        self._keep(self.protocol.frame(data, time.monotonic()))
        self._flush()

    def _keep(self, events: list[Event]) -> None:
        self.events += events

    def _tick(self) -> None:
        if self.frozen:
            return
        now = time.monotonic()
        self._keep(self.protocol.tick(now))
        if self._screen and self.protocol.wants_picture(now):
            self.protocol.picture(Frame(*self._screen), now)
        self._flush()

    def _flush(self) -> None:
        while self._door and not self.frozen and (frame := self._outbox.next()) is not None:
            if isinstance(frame, bytes):
                self._pass_on(frame)
            else:
                self._to_relay(json.loads(frame))

    def _pass_on(self, frame: bytes) -> None:
        kept = [message for message in split_frame(frame) if unpack(message).stream == Stream.SCREEN]
        if kept and self.withholding:
            return
        self.passed.append(frame)
        self._say(WSMsgType.BINARY, frame)

    def _to_relay(self, text: relay.Text) -> None:
        """`admit` is the relay's own affair; a real one would start to forward pictures."""
        if self._door is None or text["type"] == "admit":
            return
        if text["type"] == "end":
            text = relay.ended("customer", str(text["reason"]))
        self._door.transport.send(WSMsgType.TEXT, relay.encode(text).encode())
        if text["type"] == "ended":
            self._door.transport.send_close(WSCloseCode(4003))


@contextmanager
def running(host: LiveHost) -> Iterator[LiveHost]:
    """The host's thread, for as long as the block lasts."""
    host._thread.start()
    try:
        yield host
    finally:
        host._loop.call_soon_threadsafe(host._stop.set)
        host._thread.join(DEADLINE_SECONDS)
