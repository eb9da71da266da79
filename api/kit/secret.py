"""Opaque credentials: a prefix that scanners can find and 256 random bits; only their SHA-256 is stored."""

import hashlib
import os
import secrets
from pathlib import Path

API_KEY_PREFIX = "tsk_"
REFRESH_PREFIX = "trf_"
RELAY_PREFIX = "rly_"
ENROLMENT_PREFIX = "ten_"

_WORD = "abcdefghjkmnpqrstuvwxyz23456789"
"""Letters and digits that are not mistaken for one another when read from paper."""


def new_credential(prefix: str) -> str:
    """A new credential such as `tsk_…`; 43 characters after the prefix."""
    return prefix + secrets.token_urlsafe(32)


def digest(credential: str) -> str:
    """What is stored of a credential. Plain SHA-256 is enough for 256 random bits."""
    return hashlib.sha256(credential.encode()).hexdigest()


def write_secret(path: Path, secret: str) -> None:
    """A file with mode 0600 from the first byte on; one of the same name is replaced as a whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secret + "\n")
    fresh.replace(path)


def one_time_password() -> str:
    """Four groups of five letters, about 98 bits, made to be read out or typed once."""
    return "-".join("".join(secrets.choice(_WORD) for _ in range(5)) for _ in range(4))
