"""Codes of authenticator apps (RFC 6238): what an app is given, and which moment a code belongs to."""

import hmac
import io
import re

import pyotp
import segno

STEP_SECONDS = 30
WINDOW = 1
"""Steps before and after the present that are taken: clocks differ."""
SECRET_CHARACTERS = 32
"""Base32: 160 bits, as RFC 4226 4 wants."""
_CODE = re.compile(r"[0-9]{6}", re.ASCII)


def new_secret() -> str:
    """160 random bits in base32."""
    return pyotp.random_base32(SECRET_CHARACTERS)


def matching_step(secret: str, code: str, seconds: float) -> int | None:
    """The step that six ASCII digits are of, among the present one and its neighbours; None when they are of none."""
    if not _CODE.fullmatch(code):
        return None
    app, present = pyotp.HOTP(secret), int(seconds) // STEP_SECONDS
    found = None
    for step in range(present - WINDOW, present + WINDOW + 1):
        if hmac.compare_digest(app.at(step), code):
            found = step
    return found


def otpauth_url(secret: str, account: str, issuer: str) -> str:
    """What an app reads from the picture."""
    return str(pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name=issuer))


def qr_svg(text: str) -> str:
    """The text as a QR code, a self-contained SVG."""
    out = io.BytesIO()
    segno.make(text, error="m", micro=False).save(out, kind="svg", scale=4, border=4, light="#fff", xmldecl=False)
    return out.getvalue().decode()
