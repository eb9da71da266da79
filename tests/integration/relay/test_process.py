"""The relay as a process: what it prints, how it fails, how it goes; and TLS."""

import asyncio
import os
import signal
import socket
import ssl
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path

import pytest
from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from tests.integration.relay.certificate import certificate
from tests.integration.relay.client import Client, Refusal, dial, rest_of
from tests.integration.relay.fake_api import RELAY_TOKEN, FakeApi


@pytest.fixture
def environment(api: FakeApi, tmp_path: Path) -> dict[str, str]:
    (tmp_path / "token").write_text(RELAY_TOKEN)
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("TASUKI_")},
        "TASUKI_RELAY_LISTEN": "127.0.0.1:0",
        "TASUKI_RELAY_ADMIN_LISTEN": "127.0.0.1:0",
        "TASUKI_RELAY_TOKEN_FILE": str(tmp_path / "token"),
        "TASUKI_API_URL": api.url,
    }


async def run(environment: dict[str, str]) -> Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "relay.main", env=environment, stdout=PIPE, stderr=PIPE
    )


async def ready_line(process: Process) -> str:
    assert process.stdout
    return (await asyncio.wait_for(process.stdout.readline(), 20)).decode().strip()


def port_of(line: str) -> int:
    return int(line.rsplit(":", 1)[1])


@pytest.mark.rule("R38")
async def test_it_says_when_it_is_ready_and_drains_on_sigterm(api: FakeApi, environment: dict[str, str]) -> None:
    process = await run(environment)
    line = await ready_line(process)
    assert line.startswith("relay ready on ws://127.0.0.1:")
    client = await Client.join(port_of(line), api.ticket("ses_1", 1))
    process.send_signal(signal.SIGTERM)
    await client.text("drain")
    with pytest.raises((Refusal, ConnectionError)):
        await Client.open(port_of(line), api.ticket("ses_1", 2))
    client.close()
    _, errors = await asyncio.wait_for(process.communicate(), 20)
    assert process.returncode == 0, errors
    assert api.facts == [("joined", 1), ("left", 1)], "the last reports are handed over"
    assert b"jti_" not in errors


@pytest.mark.rule("R38")
async def test_evil_guests_cannot_keep_a_draining_relay(api: FakeApi, environment: dict[str, str]) -> None:
    """Who does not leave when asked to is closed (4005); the process is gone well within the minute it has."""
    process = await run(environment)
    client = await Client.join(port_of(await ready_line(process)), api.ticket("ses_1", 1))
    process.send_signal(signal.SIGTERM)
    await client.text("drain")
    assert await client.closed() == 4005
    await asyncio.wait_for(process.communicate(), 20)
    assert process.returncode == 0


async def test_several_listeners(api: FakeApi, environment: dict[str, str]) -> None:
    process = await run({**environment, "TASUKI_RELAY_LISTEN": "127.0.0.1:0,127.0.0.1:0"})
    ports = {port_of(await ready_line(process)) for _ in range(2)}
    assert len(ports) == 2
    for sender, port in enumerate(ports, 1):
        (await Client.join(port, api.ticket("ses_1", sender))).close()
    process.terminate()
    await asyncio.wait_for(process.communicate(), 20)
    assert process.returncode == 0


async def test_a_taken_port_is_one_sentence(environment: dict[str, str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        process = await run({**environment, "TASUKI_RELAY_LISTEN": f"127.0.0.1:{port}"})
        out, errors = await asyncio.wait_for(process.communicate(), 20)
    assert process.returncode == 1
    assert out == b""
    assert errors.decode() == f"relay: 127.0.0.1:{port} is taken by another program; choose another address\n"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"TASUKI_RELAY_LISTEN": "0.0.0.0:0"}, "TASUKI_TLS_CERT_FILE"),
        ({"TASUKI_TRUSTED_PROXIES": "*"}, "means everybody"),
        ({"TASUKI_RELAY_TOKEN_FILE": "/nonexistent/token"}, "tasuki admin relay add"),
        ({"TASUKI_RELAY_LISTEN": "here"}, "not an address and port"),
    ],
)
@pytest.mark.rule("R34")
async def test_evil_settings_are_one_sentence(
    environment: dict[str, str], change: dict[str, str], sentence: str
) -> None:
    process = await run({**environment, **change})
    _, errors = await asyncio.wait_for(process.communicate(), 20)
    assert process.returncode == 1
    assert sentence in errors.decode()
    assert len(errors.decode().strip().splitlines()) == 1


async def test_tls_with_a_certificate_of_ones_own(api: FakeApi, environment: dict[str, str], tmp_path: Path) -> None:
    cert_file, key_file = certificate(tmp_path)
    process = await run({**environment, "TASUKI_TLS_CERT_FILE": str(cert_file), "TASUKI_TLS_KEY_FILE": str(key_file)})
    line = await ready_line(process)
    assert line.startswith("relay ready on wss://")
    for stranger in (b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x00\x05hello"):
        reader, writer = await dial(port_of(line))
        writer.write(stranger)
        await rest_of(reader)
    context = ssl.create_default_context(cafile=str(cert_file))
    client = await Client.join(port_of(line), api.ticket("ses_1", 1), tls=context)
    client.close()
    old = ssl.create_default_context(cafile=str(cert_file))
    old.minimum_version = ssl.TLSVersion.TLSv1_2
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    (await Client.join(port_of(line), api.ticket("ses_2", 1), tls=old)).close()
    process.terminate()
    _, errors = await asyncio.wait_for(process.communicate(), 20)
    assert b"Traceback" not in errors, "strangers fill no log"


class Listener(WSListener):
    """Collects texts."""

    def __init__(self) -> None:
        self.texts: asyncio.Queue[str] = asyncio.Queue()

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == WSMsgType.TEXT:
            self.texts.put_nowait(frame.get_payload_as_utf8_text())


async def test_a_picows_client_as_the_agent_uses_it(api: FakeApi, port: int) -> None:
    transport, listener = await ws_connect(
        Listener,
        f"ws://127.0.0.1:{port}/v1/connect",
        extra_headers={"Sec-WebSocket-Protocol": f"tasuki.v1, ticket.{api.ticket('ses_1', 1)}"},
    )
    assert isinstance(listener, Listener)
    assert '"type":"welcome"' in await asyncio.wait_for(listener.texts.get(), 5)
    assert transport.response.headers["Sec-WebSocket-Protocol"] == "tasuki.v1"
    transport.disconnect()
    await transport.wait_disconnected()
