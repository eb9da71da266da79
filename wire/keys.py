"""The key schedule: HKDF labels of docs/protocol.md 3 and 4. Secrets are 32 bytes throughout."""

import hashlib
import hmac

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from wire.codec import lp

SECRET_BYTES = 32
PREFIX = b"tasuki/1 "
MODE_FULL, MODE_RESUME = 0, 1
METHOD_DIGITS, METHOD_LINK, METHOD_RESUME = 0, 1, 2


def sha256(data: bytes | memoryview) -> bytes:
    return hashlib.sha256(data).digest()


def mac(key: bytes, data: bytes) -> bytes:
    """HMAC-SHA256."""
    return hmac.digest(key, data, "sha256")


def expand(secret: bytes, label: str, context: bytes, size: int = SECRET_BYTES) -> bytes:
    """HKDF-Expand with info = prefix, label, 00, context."""
    return hkdf_expand(secret, PREFIX + label.encode() + b"\0" + context, size)


def hkdf_expand(secret: bytes, info: bytes, size: int) -> bytes:
    """HKDF-Expand with SHA-256 (RFC 5869 2.3)."""
    return HKDFExpand(algorithm=hashes.SHA256(), length=size, info=info).derive(secret)


def extract(salt: bytes, material: bytes) -> bytes:
    """HKDF-Extract (RFC 5869)."""
    return mac(salt, material)


def salt_for(method: int, secret: bytes) -> bytes:
    """The HKDF salt of a handshake: what both ends must know beside the exchange (`secret` is empty for digits)."""
    if method == METHOD_DIGITS:
        return b"tasuki/1"
    return sha256(lp(PREFIX + (b"link" if method == METHOD_LINK else b"resume"), secret))


def resume_id(secret: bytes) -> bytes:
    """The 8 bytes by which a resume secret is named without telling it."""
    return sha256(lp(PREFIX + b"resume id", secret))[:8]


def link_id(secret: bytes, attempt: bytes) -> bytes:
    """The 8 bytes by which a viewer says which link's secret it has; another value in each attempt."""
    return sha256(lp(PREFIX + b"link id", attempt, secret))[:8]


def record_key(secret: bytes, number: int, sender: int) -> tuple[bytes, bytes]:
    """`(key, salt)` of 32 and 12 bytes for one sender under one association or epoch number."""
    context = number.to_bytes(4, "big") + sender.to_bytes(2, "big")
    return expand(secret, "key", context), expand(secret, "salt", context, 12)


def digits_of(prk: bytes, transcript: bytes) -> str:
    """The six digits that the operator's side reads out."""
    value = int.from_bytes(expand(prk, "digits", transcript)[:8], "big")
    return f"{value % 1_000_000:06d}"
