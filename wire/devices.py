"""What a device signs with its Ed25519 key: that it holds the key when it is enrolled, and who it is whenever it calls.

The key is made for one enrolment and used for nothing else; each signed text begins with what it is for.
"""

import hashlib

from wire.codec import lp

PUBLIC_KEY_BYTES = 32
SIGNATURE_BYTES = 64


def enrolment(token: str, public_key: bytes) -> bytes:
    """Signed when a device is enrolled: whoever sends `public_key` holds its private half and was given the token."""
    return lp(b"tasuki/1 device enrolment", token.encode(), public_key)


def proof(device_id: str, challenge: str) -> bytes:
    """Signed for a device token: this device answers the server's challenge, which works once."""
    return lp(b"tasuki/1 device proof", device_id.encode(), challenge.encode())


def fingerprint(public_key: bytes) -> str:
    """How people compare a device's key: the first 16 bytes of its SHA-256, in groups of four hexadecimal digits."""
    digits = hashlib.sha256(public_key).hexdigest()[:32]
    return " ".join(digits[at : at + 4] for at in range(0, len(digits), 4))
