"""A WebSocket client that writes its frames by hand, so that it can write wrong ones too."""

import asyncio
import base64
import json
import os
import socket
import ssl
from collections.abc import Mapping
from typing import Any, NamedTuple, Self

from wire.header import Delivery, Stream, header, join_frame

TEXT, BINARY, CLOSE, PING, PONG, CONTINUATION = 1, 2, 8, 9, 10, 0
DEADLINE_SECONDS = 10.0


_writers: list[asyncio.StreamWriter] = []


async def close_all() -> None:
    """Cut every connection a test has left open."""
    for writer in _writers:
        writer.transport.abort()
    await asyncio.gather(*(writer.wait_closed() for writer in _writers), return_exceptions=True)
    _writers.clear()


async def dial(
    port: int, tls: ssl.SSLContext | None = None, limit: int = 1 << 20, window: int | None = None
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A plain connection, closed at the end of the test; `window` bytes of receive buffer in the kernel."""
    sock = socket.socket()
    sock.setblocking(False)
    if window:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
    await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", port))
    name = "localhost" if tls else None
    reader, writer = await asyncio.open_connection(sock=sock, ssl=tls, server_hostname=name, limit=limit)
    _writers.append(writer)
    return reader, writer


async def rest_of(reader: asyncio.StreamReader) -> bytes:
    """Everything until the relay closes or cuts the connection."""
    try:
        return await asyncio.wait_for(reader.read(), DEADLINE_SECONDS)
    except ConnectionError:
        return b""


class Frame(NamedTuple):
    """A frame from the relay."""

    opcode: int
    payload: bytes

    @property
    def close_code(self) -> int:
        return int.from_bytes(self.payload[:2], "big")


class Refusal(Exception):
    """The upgrade was refused."""

    def __init__(self, status: int, head: str, body: bytes) -> None:
        super().__init__(f"{status}: {body!r}")
        self.status = status
        self.head = head
        self.body = body

    @property
    def slug(self) -> str:
        return str(json.loads(self.body)["slug"])


def upgrade_request(ticket: str | None, headers: Mapping[str, str] | None = None, path: str = "/v1/connect") -> bytes:
    """The bytes of a handshake."""
    protocols = "tasuki.v1" + (f", ticket.{ticket}" if ticket is not None else "")
    lines = {
        "Host": "relay.test",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
        "Sec-WebSocket-Protocol": protocols,
        **(headers or {}),
    }
    return (f"GET {path} HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in lines.items() if v) + "\r\n").encode()


class Client:
    """One connection. `texts` keeps every TEXT frame, `messages` every end-to-end message received while waiting."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: str) -> None:
        self.reader, self.writer, self.head = reader, writer, head
        self.texts: list[dict[str, Any]] = []
        self.messages: list[bytes] = []
        self.answers_pings = True

    @classmethod
    async def open(
        cls,
        port: int,
        ticket: str | None,
        headers: Mapping[str, str] | None = None,
        *,
        request: bytes | None = None,
        tls: ssl.SSLContext | None = None,
        limit: int = 1 << 20,
        window: int | None = None,
    ) -> Self:
        """Connect and upgrade; raises `Refusal`."""
        reader, writer = await dial(port, tls, limit, window)
        writer.write(request or upgrade_request(ticket, headers))
        head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), DEADLINE_SECONDS)).decode()
        status = int(head.split(" ")[1])
        if status != 101:
            body = await asyncio.wait_for(reader.read(), DEADLINE_SECONDS)
            writer.close()
            raise Refusal(status, head, body)
        return cls(reader, writer, head)

    @classmethod
    async def join(cls, port: int, ticket: str, **options: Any) -> Self:
        """Connect and read the welcome."""
        client = await cls.open(port, ticket, **options)
        await client.text("welcome")
        return client

    def send(self, opcode: int, payload: bytes, *, fin: bool = True, rsv: int = 0, masked: bool = True) -> None:
        """Write one frame."""
        size, mask = len(payload), b"\x11\x22\x33\x44"
        bit = 0x80 if masked else 0
        if size < 126:
            length = bytes([bit | size])
        elif size < 1 << 16:
            length = bytes([bit | 126]) + size.to_bytes(2, "big")
        else:
            length = bytes([bit | 127]) + size.to_bytes(8, "big")
        self.writer.write(bytes([fin << 7 | rsv << 4 | opcode]) + length)
        self.writer.write(mask + _masked(payload, mask) if masked else payload)

    def send_text(self, **text: Any) -> None:
        self.send(TEXT, json.dumps(text).encode())

    def send_messages(self, *messages: bytes) -> None:
        self.send(BINARY, join_frame(list(messages)))

    async def frame(self) -> Frame:
        """The next frame, whatever it is; raises IncompleteReadError when the connection is gone."""
        first, second = await self._read(2)
        size = second & 0x7F
        if size == 126:
            size = int.from_bytes(await self._read(2), "big")
        elif size == 127:
            size = int.from_bytes(await self._read(8), "big")
        assert not second & 0x80, "a server's frames are not masked"
        return Frame(first & 0x0F, await self._read(size))

    async def text(self, kind: str) -> dict[str, Any]:
        """The next TEXT frame of this type; whatever comes before is kept."""
        async with asyncio.timeout(DEADLINE_SECONDS):
            while True:
                frame = await self._next_of(TEXT, BINARY)
                self._keep(frame)
                if frame.opcode == TEXT and self.texts[-1]["type"] == kind:
                    return self.texts[-1]

    async def message(self) -> bytes:
        """The next end-to-end message."""
        async with asyncio.timeout(DEADLINE_SECONDS):
            while not self.messages:
                self._keep(await self._next_of(TEXT, BINARY))
        return self.messages.pop(0)

    async def closed(self) -> int:
        """The close code the relay sends; 0 when it cuts without one."""
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                while (frame := await self._next_of(TEXT, BINARY, CLOSE)).opcode != CLOSE:
                    self._keep(frame)
            self.writer.close()
            return frame.close_code
        except (asyncio.IncompleteReadError, ConnectionError):
            return 0

    async def nothing_but_pings(self, marker: bytes = b"marker") -> None:
        """Prove, by a ping and its pong, that the relay has handled everything and sent nothing else."""
        self.send(PING, marker)
        while True:
            frame = await self._next_of(TEXT, BINARY, PONG)
            if frame == Frame(PONG, marker):
                return
            assert frame.opcode == PONG, frame

    async def sync(self, marker: bytes = b"sync") -> None:
        """Wait until the relay has handled what was sent so far; what arrives is kept."""
        self.send(PING, marker)
        while (frame := await self._next_of(TEXT, BINARY, PONG)) != Frame(PONG, marker):
            self._keep(frame)

    def close(self) -> None:
        self.writer.close()

    def abort(self) -> None:
        self.writer.transport.abort()

    async def _next_of(self, *opcodes: int) -> Frame:
        while True:
            frame = await self.frame()
            if frame.opcode == PING and self.answers_pings:
                self.send(PONG, frame.payload)
            if frame.opcode in opcodes:
                return frame
            if frame.opcode == CLOSE:
                raise AssertionError(f"closed with {frame.close_code} {frame.payload[2:]!r}")

    def _keep(self, frame: Frame) -> None:
        if frame.opcode == TEXT:
            self.texts.append(json.loads(frame.payload))
        elif frame.opcode == BINARY:
            self.messages += split(frame.payload)

    async def _read(self, size: int) -> bytes:
        return await asyncio.wait_for(self.reader.readexactly(size), DEADLINE_SECONDS)


def split(payload: bytes) -> list[bytes]:
    """The messages of a BINARY frame, independently of wire."""
    messages = []
    while payload:
        size = int.from_bytes(payload[:4], "big")
        messages.append(payload[4 : 4 + size])
        payload = payload[4 + size :]
    return messages


def message(
    delivery: Delivery,
    stream: Stream,
    sender: int,
    recipient: int = 0,
    body: bytes = b"sealed",
    **fields: int,
) -> bytes:
    """A message as it would be sent, its body standing in for ciphertext."""
    return header(delivery, stream, sender, recipient, **fields).pack() + body


def _masked(payload: bytes, mask: bytes) -> bytes:
    size = len(payload)
    key = (mask * (size // 4 + 1))[:size]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")).to_bytes(size, "big")
