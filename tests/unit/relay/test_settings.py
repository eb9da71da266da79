"""Settings: what is refused, and that it is said what to do."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from relay.settings import Listen, Settings, load_settings, parse_listen


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"TASUKI_{name.upper()}", raising=False)


def test_several_listeners_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASUKI_RELAY_LISTEN", "127.0.0.1:8443, [::1]:443")
    monkeypatch.setenv("TASUKI_RELAY_ADMIN_LISTEN", "127.0.0.1:0")
    settings = Settings()
    assert settings.relay_listen == (Listen("127.0.0.1", 8443), Listen("::1", 443))
    assert settings.relay_admin_listen == Listen("127.0.0.1", 0)
    assert settings.relay_listen[1].url("wss", 443) == "wss://[::1]:443"


@pytest.mark.parametrize("text", ["", "8443", ":8443", "127.0.0.1:", "127.0.0.1:http", "127.0.0.1:70000", "*:8443"])
def test_addresses_that_are_none(text: str) -> None:
    with pytest.raises(ValueError, match="address"):
        parse_listen(text)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "relay.example"])
def test_open_listeners_need_tls_or_a_proxy(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setenv("TASUKI_RELAY_LISTEN", f"[{host}]:8443")
    with pytest.raises(ValidationError, match="TASUKI_TLS_CERT_FILE"):
        Settings()
    monkeypatch.setenv("TASUKI_TRUSTED_PROXIES", "10.0.0.1")
    assert Settings().trusted_proxies


@pytest.mark.rule("R34")
def test_a_proxy_list_of_everybody_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASUKI_TRUSTED_PROXIES", "10.0.0.1,*")
    with pytest.raises(ValidationError, match="means everybody"):
        Settings()


def test_certificate_and_key_belong_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASUKI_TLS_CERT_FILE", "cert.pem")
    with pytest.raises(ValidationError, match="belong together"):
        Settings()


def test_a_certificate_that_cannot_be_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TASUKI_TLS_CERT_FILE", str(tmp_path / "none.pem"))
    monkeypatch.setenv("TASUKI_TLS_KEY_FILE", str(tmp_path / "none.key"))
    with pytest.raises(ValueError, match=r"none\.pem"):
        Settings().tls()


def test_the_public_address_is_a_websocket(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASUKI_RELAY_PUBLIC_URL", "https://relay.example")
    with pytest.raises(ValidationError, match="wss"):
        Settings()


def test_the_token_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="relay add"):
        Settings().token()
    path = tmp_path / "token"
    monkeypatch.setenv("TASUKI_RELAY_TOKEN_FILE", str(path))
    with pytest.raises(ValueError, match="cannot read"):
        Settings().token()
    path.write_text("\n")
    with pytest.raises(ValueError, match="empty"):
        Settings().token()
    path.write_text("rly_secret\n")
    token = Settings().token()
    assert token.get_secret_value() == "rly_secret"
    assert "secret" not in repr(token)


def test_the_settings_file_is_read_and_the_environment_comes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "tasuki.env"
    file.write_text("TASUKI_RELAY_LISTEN=127.0.0.1:1234\nTASUKI_RELAY_PUBLIC_URL=wss://relay.example\n")
    monkeypatch.setenv("TASUKI_SETTINGS_FILE", str(file))
    monkeypatch.setenv("TASUKI_RELAY_PUBLIC_URL", "wss://other.example")
    settings = load_settings()
    assert settings.relay_listen == (Listen("127.0.0.1", 1234),)
    assert settings.relay_public_url == "wss://other.example"
