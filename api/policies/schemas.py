"""Bodies of policies."""

from datetime import datetime
from typing import Any

from pydantic import Field

from api.kit.schema import Body, Name, View
from api.policies.layers import LayerKind
from api.policies.members import Members
from api.sessions.modes import Feature, Mode


class PolicyCreate(Body):
    """A new policy. It holds for nobody until it is assigned: `PATCH /v1/organization` or `PATCH /v1/operators/{id}`."""

    name: Name = Field(examples=["Second line"])
    members: Members = Field(default_factory=Members)


class PolicyPatch(Body):
    """Only what is given changes. A member set to null is no longer narrowed by this policy."""

    name: Name | None = Field(default=None, examples=["Second line"])
    members: Members | None = None


class Assigned(View):
    """For whom a policy holds."""

    organization: bool = Field(description="Whether it holds for everybody.", examples=[False])
    operators: int = Field(description="To how many operators it is assigned.", examples=[3])


class PolicyView(View):
    """A policy. Members that are null are not narrowed by it."""

    id: str = Field(examples=["pol_01KAH2V5QJ6T8N3W9XZB4C7D0E"])
    name: str = Field(examples=["Second line"])
    members: Members
    assigned: Assigned
    created_at: datetime
    updated_at: datetime


class ReasonView(View):
    """One layer's part in what holds."""

    layer: LayerKind
    id: str | None = Field(
        description="Of the organisation, policy or operator.", examples=["pol_01KAH2V5QJ6T8N3W9XZB4C7D0E"]
    )
    name: str = Field(description="Whose layer it is.", examples=["The policy “Second line”"])
    value: Any = Field(description="What this layer alone would have.", examples=["off"])
    sentence: str = Field(examples=["The policy “Second line” does not allow fetching files from the customer."])


class MemberView(View):
    """What holds of one member, and because of which layers. Without reasons it is as wide as it can be."""

    value: Any = Field(description="As in a policy; `impossible` where demands exclude each other.", examples=["off"])
    because: list[ReasonView]


class RefusalView(View):
    """One thing that stands against it."""

    member: str = Field(examples=["modes"])
    sentence: str = Field(examples=["This operator may not use the mode manage."])
    because: list[ReasonView]


class EffectivePolicyView(View):
    """What an operator may do, and why: the answer that making a session and getting a ticket are decided by."""

    operator_id: str = Field(examples=["opr_01KAH3A9N2F6J8K4M7P1R5T0V3"])
    mode: Mode | None
    address: str | None = Field(examples=["192.0.2.7"])
    at: datetime
    allowed: bool = Field(description="Whether a session may begin so.", examples=[True])
    refused_because: list[RefusalView]
    requires: list[str] = Field(
        description="Members that demand something of the operator or the request.", examples=[["reason_required"]]
    )
    features: list[Feature] = Field(
        description="What a session in this mode could have at most, before the customer is asked.", examples=[["chat"]]
    )
    members: dict[str, MemberView]
