"""Bodies of registered machines."""

from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from api.kit.schema import Body, Name, View

PublicKey = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9_-]{43}$"),
    Field(description="Ed25519, 32 bytes as base64url.", examples=["11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"]),
]
Signature = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9_-]{86}$"),
    Field(
        description="Ed25519 over `tasuki machine 1`, the nonce and the username, each after its length (u16).",
        examples=["5VZDAMNgrHKQhuLMgG6CioSHfx645dl02HPgZSJJAVVfuIIVkKM7rMYeOXAc-bRr0lv18FlbviRlUUFDjnoQCw"],
    ),
]
Mac = Annotated[
    str,
    StringConstraints(strip_whitespace=True, to_lower=True, pattern=r"^([0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}$"),
    Field(
        description="As the machine says of itself: a label that helps to find it, no proof.",
        examples=["02:42:ac:11:00:02"],
    ),
]


class MachineProof(Body):
    """That whoever signs in does so from a registered machine."""

    machine_id: str = Field(max_length=40, examples=["mch_01KAH2V5QJ6T8N3W9XZB4C7D0E"])
    challenge_id: str = Field(max_length=40, examples=["chl_01KAH2V5QJ6T8N3W9XZB4C7D0E"])
    signature: Signature


class ChallengeRequest(Body):
    """Which machine wants to prove itself."""

    machine_id: str = Field(max_length=40, examples=["mch_01KAH2V5QJ6T8N3W9XZB4C7D0E"])


class ChallengeView(View):
    """What to sign. Answered for any id, known or not."""

    challenge_id: str = Field(examples=["chl_01KAH2V5QJ6T8N3W9XZB4C7D0E"])
    nonce: str = Field(description="Base64url.", examples=["7Lr0tq3Yx9Wm2s5uKjH8dQ"])
    expires_in: int = Field(description="Seconds.", examples=[300])


class MachineCreate(Body):
    """The machine that is asking. It counts once an administrator has approved it."""

    name: Name = Field(examples=["alice-laptop"])
    public_key: PublicKey
    mac: Mac | None = None


class MachinePatch(Body):
    """Only what is given changes."""

    approved: bool | None = Field(default=None, examples=[True])
    name: Name | None = Field(default=None, examples=["Alice's laptop"])
    mac: Mac | None = None


class MachineView(View):
    """An operator's computer."""

    id: str = Field(examples=["mch_01KAH2V5QJ6T8N3W9XZB4C7D0E"])
    operator_id: str = Field(examples=["opr_01KAH2V5QJ6T8N3W9XZB4C7D0E"])
    name: str = Field(examples=["alice-laptop"])
    approved: bool = Field(examples=[True])
    mac: str | None = Field(default=None, examples=["02:42:ac:11:00:02"])
    fingerprint: str = Field(
        description="Of its key, as `tasuki login --register-machine` shows it: compare before approving.",
        examples=["7f:3a:91:0c:5e:d2:48:bb"],
    )
    created_at: datetime
    approved_at: datetime | None = None
    last_used_at: datetime | None = None
