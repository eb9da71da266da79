"""Tables of retention."""

from datetime import datetime

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel

from api.kit.columns import UtcDateTime


class RetentionRun(SQLModel, table=True):
    """The newest purge of an organisation: it goes on batch by batch, whichever process does the next, until `finished_at`.

    Each batch counts here in the transaction that deletes, so that the marker in the audit log says what really went.
    """

    __tablename__ = "retention_run"

    organization_id: str = Field(primary_key=True, foreign_key="organization.id")
    before: datetime = Field(sa_type=UtcDateTime)
    """What ended before this goes."""
    started_at: datetime = Field(sa_type=UtcDateTime)
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    sessions: int = Field(default=0, sa_type=BigInteger)
    events: int = Field(default=0, sa_type=BigInteger)
    audit_events: int = Field(default=0, sa_type=BigInteger)
    customers: int = Field(default=0, sa_type=BigInteger)
