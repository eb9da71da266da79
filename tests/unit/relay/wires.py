"""Connections without a socket: what is fed to them, what they write, and whom they tell."""

from typing import Any

import relay.transport as transport
from relay import websocket
from relay.websocket import BINARY, CLOSE, PONG, TEXT, Owner

BOTH: list[Any] = [transport.Connection, websocket.Connection]
"""The native connection and its twin."""
MASK = b"\x11\x22\x33\x44"


class FakeSocket:
    """Takes options."""

    def setsockopt(self, *_: int) -> None: ...


class FakeTransport:
    """Keeps what is written."""

    def __init__(self) -> None:
        self.written = bytearray()
        self.closed = self.reading_paused = False
        self.backlog = 0

    def write(self, data: bytes) -> None:
        self.written += data

    def close(self) -> None:
        self.closed = True

    abort = write_eof = close

    def can_write_eof(self) -> bool:
        return True

    def pause_reading(self) -> None:
        self.reading_paused = True

    def resume_reading(self) -> None:
        self.reading_paused = False

    def set_write_buffer_limits(self, high: int, low: int) -> None: ...

    def get_write_buffer_size(self) -> int:
        return self.backlog

    def get_extra_info(self, name: str) -> Any:
        return FakeSocket() if name == "socket" else ("127.0.0.1", 1)

    def frames(self) -> list[tuple[int, bytes]]:
        """Kind and payload of every frame that was written since the last call."""
        found, at, data = [], 0, bytes(self.written)
        while at < len(data):
            assert not data[at + 1] & 0x80, "a server's frames are not masked"
            assert data[at] & 0xF0 == 0x80, "whole, without extensions"
            size, taken = data[at + 1], 2
            if size > 125:
                taken = 4 if size == 126 else 10
                size = int.from_bytes(data[at + 2 : at + taken], "big")
            found.append((data[at] & 15, data[at + taken : at + taken + size]))
            assert len(found[-1][1]) == size
            at += taken + size
        self.written.clear()
        return found


class Ear(Owner):
    """Keeps what it is told, as (what, …)."""

    def __init__(self) -> None:
        self.heard: list[tuple[Any, ...]] = []
        self.connection: Any = None

    def on_binary(self, frame: bytes) -> None:
        self.heard.append((BINARY, frame))

    def on_text(self, text: bytes) -> None:
        self.heard.append((TEXT, text))

    def on_ping(self, payload: bytes) -> None:
        self.heard.append((PONG, payload))

    def on_close(self, code: int) -> None:
        self.heard.append((CLOSE, code))
        self.connection.stop_listening()

    def on_fault(self, code: int, reason: str) -> None:
        self.heard.append(("fault", code, reason))


def listening(make: Any) -> tuple[Any, Ear]:
    """An upgraded connection whose owner keeps what it hears."""
    ear = Ear()
    connection = ear.connection = make(ear)
    connection.connection_made(FakeTransport())
    connection.upgrade(ear)
    return connection, ear


def feed(connection: Any, data: bytes) -> None:
    """As a transport does, as many reads as it takes."""
    while data:
        room = connection.get_buffer(len(data))
        size = min(len(room), len(data))
        room[:size] = data[:size]
        connection.buffer_updated(size)
        data = data[size:]


def frame(opcode: int, payload: bytes, *, fin: bool = True, rsv: int = 0, mask: bytes | None = MASK) -> bytes:
    """A frame as a client writes it."""
    size, bit = len(payload), 0x80 if mask is not None else 0
    if size < 126:
        length = bytes([bit | size])
    elif size < 1 << 16:
        length = bytes([bit | 126]) + size.to_bytes(2, "big")
    else:
        length = bytes([bit | 127]) + size.to_bytes(8, "big")
    body = payload if mask is None else bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))
    return bytes([fin << 7 | rsv << 4 | opcode]) + length + (mask or b"") + body
