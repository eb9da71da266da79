"""Tables of outgoing webhooks."""

from datetime import datetime

from sqlalchemy import JSON, Index
from sqlmodel import Field, SQLModel

from api.kit.columns import UtcDateTime


class WebhookEndpoint(SQLModel, table=True):
    """Where an organisation wants to hear of events, with the secret that signs what it hears."""

    __tablename__ = "webhook_endpoint"

    id: str = Field(primary_key=True)
    organization_id: str = Field(foreign_key="organization.id", index=True)
    url: str
    events: list[str] = Field(sa_type=JSON)
    secret_sealed: bytes
    created_by: str
    created_at: datetime = Field(sa_type=UtcDateTime)


class WebhookDelivery(SQLModel, table=True):
    """One message to one endpoint: the outbox. Written with the event, sent afterwards, until taken or given up."""

    __tablename__ = "webhook_delivery"
    __table_args__ = (Index("ix_webhook_delivery_state_next_at", "state", "next_at"),)

    id: str = Field(primary_key=True)
    """Also the `webhook-id`: the same at every attempt."""
    endpoint_id: str = Field(foreign_key="webhook_endpoint.id", index=True, ondelete="CASCADE")
    session_id: str | None = Field(default=None, foreign_key="session.id", index=True)
    """What it is about; none when it is about the organisation."""
    type: str
    body_sealed: bytes | None = None
    """Fixed at the first attempt; at once when it is about no session."""
    state: str = "pending"
    attempts: int = 0
    next_at: datetime = Field(sa_type=UtcDateTime)
    last_status: int | None = None
    last_error: str | None = None
    created_at: datetime = Field(sa_type=UtcDateTime)
    delivered_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
