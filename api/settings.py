"""Settings of the api process: environment with the prefix TASUKI_, or the file that TASUKI_SETTINGS_FILE names."""

import ipaddress
import os
import re
from datetime import timedelta
from email.utils import parseaddr
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

Addresses = Literal["none", "network", "whole"]
"""How much of a client's address a log may hold."""
Words = Annotated[tuple[str, ...], NoDecode]
"""Several values in one variable, separated by commas."""


class Settings(BaseSettings):
    """Built once in `main` and passed down."""

    model_config = SettingsConfigDict(env_prefix="TASUKI_", frozen=True, extra="ignore")

    data_dir: Path = Field(default=Path("data"), description="Where the database and the master key live.")
    database_url: str = Field(default="", description="Empty: SQLite in the data directory. Or postgresql://…")
    keyring_url: str = Field(
        default="",
        description="Where the keys of data are, apart from the database: empty: keyring.db in the data directory. Or postgresql://…",
    )
    master_key_file: Path | None = Field(default=None, description="Default: master.key in the data directory.")
    public_url: str = Field(
        default="http://localhost:8080", description="How browsers and customers reach this server."
    )
    api_listen: str = Field(default="127.0.0.1:8080", description="host:port to listen on; port 0 takes a free one.")
    api_admin_listen: str = Field(
        default="127.0.0.1:9080", description="host:port for health and metrics, without TLS; port 0 takes a free one."
    )
    stop_delay: timedelta = Field(
        default=timedelta(0),
        description="How long, once told to stop, it goes on serving while /readyz already says no.",
    )
    log_addresses: Addresses = Field(
        default="network", description="How much of a client's address is logged: none, network (/24, /48) or whole."
    )
    relay_public_url: str = Field(default="ws://localhost:8443", description="Where the first relay will be reached.")
    relay_token_file: Path | None = Field(
        default=None,
        description="Where the token of the relay beside this api is; made at the start when it is missing.",
    )
    tls_cert_file: Path | None = None
    tls_key_file: Path | None = None
    trusted_proxies: Words = Field(default=(), description="Addresses or networks of our own reverse proxies.")
    webhook_allow_networks: Words = Field(
        default=(), description="Private networks that webhooks may be sent to (CIDR); http is allowed there."
    )
    smtp_url: SecretStr | None = Field(
        default=None,
        description="The mail server: smtp://user:password@host:587 (STARTTLS) or smtps://…; none: no mail.",
    )
    smtp_ca_file: Path | None = Field(
        default=None, description="Who vouches for the mail server's certificate, where the system's own list does not."
    )
    mail_from: str = Field(default="", description="The sender of mail: Acme Support <support@example.com>.")
    leaked_passwords_file: Path | None = Field(
        default=None, description="Pwned Passwords on this machine: a file sorted by SHA-1, or a folder of ranges."
    )
    sms_gateway_url: str = Field(
        default="",
        description="Where texts to send by SMS are posted, signed as Standard Webhooks says; empty: no SMS.",
    )
    sms_gateway_secret_file: Path | None = Field(default=None, description="The secret that signs them: whsec_…")
    web_dir: Path | None = Field(default=None, description="Where the web files are; found by itself when empty.")

    access_token_life: timedelta = timedelta(minutes=10)
    refresh_token_life: timedelta = timedelta(days=14)
    step_up_after: timedelta = Field(
        default=timedelta(minutes=5), description="How long after a proof of who is there dangerous acts are allowed."
    )
    relay_heartbeat: timedelta = timedelta(seconds=10)
    webhook_patience: timedelta = Field(
        default=timedelta(seconds=5), description="How long `session.ended` waits for the relay's last byte counts."
    )

    @field_validator("trusted_proxies", "webhook_allow_networks", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(word.strip() for word in value.split(",") if word.strip())
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _proxies_are_named(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for word in value:
            if "*" in word or _network(word).prefixlen == 0:
                raise ValueError(
                    "TASUKI_TRUSTED_PROXIES must list your own proxies: trusting everybody lets any client write its address"
                )
        return value

    @field_validator("webhook_allow_networks")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(str(_network(word)) for word in value)

    @field_validator("smtp_url")
    @classmethod
    def _smtp(cls, value: SecretStr | None) -> SecretStr | None:
        """Never repeats the value: it holds a password."""
        text = value.get_secret_value() if value else ""
        if not text:
            return None
        parts = urlsplit(text)
        try:
            good = parts.scheme in {"smtp", "smtps"} and bool(parts.hostname) and parts.port != 0
        except ValueError:
            good = False
        if not good or parts.path not in {"", "/"}:
            raise ValueError("TASUKI_SMTP_URL must look like smtp://user:password@mail.example.com:587")
        return value

    @field_validator("public_url")
    @classmethod
    def _public(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path not in {"", "/"} or parts.query:
            raise ValueError("TASUKI_PUBLIC_URL must look like https://support.example.com, without a path")
        return f"{parts.scheme}://{parts.netloc}"

    @model_validator(mode="after")
    def _listener_is_safe(self) -> Self:
        if (self.tls_cert_file is None) != (self.tls_key_file is None):
            raise ValueError("TASUKI_TLS_CERT_FILE and TASUKI_TLS_KEY_FILE must be set together")
        host, _ = self.listen
        if not is_loopback(host) and self.tls_cert_file is None and not self.trusted_proxies:
            raise ValueError(
                f"TASUKI_API_LISTEN={self.api_listen} can be reached from other machines without TLS: set"
                " TASUKI_TLS_CERT_FILE and TASUKI_TLS_KEY_FILE, or TASUKI_TRUSTED_PROXIES to the TLS proxy in front"
            )
        return self

    @model_validator(mode="after")
    def _mail_has_a_sender(self) -> Self:
        address = parseaddr(self.mail_from)[1]
        if self.smtp_url and not (address.isascii() and re.fullmatch(r"[^@\s<>]+@[^@\s<>]+", address)):
            raise ValueError("TASUKI_MAIL_FROM must be set with TASUKI_SMTP_URL: Acme Support <support@example.com>")
        return self

    @model_validator(mode="after")
    def _sms_is_signed(self) -> Self:
        if self.sms_gateway_url and self.sms_gateway_secret_file is None:
            raise ValueError("TASUKI_SMS_GATEWAY_SECRET_FILE must be set with TASUKI_SMS_GATEWAY_URL")
        return self

    @model_validator(mode="after")
    def _admin_listener(self) -> Self:
        _ = self.admin_listen
        return self

    @property
    def listen(self) -> tuple[str, int]:
        """Host and port of `api_listen`; ValueError when it is not host:port."""
        return _host_and_port(self.api_listen, "TASUKI_API_LISTEN must look like 127.0.0.1:8080")

    @property
    def admin_listen(self) -> tuple[str, int]:
        """Host and port of `api_admin_listen`; ValueError when it is not host:port."""
        return _host_and_port(self.api_admin_listen, "TASUKI_API_ADMIN_LISTEN must look like 127.0.0.1:9080")

    @property
    def database(self) -> str:
        """The SQLAlchemy URL, with the asynchronous driver."""
        if not self.database_url:
            return f"sqlite+aiosqlite:///{self.data_dir.resolve() / 'tasuki.db'}"
        scheme, separator, rest = self.database_url.partition("://")
        drivers = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}
        return f"{drivers.get(scheme, scheme)}{separator}{rest}"

    @property
    def keyring(self) -> str:
        """The SQLAlchemy URL of the keyring."""
        if not self.keyring_url:
            return f"sqlite:///{self.data_dir.resolve() / 'keyring.db'}"
        scheme, separator, rest = self.keyring_url.partition("://")
        drivers = {"postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}
        return f"{drivers.get(scheme, scheme)}{separator}{rest}"

    @property
    def master_key(self) -> Path:
        """The file of the master key."""
        return self.master_key_file or self.data_dir / "master.key"

    @property
    def issuer(self) -> str:
        """`iss` of all tokens, and the only web origin that may ask for tickets."""
        return self.public_url

    @property
    def console_cookie_life(self) -> int:
        """Seconds for which the console stays signed in without use."""
        return int(self.refresh_token_life.total_seconds())


def load_settings() -> Settings:
    """The settings of this process; ValueError (pydantic) says which variable is wrong."""
    return Settings(_env_file=os.environ.get("TASUKI_SETTINGS_FILE"))  # type: ignore[call-arg]


def _host_and_port(text: str, otherwise: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not port.isdecimal() or int(port) > 65_535:
        raise ValueError(otherwise)
    return host.strip("[]"), int(port)


def is_loopback(host: str) -> bool:
    """Whether a listener on `host` can be reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _network(word: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    try:
        return ipaddress.ip_network(word, strict=False)
    except ValueError as error:
        raise ValueError(f"{word!r} is not an address or network such as 10.0.0.0/8") from error
