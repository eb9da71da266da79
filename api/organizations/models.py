"""Tables of organisations."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from api.kit.columns import UtcDateTime


class Organization(SQLModel, table=True):
    """A tenant. `code` is what people type as company at sign-in."""

    id: str = Field(primary_key=True)
    code: str = Field(unique=True)
    name: str
    code_digits: int = 8
    """Digits of a session code whose life is short enough for it (6 to 12)."""
    max_session_seconds: int | None = None
    policy_id: str | None = None
    """The policy that holds for everybody; it cannot be deleted while it is named here."""
    created_at: datetime = Field(sa_type=UtcDateTime)
