"""Tables of guests."""

from datetime import datetime

from sqlalchemy import JSON, Index
from sqlmodel import Field, SQLModel

from api.kit.columns import UtcDateTime


class SessionGuest(SQLModel, table=True):
    """An operator who was asked to join somebody else's session, and what they may do there at most."""

    __tablename__ = "session_guest"
    __table_args__ = (Index("ix_session_guest_operator_id_session_id", "operator_id", "session_id"),)

    session_id: str = Field(primary_key=True, foreign_key="session.id")
    operator_id: str = Field(primary_key=True, foreign_key="operator.id")
    invited_by: str
    mode: str
    features: list[str] = Field(sa_type=JSON)
    created_at: datetime = Field(sa_type=UtcDateTime)
    removed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
