"""Tables of invitations."""

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from api.kit.columns import UtcDateTime


class SessionInvitation(SQLModel, table=True):
    """A session's link, sent to its customer. The address is sealed with the mail and not kept here."""

    __tablename__ = "session_invitation"
    __table_args__ = (Index("ix_session_invitation_session_id_id", "session_id", "id"),)

    id: str = Field(primary_key=True)
    session_id: str = Field(foreign_key="session.id")
    language: str
    created_by: str
    created_at: datetime = Field(sa_type=UtcDateTime)
