"""Bodies of webhook endpoints, and of what is sent to them."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Field

from api.kit.schema import Body, View
from api.sessions.modes import Mode, Party
from api.sessions.schemas import Customer, OperatorShown, OrganizationShown, Reference, WebUrl


class EventType(StrEnum):
    """What can be told."""

    SESSION_ENDED = "session.ended"
    AUDIT_CHECKPOINT = "audit.checkpoint"


class WebhookEndpointCreate(Body):
    """Where to send events."""

    url: WebUrl = Field(
        description="https, and not in a private network.", examples=["https://crm.example.com/hooks/tasuki"]
    )
    events: Annotated[list[EventType], Field(min_length=1, max_length=8)] = Field(
        default_factory=lambda: [EventType.SESSION_ENDED]
    )


class WebhookEndpointView(View):
    """An endpoint, without its secret."""

    id: str = Field(examples=["whe_01KAH2V5QJ6T8N3W9XZB4C7D0E"])
    url: str = Field(examples=["https://crm.example.com/hooks/tasuki"])
    events: list[EventType]
    created_at: datetime


class WebhookEndpointCreated(WebhookEndpointView):
    """The new endpoint and its signing secret, shown only now."""

    secret: str = Field(
        description="Verify `webhook-signature` with it (Standard Webhooks).",
        examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="],
    )


class DeliveryView(View):
    """One message and how it went."""

    id: str = Field(description="Also its `webhook-id`.", examples=["dlv_01KAH2V5QJ6T8N3W9XZB4C7D0E"])
    type: EventType
    session_id: str | None = Field(default=None, description="null when it is about no session.")
    state: Literal["pending", "delivered", "dead"]
    attempts: int
    next_at: datetime
    last_status: int | None = None
    last_error: str | None = None
    created_at: datetime
    delivered_at: datetime | None = None


class BytesMoved(View):
    """What went through the relays, as they counted it."""

    from_host: int = Field(examples=[4_711_000])
    from_viewers: int = Field(examples=[18_231])


class SessionEndedData(View):
    """A session that is over."""

    session_id: str = Field(examples=["ses_01KAH2V5QJ6T8N3W9XZB4C7D0E"])
    mode: Mode
    reference: Reference | None = None
    customer: Customer | None = None
    operator: OperatorShown | None = Field(description="null when nobody had picked the session up.")
    organisation: OrganizationShown
    metadata: dict[str, Any] = Field(examples=[{"team": "blue"}])
    created_at: datetime
    claimed_at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime
    seconds: int = Field(description="From acceptance to end; 0 when it never started.", examples=[1260])
    ended_by: Party
    reason: str = Field(examples=["ended"])
    note: str | None = None
    bytes: BytesMoved
    receipt: dict[str, Any] | None = Field(
        default=None,
        description="The signed receipt, as `GET /v1/sessions/{session_id}/receipt` answers it; null when the customer"
        " was forgotten meanwhile.",
    )


class SessionEnded(View):
    """`session.ended`, as it is sent (Standard Webhooks: headers `webhook-id`, `webhook-timestamp`, `webhook-signature`)."""

    type: Literal["session.ended"] = "session.ended"
    timestamp: datetime
    data: SessionEndedData


class AuditCheckpointData(View):
    """How the administrative log is now, for somebody outside to keep."""

    organization_id: str = Field(examples=["org_01KAH2V5QJ6T8N3W9XZB4C7D0E"])
    size: int = Field(description="Lines of the log, deleted ones included.", examples=[4711])
    root: str = Field(
        description="The root of the tree over them (RFC 9162), hex.",
        examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"],
    )
    time: datetime
    fingerprint: str = Field(
        description="Of the key that signed it (RFC 7638).", examples=["kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"]
    )
    checkpoint: str = Field(
        description="The same, signed: what `tasuki audit verify --witness` takes.",
        examples=["eyJhbGciOiJFUzI1NiIsInR5cCI6…"],
    )


class AuditCheckpoint(View):
    """`audit.checkpoint`, as it is sent: as often as the organisation's settings say, if lines have come."""

    type: Literal["audit.checkpoint"] = "audit.checkpoint"
    timestamp: datetime
    data: AuditCheckpointData
