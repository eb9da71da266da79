"""Settings: sane defaults, and refusals that say what to do."""

import os
from typing import Any

import pytest
from pydantic import ValidationError

from api.settings import Settings, is_loopback, load_settings


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("TASUKI_"):
            monkeypatch.delenv(name)


def test_defaults() -> None:
    settings = Settings()
    assert settings.listen == ("127.0.0.1", 8080)
    assert settings.public_url == settings.issuer == "http://localhost:8080"
    assert settings.database.startswith("sqlite+aiosqlite:////")
    assert settings.master_key.name == "master.key"
    assert settings.trusted_proxies == ()


def test_environment_and_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    file = tmp_path / "tasuki.env"
    file.write_text(
        "TASUKI_PUBLIC_URL=https://support.example.com/\nTASUKI_RELAY_LISTEN=x\nTASUKI_API_LISTEN=127.0.0.1:1\n"
    )
    monkeypatch.setenv("TASUKI_SETTINGS_FILE", str(file))
    monkeypatch.setenv("TASUKI_API_LISTEN", "[::1]:9")
    monkeypatch.setenv("TASUKI_WEBHOOK_ALLOW_NETWORKS", "10.0.0.0/8, fd00::/8")
    settings = load_settings()
    assert settings.public_url == "https://support.example.com"
    assert settings.listen == ("::1", 9)
    assert settings.webhook_allow_networks == ("10.0.0.0/8", "fd00::/8")


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("sqlite:////data/x.db", "sqlite+aiosqlite:////data/x.db"),
        ("postgresql://u:p@db/tasuki", "postgresql+psycopg://u:p@db/tasuki"),
        ("postgres://db/tasuki", "postgresql+psycopg://db/tasuki"),
        ("postgresql+psycopg://db/x", "postgresql+psycopg://db/x"),
    ],
)
def test_database_urls_get_their_driver(given: str, url: str) -> None:
    assert Settings(database_url=given).database == url


@pytest.mark.rule("R34")
@pytest.mark.parametrize(
    "changes",
    [
        {"api_listen": "0.0.0.0:8080"}, {"api_listen": "192.0.2.1:80"}, {"api_listen": "[::]:80"},
        {"api_listen": "example.com:80"},
        {"trusted_proxies": "*"}, {"trusted_proxies": "::/0"}, {"trusted_proxies": "10.0.0.1,0.0.0.0/0"},
        {"trusted_proxies": "proxy.example"}, {"webhook_allow_networks": "everything"}, {"public_url": "localhost:8080"},
        {"public_url": "ftp://x"}, {"public_url": "https://x/y"}, {"public_url": "https://x?y"}, {"api_listen": "127.0.0.1"},
        {"api_listen": "127.0.0.1:99999"}, {"tls_key_file": "x"},
    ],
)  # fmt: skip
def test_refusals(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Settings(**changes)


@pytest.mark.rule("R34")
def test_a_public_listener_with_tls_or_our_proxy_in_front() -> None:
    assert Settings(api_listen="0.0.0.0:8080", trusted_proxies=("10.0.0.1",))
    assert Settings(api_listen="0.0.0.0:8443", tls_cert_file="c.pem", tls_key_file="k.pem")  # type: ignore[arg-type]


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError):
        Settings().public_url = "x"


def test_loopback() -> None:
    assert all(is_loopback(host) for host in ("127.0.0.1", "127.9.9.9", "::1", "localhost"))
    assert not any(is_loopback(host) for host in ("", "0.0.0.0", "::", "10.0.0.1", "localhost.example"))
