"""Tables of receipts."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from api.kit.columns import UtcDateTime


class SessionReceipt(SQLModel, table=True):
    """What the host of a session said last, and the receipt once it was made. Goes with its session."""

    __tablename__ = "session_receipt"

    session_id: str = Field(primary_key=True, foreign_key="session.id", ondelete="CASCADE")
    facts_number: int | None = None
    """Which of the host's reports this is; they only grow."""
    facts_final: bool = False
    """Whether the host said how it ended: nothing more comes."""
    facts_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    facts_sealed: bytes | None = None
    made_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    sealed: bytes | None = None
    """The signed file, the same bytes for whoever asks."""
