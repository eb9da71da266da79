"""Health and metrics over plain HTTP on a listener of their own: two paths, GET only, one answer per connection."""

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import NamedTuple

HEAD_BYTES = 8 * 1024
TIMEOUT_SECONDS = 5.0
TEXT = "text/plain; charset=utf-8"


class Answer(NamedTuple):
    """A response."""

    status: HTTPStatus
    body: bytes
    content_type: str = TEXT


Page = Callable[[], Answer]


class AdminListener:
    """Serves `pages` by exact path."""

    def __init__(self, pages: dict[str, Page]) -> None:
        self._pages = pages
        self.port = 0
        self._server: asyncio.Server | None = None

    async def listen(self, host: str, port: int) -> int:
        """Open the listener; returns its port. Raises OSError when the address cannot be had."""
        self._server = await asyncio.start_server(self._serve, host, port, limit=HEAD_BYTES)
        self.port = int(self._server.sockets[0].getsockname()[1])
        return self.port

    async def close(self) -> None:
        if self._server:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                head = await reader.readuntil(b"\r\n\r\n")
                writer.write(_bytes(self._answer(head)))
                await writer.drain()
        except (TimeoutError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # whoever it was gets no answer
        finally:
            writer.close()

    def _answer(self, head: bytes) -> Answer:
        parts = head.split(b"\r\n", 1)[0].split(b" ")
        if len(parts) != 3 or not parts[2].startswith(b"HTTP/1."):
            return Answer(HTTPStatus.BAD_REQUEST, b"bad request\n")
        if parts[0] != b"GET":
            return Answer(HTTPStatus.METHOD_NOT_ALLOWED, b"only GET\n")
        page = self._pages.get(parts[1].partition(b"?")[0].decode("ascii", "replace"))
        return page() if page else Answer(HTTPStatus.NOT_FOUND, b"/healthz or /metrics\n")


def _bytes(answer: Answer) -> bytes:
    head = (
        f"HTTP/1.1 {int(answer.status)} {answer.status.phrase}\r\n"
        f"Content-Type: {answer.content_type}\r\nContent-Length: {len(answer.body)}\r\n"
        "X-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + answer.body
