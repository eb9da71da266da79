"""Bodies of the administrative log."""

from datetime import datetime
from typing import Any

from pydantic import Field

from api.kit.schema import View


class AuditActor(View):
    """Who did it."""

    type: str = Field(
        description="operator, api_key, integration, device, system, server (`tasuki admin`) or anonymous.",
        examples=["operator"],
    )
    id: str | None = Field(default=None, examples=["opr_01KAH2V5QJ6T8N3W9XZB4C7D0E"])
    name: str | None = Field(default=None, description="As it was then.", examples=["Alice Example"])


class AuditTarget(View):
    """What it was done to."""

    type: str = Field(examples=["operator"])
    id: str = Field(examples=["opr_01KAH3A9N2F6J8K4M7P1R5T0V3"])
    name: str | None = Field(default=None, description="As it was then, if it has one.", examples=["Bob Example"])


class AuditEventView(View):
    """A line of the administrative log."""

    id: str = Field(examples=["evt_01KAH2V5QJ6T8N3W9XZB4C7D0E"])
    time: datetime
    action: str = Field(description="`resource.what_happened`.", examples=["operator.created"])
    actor: AuditActor
    target: AuditTarget | None = None
    address: str | None = Field(default=None, description="Where the request came from.", examples=["192.0.2.7"])
    user_agent: str | None = Field(default=None, examples=["tasuki/0.1.0"])
    data: dict[str, Any] = Field(description="Details, which differ by action.", examples=[{"role": "operator"}])
    forgotten: bool = Field(
        default=False, description="It was about a customer who was forgotten: its details are gone for good."
    )
    damaged: bool = Field(
        default=False, description="Its details cannot be opened: somebody changed them in the database."
    )
