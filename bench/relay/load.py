"""Runs the load generator (load.c) against whatever forwards bytes, and reads what it measured."""

import asyncio
import json
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


@cache
def compiled(name: str) -> Path:
    """A C program of this folder, built once per run. CalledProcessError when there is no compiler."""
    target = Path(tempfile.mkdtemp(prefix="tasuki-bench-")) / name
    subprocess.run(["cc", "-O3", "-o", str(target), str(HERE / f"{name}.c")], check=True)
    return target


@dataclass(frozen=True, slots=True)
class Peer:
    """Something that forwards: its processes, and how pairs of connections go through it."""

    name: str
    port: int
    pids: tuple[int, ...]
    listen: tuple[int, str] | None = None
    """Where it connects to for each sender, and what arrives there (`ws` or `plain`); None: receivers connect to it."""
    plain: bool = False
    """No upgrade at all: it forwards any bytes."""


def upgrade(path: str, protocols: str = "") -> str:
    """A handshake, as hex."""
    offered = f"Sec-WebSocket-Protocol: {protocols}\r\n" if protocols else ""
    return (
        f"GET {path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{offered}\r\n"
    ).encode().hex()  # fmt: skip


def pairs(
    peer: Peer, count: int, handshakes: Sequence[tuple[str, ...]] | None = None, said: Sequence[str] = ()
) -> list[str]:
    """The connections of `count` pairs: for each, the sender's handshake and its receivers' (ours need tickets).

    `said` is what each sender writes first, as hex.
    """
    lines = []
    for index in range(count):
        sender, *receivers = handshakes[index] if handshakes else (upgrade(f"/{index}"),) * (1 if peer.listen else 2)
        if peer.listen:
            lines.append(f"listen {index} {peer.listen[0]} {peer.listen[1]}")
        lines += [f"take {index} {peer.port} {receiver}" for receiver in receivers]
        lines.append(f"send {index} {peer.port} {'-' if peer.plain else sender}")
        lines += [f"say {index} {peer.port} {frame}" for frame in said]
    return lines


async def run(
    mode: str, peer: Peer, lines: Sequence[str], *, size: int = 1024, window: int = 1, seconds: float = 1.0
) -> dict[str, Any]:
    """One measurement; RuntimeError with what the generator said when a message was lost, doubled or changed."""
    pids = ",".join(map(str, peer.pids))
    with tempfile.TemporaryFile("w+") as spec:
        spec.write("\n".join(lines) + "\n")
        spec.seek(0)
        process = await asyncio.create_subprocess_exec(
            str(compiled("load")), mode, str(size), str(window), str(seconds), pids,
            stdin=spec, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        out, err = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"{peer.name}, {mode}, {size} B: {err.decode().strip()}")
    found: dict[str, Any] = json.loads(out)
    return found
