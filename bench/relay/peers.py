"""What the relay is measured against, each started on loopback for one run, and the relay itself."""

import asyncio
import contextlib
import itertools
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from bench.relay.load import Peer, compiled, upgrade
from tests.e2e.stack import free_ports
from tests.integration.relay.fake_api import RELAY_TOKEN, FakeApi
from wire.messages.relay import encode

ROOT = Path(__file__).parents[2]
WEBSOCKIFY = "websockify==0.13.0"
HAPROXY = """
global
  maxconn 8000
  nbthread 1
  tune.bufsize 262144
defaults
  mode tcp
  timeout connect 5s
  timeout client 1h
  timeout server 1h
listen pairs
  bind 127.0.0.1:{port}
  server load 127.0.0.1:{target}
"""
_session = itertools.count()


@asynccontextmanager
async def process(words: Sequence[str], port: int, more: Mapping[str, str] | None = None) -> AsyncIterator[int]:
    """A process that listens on `port`, ended afterwards; its id."""
    started = subprocess.Popen(
        words, cwd=ROOT, env=os.environ | dict(more or {}), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        await _listening(port, started)
        yield started.pid
    finally:
        started.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            await asyncio.to_thread(started.wait, 5)
        if started.poll() is None:
            started.kill()
            started.wait()


async def _listening(port: int, started: subprocess.Popen[bytes]) -> None:
    async with asyncio.timeout(20):
        while True:
            if started.poll() is not None:
                raise RuntimeError(f"{started.args!r} ended with {started.returncode}")
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return


@asynccontextmanager
async def tasuki(api: FakeApi, *, pure: bool = False) -> AsyncIterator[Peer]:
    """The relay as it is run, checking tickets, counting and limiting; `pure` without the native connection."""
    [port, admin] = free_ports(2)
    with tempfile.TemporaryDirectory() as folder:
        token = Path(folder) / "token"
        token.write_text(RELAY_TOKEN)
        token.chmod(0o600)
        settings = {
            "TASUKI_RELAY_LISTEN": f"127.0.0.1:{port}",
            "TASUKI_RELAY_ADMIN_LISTEN": f"127.0.0.1:{admin}",
            "TASUKI_RELAY_TOKEN_FILE": str(token),
            "TASUKI_DATA_DIR": folder,
            "TASUKI_API_URL": api.url,
            "TASUKI_PURE": "1" if pure else "0",
        }
        async with process([sys.executable, "-m", "relay.main"], port, settings) as pid:
            while not api.registrations:
                await asyncio.sleep(0.02)
            api.registrations.clear()
            yield Peer("tasuki", port, (pid,))


def handshakes(api: FakeApi, sessions: int, viewers: int = 1) -> list[tuple[str, ...]]:
    """For each session a host that sends and viewers that receive, with tickets."""
    limits = {"seconds": 3600, "bytes_per_second": 1 << 40}
    made = []
    for number in itertools.islice(_session, sessions):
        name = f"ses_{number}"
        tickets = [api.ticket(name, sender, limits=limits) for sender in range(1, 2 + viewers)]
        made.append(tuple(upgrade("/v1/connect", f"tasuki.v1, ticket.{ticket}") for ticket in tickets))
    return made


def admissions(viewers: int) -> list[str]:
    """What a host says to let viewers see its pictures."""
    texts = [encode({"type": "admit", "sender": sender}).encode() for sender in range(2, 2 + viewers)]
    return [(bytes([0x81, 0x80 | len(text)]) + bytes(4) + text).hex() for text in texts]


@asynccontextmanager
async def haproxy() -> AsyncIterator[Peer]:
    """HAProxy in TCP mode with buffers of 256 KiB, which is how it is cheapest."""
    [port, target] = free_ports(2)
    with tempfile.NamedTemporaryFile("w", suffix=".cfg") as config:
        config.write(HAPROXY.format(port=port, target=target))
        config.flush()
        words = [shutil.which("haproxy") or "/usr/sbin/haproxy", "-db", "-f", config.name]
        async with process(words, port) as pid:
            yield Peer("haproxy", port, (pid,), (target, "ws"), plain=True)


@asynccontextmanager
async def in_c() -> AsyncIterator[Peer]:
    """peer.c."""
    [port] = free_ports(1)
    async with process([str(compiled("peer")), str(port)], port) as pid:
        yield Peer("C", port, (pid,))


@asynccontextmanager
async def websockify() -> AsyncIterator[Peer]:
    """websockify, one process per connection, as noVNC uses it; installed for the run in an environment of its own."""
    [port, target] = free_ports(2)
    with tempfile.TemporaryDirectory() as folder:
        await asyncio.to_thread(venv.create, folder, with_pip=True)
        pip = [f"{folder}/bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", WEBSOCKIFY]
        await asyncio.to_thread(subprocess.run, pip, check=True)
        words = [f"{folder}/bin/websockify", f"127.0.0.1:{port}", f"127.0.0.1:{target}"]
        async with process(words, port) as pid:
            yield Peer("websockify", port, (pid,), (target, "plain"))
