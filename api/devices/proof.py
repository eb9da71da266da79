"""How a device proves who it is: a challenge of ours, signed with its key, becomes a token for ten minutes.

A challenge is not stored: it carries when it was made, under a keyed hash that binds it to the device. A device's row
remembers the newest that was used, so each works once. Anybody may ask for one; without the key it is worth nothing.
"""

import base64
import binascii
import hmac
import secrets
from datetime import datetime, timedelta

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from api.kit.sealing import Sealer
from wire import devices

CHALLENGE_LIFE = timedelta(seconds=60)
TOKEN_LIFE = timedelta(minutes=10)
AUDIENCE = "device"
_PURPOSE = "device challenge"
_TIME_BYTES, _SALT_BYTES, _MAC_BYTES = 8, 8, 32
_MICROSECOND = timedelta(microseconds=1)
_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


def challenge(sealer: Sealer, device_id: str, now: datetime) -> str:
    """Something to sign, for one device, within a minute."""
    body = ((now - _EPOCH) // _MICROSECOND).to_bytes(_TIME_BYTES, "big") + secrets.token_bytes(_SALT_BYTES)
    return base64.urlsafe_b64encode(body + _mac(sealer, device_id, body)).rstrip(b"=").decode()


def made_at(sealer: Sealer, device_id: str, given: str, now: datetime) -> int | None:
    """When one of our challenges for this device was made, in microseconds; None when it is not ours or too old."""
    try:
        whole = base64.b64decode(given + "=" * (-len(given) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    if len(whole) != _TIME_BYTES + _SALT_BYTES + _MAC_BYTES:
        return None
    body, mac = whole[:-_MAC_BYTES], whole[-_MAC_BYTES:]
    if not hmac.compare_digest(mac, _mac(sealer, device_id, body)):
        return None
    when = int.from_bytes(body[:_TIME_BYTES], "big")
    age = (now - _EPOCH) // _MICROSECOND - when
    return when if abs(age) < CHALLENGE_LIFE // _MICROSECOND else None


def signed(public_key: str, signature: str, message: bytes) -> bool:
    """Whether `message` was signed with the key; key and signature are hexadecimal, already of the right length."""
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key)).verify(bytes.fromhex(signature), message)
    except (InvalidSignature, ValueError):
        return False
    return True


def enrolment_message(token: str, public_key: str) -> bytes:
    """What is signed at enrolment."""
    return devices.enrolment(token, bytes.fromhex(public_key))


def _mac(sealer: Sealer, device_id: str, body: bytes) -> bytes:
    return bytes.fromhex(sealer.lookup(_PURPOSE, f"{device_id} {body.hex()}"))
