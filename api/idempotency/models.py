"""Tables of remembered answers."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from api.kit.columns import UtcDateTime


class RememberedAnswer(SQLModel, table=True):
    """The answer to a request with an Idempotency-Key, sealed, written in the transaction of its effect."""

    __tablename__ = "remembered_answer"

    principal: str = Field(primary_key=True)
    route: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    fingerprint: str
    status: int = 0
    """0 only inside the transaction that is still making the answer."""
    sealed: bytes = b""
    created_at: datetime = Field(sa_type=UtcDateTime, index=True)
