"""Bodies of what a device itself says and hears."""

from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from api.devices.rules import Consent
from api.kit.schema import Body, Name, View
from api.sessions.modes import Mode
from wire.devices import PUBLIC_KEY_BYTES, SIGNATURE_BYTES

PublicKey = Annotated[str, StringConstraints(pattern=rf"^[0-9a-f]{{{2 * PUBLIC_KEY_BYTES}}}$")]
Signature = Annotated[str, StringConstraints(pattern=rf"^[0-9a-f]{{{2 * SIGNATURE_BYTES}}}$")]
EnrolmentToken = Annotated[str, StringConstraints(pattern=r"^ten_[A-Za-z0-9_-]{43}$")]
DeviceId = Annotated[str, StringConstraints(pattern=r"^dev_[0-9A-Z]{26}$")]
Said = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]

_KEY = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
_SIGNATURE = (
    "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
    "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
)


class About(Body):
    """What a device says of itself."""

    platform: Said | None = Field(default=None, examples=["Linux 6.1"])
    version: Said | None = Field(default=None, examples=["0.1.0"])
    unattended: bool = Field(
        default=False,
        description="Whether its own administrator allowed sessions without asking, at the device.",
        examples=[False],
    )


class Enrol(About):
    """A machine becomes a device."""

    token: EnrolmentToken = Field(examples=["ten_0m2V3oY1uQ5sZc8rK4pWt7xJbNhLgFdE9aCiUoPqRsT"])
    public_key: PublicKey = Field(description="Ed25519, hexadecimal; made for this.", examples=[_KEY])
    signature: Signature = Field(
        description="With the private half, over `lp('tasuki/1 device enrolment', token, public_key)`, hexadecimal."
        " `lp` puts a 32-bit big-endian length before each item.",
        examples=[_SIGNATURE],
    )
    name: Name = Field(examples=["Reception"])


class Enrolled(View):
    """The new device."""

    device_id: str = Field(examples=["dev_01KAH2V5QJ6T8N3W9XZB4C7D0E"])
    name: str = Field(examples=["Reception"])
    organisation: str = Field(examples=["Acme Support"])
    fingerprint: str = Field(examples=["9f86 d081 884c 7d65 9a2f eaa0 c55a d015"])


class ChallengeRequest(Body):
    """Which device wants to prove itself."""

    device_id: DeviceId = Field(examples=["dev_01KAH2V5QJ6T8N3W9XZB4C7D0E"])


class Challenge(View):
    """What to sign, within a minute, once."""

    challenge: str = Field(examples=["AAZKl1zY2QDrS0m2V3oY1uQ5sZc8rK4pWt7xJbNhLgFdE9aCiUoPqRsTvWxYz012"])
    expires_at: datetime


class TokenRequest(ChallengeRequest):
    """The signed challenge."""

    challenge: Annotated[str, StringConstraints(max_length=100)] = Field(
        examples=["AAZKl1zY2QDrS0m2V3oY1uQ5sZc8rK4pWt7xJbNhLgFdE9aCiUoPqRsTvWxYz012"]
    )
    signature: Signature = Field(
        description="Over `lp('tasuki/1 device proof', device_id, challenge)`, hexadecimal.", examples=[_SIGNATURE]
    )


class DeviceToken(View):
    """A short token for the routes under `/v1/devices/me`."""

    access_token: str = Field(examples=["eyJhbGciOiJFUzI1NiIsInR5cCI6…"])
    token_type: str = Field(default="bearer", examples=["bearer"])
    expires_in: int = Field(examples=[600])


class OwnView(View):
    """What the server holds of the device that asks."""

    device_id: str = Field(examples=["dev_01KAH2V5QJ6T8N3W9XZB4C7D0E"])
    name: str = Field(examples=["Reception"])
    organisation: str = Field(examples=["Acme Support"])
    consent: Consent = Field(description="What holds for it, at most what was allowed at the device.")


class Call(View):
    """A session that an operator wants with this device."""

    session_id: str = Field(examples=["ses_01KAH2V5QJ6T8N3W9XZB4C7D0E"])
    mode: Mode
    operator: str = Field(examples=["Alice Example"])
    expires_at: datetime = Field(description="When the operator is told that the device did not answer.")


class Calls(View):
    """Who waits for this device, and its rule for consent now."""

    consent: Consent
    calls: list[Call]
