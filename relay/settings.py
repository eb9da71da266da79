"""Settings of one relay process: the environment with the prefix TASUKI_, read once in main and handed down."""

import os
import ssl
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, NamedTuple, Self
from urllib.parse import urlsplit

from pydantic import SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from relay.addresses import Network, parse_networks

CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""For TLS 1.2; those of TLS 1.3 are all good."""


class Listen(NamedTuple):
    """An address to listen on; port 0 takes a free one."""

    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """Only this machine can reach it."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    def url(self, scheme: str, port: int) -> str:
        """How to write it, with the port that was really opened."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{host}:{port}"


class Settings(BaseSettings):
    """See docs/; every member is an environment variable of the same name in capitals behind TASUKI_."""

    model_config = SettingsConfigDict(env_prefix="TASUKI_", frozen=True, extra="ignore")

    relay_listen: Annotated[tuple[Listen, ...], NoDecode] = (Listen("127.0.0.1", 8443),)
    relay_public_url: str = "ws://localhost:8443"
    relay_admin_listen: Annotated[Listen, NoDecode] = Listen("127.0.0.1", 9443)
    relay_token_file: Path | None = None
    relay_region: str | None = None
    relay_capacity: int | None = None
    api_url: str = "http://localhost:8080"
    data_dir: Path | None = None
    tls_cert_file: Path | None = None
    tls_key_file: Path | None = None
    trusted_proxies: Annotated[tuple[Network, ...], NoDecode] = ()

    @field_validator("relay_listen", mode="before")
    @classmethod
    def _several(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(parse_listen(part) for part in value.split(",") if part.strip())

    @field_validator("relay_admin_listen", mode="before")
    @classmethod
    def _one(cls, value: object) -> object:
        return parse_listen(value) if isinstance(value, str) else value

    @field_validator("trusted_proxies", mode="before")
    @classmethod
    def _networks(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return parse_networks(part for part in value.split(",") if part.strip())

    @field_validator("relay_public_url")
    @classmethod
    def _websocket_url(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in {"ws", "wss"} or not parts.hostname:
            raise ValueError("must be an address such as wss://relay.example.org")
        return value.rstrip("/")

    @model_validator(mode="after")
    def _safe(self) -> Self:
        if not self.relay_listen:
            raise ValueError("TASUKI_RELAY_LISTEN names no address")
        if (self.tls_cert_file is None) != (self.tls_key_file is None):
            raise ValueError("TASUKI_TLS_CERT_FILE and TASUKI_TLS_KEY_FILE belong together")
        if self.tls_cert_file or self.trusted_proxies:
            return self
        for listen in self.relay_listen:
            if not listen.is_loopback:
                raise ValueError(
                    f"{listen.host}:{listen.port} can be reached from other machines: set TASUKI_TLS_CERT_FILE and "
                    "TASUKI_TLS_KEY_FILE, or TASUKI_TRUSTED_PROXIES if a proxy in front does TLS"
                )
        return self

    def token(self) -> SecretStr:
        """What this relay proves itself with. Raises ValueError saying what to do."""
        how = "make one with: tasuki admin relay add --url URL --out FILE"
        if self.relay_token_file is None:
            raise ValueError(f"TASUKI_RELAY_TOKEN_FILE is not set; {how}")
        try:
            token = self.relay_token_file.read_text().strip()
        except OSError as error:
            raise ValueError(
                f"cannot read the relay token in {self.relay_token_file} ({error.strerror}); {how}"
            ) from None
        if not token:
            raise ValueError(f"{self.relay_token_file} is empty; {how}")
        return SecretStr(token)

    def tls(self) -> ssl.SSLContext | None:
        """TLS 1.2 and 1.3 with the configured certificate, or None. Raises ValueError saying what is wrong."""
        if self.tls_cert_file is None or self.tls_key_file is None:
            return None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(CIPHERS)
        try:
            context.load_cert_chain(self.tls_cert_file, self.tls_key_file)
        except (OSError, ssl.SSLError) as error:
            raise ValueError(f"cannot use the certificate {self.tls_cert_file}: {error.strerror or error}") from None
        return context


def load_settings() -> Settings:
    """The settings of this process: environment, then the file that TASUKI_SETTINGS_FILE names (as the api reads them)."""
    file = os.environ.get("TASUKI_SETTINGS_FILE")
    return Settings(_env_file=file)  # type: ignore[call-arg]  # taken by BaseSettings, unknown to its synthesized __init__


def parse_listen(text: str) -> Listen:
    """`127.0.0.1:8443`, `[::1]:8443`; ValueError says what is expected."""
    host, _, port = text.strip().rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isdecimal() or int(port) > 65_535:
        raise ValueError(f"{text!r} is not an address and port such as 127.0.0.1:8443")
    if host == "*":
        raise ValueError("'*' is not an address; use 0.0.0.0 or [::]")
    return Listen(host, int(port))
