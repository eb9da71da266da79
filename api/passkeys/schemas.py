"""Bodies of passkeys."""

from datetime import datetime
from typing import Any

from pydantic import Field

from api.kit.schema import Body, Name, View
from api.second_factors.schemas import ChallengeId, Credential


class PasskeyOptions(View):
    """What the browser is to do, for `navigator.credentials`, as JSON."""

    challenge_id: str = Field(examples=["chl_01KAH2V5QJ6T8N3W9XZB4C7D0E"])
    options: dict[str, Any] = Field(examples=[{"challenge": "7Lr0tq3Yx9Wm2s5uKjH8dQ", "rpId": "localhost"}])
    expires_in: int = Field(description="Seconds.", examples=[300])


class PasskeyCreate(Body):
    """What the browser made."""

    challenge_id: ChallengeId
    credential: Credential
    name: Name = Field(default="Passkey", examples=["Alice's phone"])


class PasskeySignIn(Body):
    """What the browser answered."""

    challenge_id: ChallengeId
    credential: Credential


class PasskeyView(View):
    """A passkey of yours."""

    id: str = Field(examples=["psk_01KAH2V5QJ6T8N3W9XZB4C7D0E"])
    name: str = Field(examples=["Alice's phone"])
    backed_up: bool = Field(
        description="Whether the device keeps a copy elsewhere (a synced passkey).", examples=[True]
    )
    created_at: datetime
    last_used_at: datetime | None = None
