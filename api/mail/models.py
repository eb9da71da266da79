"""Table of outgoing mail."""

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from api.kit.columns import UtcDateTime


class OutboundMail(SQLModel, table=True):
    """One mail to one person: the outbox. Recipient and content are sealed, and blanked once it is sent or given up."""

    __tablename__ = "outbound_mail"
    __table_args__ = (Index("ix_outbound_mail_state_next_at", "state", "next_at"),)

    id: str = Field(primary_key=True)
    """Also the Message-ID: the same at every attempt."""
    template: str
    sealed: bytes | None = None
    """The whole message (RFC 5322)."""
    organization_id: str | None = None
    """Whose customer it goes to; none: to an operator, sealed under the server's key."""
    state: str = "pending"
    attempts: int = 0
    next_at: datetime = Field(sa_type=UtcDateTime)
    last_error: str | None = None
    created_at: datetime = Field(sa_type=UtcDateTime, index=True)
    useless_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """After this nobody wants it any more: the code in it has expired."""
    done_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
