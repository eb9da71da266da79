"""One message over SMTP. TLS from the first byte (`smtps://`) or by STARTTLS; only a server on this machine may do without."""

import asyncio
import email
import ssl
from dataclasses import dataclass
from email.policy import SMTP as POLICY
from urllib.parse import unquote, urlsplit

from api.settings import Settings, is_loopback

TIMEOUT_SECONDS = 30.0
"""For the whole of an attempt."""


@dataclass(frozen=True, slots=True)
class Server:
    """The mail server of the settings."""

    host: str
    port: int
    user: str | None
    password: str | None
    tls: bool
    """TLS from the first byte."""
    start_tls: bool
    """STARTTLS, and nothing is said before it."""

    @classmethod
    def of(cls, settings: Settings) -> "Server":
        """From `smtp://user:password@host:port`; percent-encoding is undone."""
        assert settings.smtp_url is not None
        parts = urlsplit(settings.smtp_url.get_secret_value())
        tls, host = parts.scheme == "smtps", parts.hostname or ""
        return cls(
            host=host,
            port=parts.port or (465 if tls else 587),
            user=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
            tls=tls,
            start_tls=not tls and (not is_loopback(host) or settings.smtp_ca_file is not None),
        )


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt went: `error` is None when the server took the mail; `final` says that it never will."""

    error: str | None = None
    final: bool = False


async def send(settings: Settings, raw: bytes) -> Outcome:
    """Hand one message to the mail server."""
    import aiosmtplib  # noqa: PLC0415 - most starts send nothing for a long while

    server = Server.of(settings)
    message = email.message_from_bytes(raw, policy=POLICY)
    sender, to = message["From"].addresses[0].addr_spec, message["To"].addresses[0].addr_spec
    client = aiosmtplib.SMTP(
        hostname=server.host,
        port=server.port,
        username=server.user,
        password=server.password,
        use_tls=server.tls,
        start_tls=server.start_tls,
        tls_context=_trust(settings) if server.tls or server.start_tls else None,
        local_hostname=urlsplit(settings.public_url).hostname,
        timeout=TIMEOUT_SECONDS,
    )
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS), client:
            await client.sendmail(sender, [to], raw)
    except aiosmtplib.SMTPRecipientsRefused as error:
        code = error.recipients[0].code
        return Outcome(f"recipient refused ({code})", final=code >= 500)
    except (aiosmtplib.SMTPSenderRefused, aiosmtplib.SMTPDataError) as error:
        return Outcome(f"{type(error).__name__} ({error.code})", final=error.code >= 500)
    except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
        return Outcome(type(error).__name__)
    return Outcome()


def _trust(settings: Settings) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(settings.smtp_ca_file) if settings.smtp_ca_file else None)
