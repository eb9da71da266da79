"""A client that costs little: HTTP/1.1 over a few connections that stay open, so that the server is what is measured."""

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

CONNECTIONS = 4


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent, and the status that is the right one."""

    method: str
    path: str
    body: dict[str, Any] | None = None
    status: int = 201
    headers: tuple[tuple[str, str], ...] = ()

    def encoded(self) -> bytes:
        """On the wire."""
        body = b"" if self.body is None else json.dumps(self.body).encode()
        lines = [f"{self.method} {self.path} HTTP/1.1", "Host: localhost", f"Content-Length: {len(body)}"]
        lines += ["Content-Type: application/json", *(f"{name}: {value}" for name, value in self.headers)]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@dataclass(frozen=True, slots=True)
class Client:
    """One server."""

    port: int
    connections: int = CONNECTIONS

    async def timed(self, requests: Sequence[Request]) -> tuple[float, list[dict[str, Any]]]:
        """Seconds for all of them over connections that are open before, and the answers in order."""
        lines = [await asyncio.open_connection("127.0.0.1", self.port) for _ in range(self.connections)]
        answers: list[dict[str, Any]] = [{}] * len(requests)
        waiting = iter(enumerate((request.encoded(), request.status) for request in requests))

        async def work(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            for number, (sent, status) in waiting:
                writer.write(sent)
                answers[number] = await _answer(reader, status)

        start = time.perf_counter()
        await asyncio.gather(*(work(*line) for line in lines))
        seconds = time.perf_counter() - start
        for _, writer in lines:
            writer.close()
        return seconds, answers


async def _answer(reader: asyncio.StreamReader, status: int) -> dict[str, Any]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    length = next(line for line in head.lower().split("\r\n") if line.startswith("content-length:"))
    body = await reader.readexactly(int(length.partition(":")[2]))
    if int(head.split(" ", 2)[1]) != status:
        raise AssertionError(f"{head}\n{body.decode()}")
    value: dict[str, Any] = json.loads(body)
    return value


async def in_turns(
    ours: Client, other: Client, mine: Callable[[int], Sequence[Request]], theirs: Sequence[Request], rounds: int
) -> tuple[float, float, list[dict[str, Any]]]:
    """Median milliseconds a request of two servers that are asked in turns, and all of our answers."""
    times: tuple[list[float], list[float]] = ([], [])
    answers: list[dict[str, Any]] = []
    for number in range(rounds):
        requests = mine(number)
        seconds, found = await ours.timed(requests)
        times[0].append(seconds * 1e3 / len(requests))
        answers += found
        seconds, _ = await other.timed(theirs)
        times[1].append(seconds * 1e3 / len(theirs))
    return sorted(times[0])[rounds // 2], sorted(times[1])[rounds // 2], answers
