"""Tables of legal holds."""

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from api.kit.columns import UtcDateTime


class LegalHold(SQLModel, table=True):
    """While it stands nothing that it covers is purged, forgotten or removed. Lifting deletes the row; the audit log has both."""

    __tablename__ = "legal_hold"
    __table_args__ = (Index("ix_legal_hold_organization_id_id", "organization_id", "id"),)

    id: str = Field(primary_key=True)
    organization_id: str = Field(foreign_key="organization.id")
    scope: str
    """organization, customer or session: which of the two below is set."""
    customer_id: str | None = Field(default=None, index=True)
    session_id: str | None = Field(default=None, foreign_key="session.id", index=True)
    reason_sealed: bytes
    """Why, in the words of whoever ordered it; may name people."""
    created_by: str
    created_at: datetime = Field(sa_type=UtcDateTime)
