"""A real relay in this process, with a fake api that signs tickets."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from relay.main import Relay
from relay.settings import Listen, Settings
from tests.integration.relay.certificate import certificate
from tests.integration.relay.client import close_all
from tests.integration.relay.fake_api import RELAY_TOKEN, FakeApi


class Running:
    """A started relay."""

    def __init__(self, relay: Relay, port: int) -> None:
        self.relay = relay
        self.port = port
        self.tls: ssl.SSLContext | None = None
        """For clients, when it speaks TLS."""


async def until(condition: Callable[[], object], seconds: float = 10.0) -> None:
    """Wait for something to become true; fails at the deadline."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)


def settings_for(api_url: str, token_file: Path, **changes: object) -> Settings:
    token_file.write_text(RELAY_TOKEN + "\n")
    values: dict[str, object] = {
        "relay_listen": (Listen("127.0.0.1", 0),),
        "relay_admin_listen": Listen("127.0.0.1", 0),
        "relay_token_file": token_file,
        "api_url": api_url,
        **changes,
    }
    return Settings.model_validate(values)


async def start(settings: Settings) -> Running:
    relay = Relay(settings)
    [url] = await relay.start()
    return Running(relay, int(url.rsplit(":", 1)[1]))


@pytest.fixture(autouse=True)
async def _clients() -> AsyncIterator[None]:
    yield
    await close_all()


@pytest.fixture
async def api() -> AsyncIterator[FakeApi]:
    fake = FakeApi()
    await fake.start()
    yield fake
    await fake.stop()


@pytest.fixture
async def running(api: FakeApi, tmp_path: Path) -> AsyncIterator[Running]:
    relay = await start(settings_for(api.url, tmp_path / "token"))
    yield relay
    await close_all()
    await relay.relay.stop()


@pytest.fixture
async def running_tls(api: FakeApi, tmp_path: Path) -> AsyncIterator[Running]:
    cert_file, key_file = certificate(tmp_path)
    settings = settings_for(api.url, tmp_path / "token", tls_cert_file=cert_file, tls_key_file=key_file)
    relay = await start(settings)
    relay.tls = ssl.create_default_context(cafile=str(cert_file))
    yield relay
    await close_all()
    await relay.relay.stop()


@pytest.fixture
def port(running: Running) -> int:
    return running.port
