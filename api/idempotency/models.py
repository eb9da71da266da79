"""Tables of remembered answers."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from api.kit.columns import UtcDateTime


class RememberedAnswer(SQLModel, table=True):
    """The answer to a request with an Idempotency-Key, sealed, written in the transaction of its effect.

    What is about a session is sealed under the key of its customer.
    """

    __tablename__ = "remembered_answer"

    principal: str = Field(primary_key=True)
    route: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    fingerprint: str
    """A keyed hash of the request: a guessed one cannot be tried against it."""
    organization_id: str | None = None
    """Whose customer it is about; none: sealed under the server's key."""
    status: int = 0
    """0 only inside the transaction that is still making the answer."""
    sealed: bytes = b""
    created_at: datetime = Field(sa_type=UtcDateTime, index=True)
