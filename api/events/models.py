"""Tables of events."""

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from api.kit.columns import UtcDateTime


class Event(SQLModel, table=True):
    """Something that happened to a session, written in the transaction that did it. Ids grow with time."""

    __table_args__ = (
        Index("ix_event_session_id_id", "session_id", "id"),
        Index("ix_event_organization_id_time_id", "organization_id", "time", "id"),
    )

    id: str = Field(primary_key=True)
    organization_id: str = Field(foreign_key="organization.id")
    session_id: str = Field(foreign_key="session.id")
    type: str
    time: datetime = Field(sa_type=UtcDateTime)
    data_sealed: bytes | None = None
    """JSON, sealed under the customer's key; none where there is nothing to say."""
