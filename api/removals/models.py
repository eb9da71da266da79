"""Table of removed organisations."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from api.kit.columns import UtcDateTime


class RemovedOrganization(SQLModel, table=True):
    """What stays of an organisation that was removed: that it was, and the proof."""

    __tablename__ = "removed_organization"

    id: str = Field(primary_key=True)
    code: str
    """What people typed as company; it is free again."""
    asked_at: datetime = Field(sa_type=UtcDateTime)
    removed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """None: a process died on the way; doing it again finishes it."""
    rows: int = 0
    keys: int = 0
    proof: str | None = None
