"""Bodies of devices."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import ConfigDict, Field, FiniteFloat, StringConstraints

from api.devices.rules import Consent, Refusal, Standing
from api.kit.schema import Body, Name, View
from api.operators.schemas import MaxSeconds
from api.policies.hours import Schedule
from api.sessions.modes import Mode
from api.sessions.schemas import MAX_METADATA_MEMBERS, Reference, ShortText

MAX_LISTED = 200

Id = Annotated[str, StringConstraints(min_length=1, max_length=60)]
MetadataValue = Annotated[str, StringConstraints(max_length=500)] | bool | int | FiniteFloat | None
ConsentRule = Annotated[
    Consent | None,
    Field(
        description="Whether the person at the device is asked: always, only if somebody answers, or never. Whatever is set"
        " here, a device whose own administrator did not allow it (`tasuki device unattended on`) asks always.",
        examples=["ask"],
    ),
]
HoursRule = Annotated[
    Schedule | None, Field(description="When anybody may connect; always when left out everywhere.", examples=[None])
]


class Access(Body):
    """Who may connect beside the administrators: operators, and all who have one of the policies."""

    operator_ids: list[Id] = Field(
        default_factory=list, max_length=MAX_LISTED, examples=[["opr_01KAH3A9N2F6J8K4M7P1R5T0V3"]]
    )
    policy_ids: list[Id] = Field(default_factory=list, max_length=MAX_LISTED, examples=[[]])


class Connection(View):
    """Whether the caller could connect now."""

    allowed: bool = Field(examples=[True])
    refused_because: list[Refusal] = Field(examples=[[]])


class DeviceView(View):
    """A device, its own rules, and what holds for it with those of its group."""

    id: str = Field(examples=["dev_01KAH2V5QJ6T8N3W9XZB4C7D0E"])
    name: str = Field(examples=["Reception"])
    group_id: str | None = Field(default=None, examples=["dgr_01KAH2V5QJ6T8N3W9XZB4C7D0E"])
    state: Standing
    online: bool = Field(examples=[True])
    seen_at: datetime | None = Field(default=None, description="When it last asked for work.")
    fingerprint: str = Field(
        description="Of its public key, as `tasuki device status` shows it at the device.",
        examples=["9f86 d081 884c 7d65 9a2f eaa0 c55a d015"],
    )
    platform: str | None = Field(default=None, examples=["Linux 6.1"])
    version: str | None = Field(default=None, description="Of the agent.", examples=["0.1.0"])
    unattended: bool = Field(
        description="Whether the device's own administrator allowed sessions without asking, at the device.",
        examples=[False],
    )
    consent: Consent | None = Field(default=None, description="The device's own rule; null: its group's.")
    hours: Schedule | None = Field(default=None, description="The device's own rule; null: its group's.")
    access: Access | None = Field(default=None, description="The device's own rule; null: its group's.")
    effective_consent: Consent = Field(
        description="What the device will do: never less than it was allowed at the device."
    )
    connection: Connection
    session_id: str | None = Field(default=None, description="The session it is in.", examples=[None])
    enrolled_by: str = Field(examples=["opr_01KAH2V5QJ6T8N3W9XZB4C7D0E"])
    created_at: datetime


class DevicePatch(Body):
    """Only what is given changes. null takes the device's own rule away, so that its group's holds."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "Reception, left"}]})

    name: Name | None = Field(default=None, examples=["Reception, left"])
    group_id: Id | None = Field(default=None, examples=["dgr_01KAH2V5QJ6T8N3W9XZB4C7D0E"])
    consent: ConsentRule = None
    hours: HoursRule = None
    access: Access | None = None


class DeviceSessionCreate(Body):
    """A session with this device."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"mode": "control", "reference": {"system": "zendesk", "id": "4711"}}]}
    )

    mode: Mode
    reference: Reference | None = None
    purpose: ShortText | None = Field(
        default=None,
        description="Why there is help. Where policy demands a reason, this or a `reference` is needed.",
        examples=["The monthly update"],
    )
    features: list[Annotated[str, StringConstraints(max_length=40)]] | None = Field(
        default=None,
        max_length=16,
        description="What is wanted beside the screen; `chat` when left out. What policy forbids is left out of the answer.",
        examples=[["chat"]],
    )
    max_session_seconds: MaxSeconds | None = Field(default=None, examples=[1800])
    metadata: dict[Annotated[str, StringConstraints(max_length=40)], MetadataValue] = Field(
        default_factory=dict, max_length=MAX_METADATA_MEMBERS, examples=[{"team": "blue"}]
    )

    def for_session(self) -> dict[str, Any]:
        """The members that a session without a device takes, too."""
        return self.model_dump(exclude_unset=True)
