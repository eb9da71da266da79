"""Tables of notes."""

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from api.kit.columns import UtcDateTime


class SessionNote(SQLModel, table=True):
    """What somebody wrote down about a session, during it or after it. Never changed."""

    __tablename__ = "session_note"
    __table_args__ = (
        Index("ix_session_note_session_id_id", "session_id", "id"),
        Index("ix_session_note_organization_id_id", "organization_id", "id"),
    )

    id: str = Field(primary_key=True)
    organization_id: str = Field(foreign_key="organization.id")
    session_id: str = Field(foreign_key="session.id")
    author_id: str
    author_name: str
    text_sealed: bytes
    created_at: datetime = Field(sa_type=UtcDateTime)
