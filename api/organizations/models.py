"""Tables of organisations."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import JSON
from sqlmodel import Field, SQLModel

from api.kit.columns import UtcDateTime


class Organization(SQLModel, table=True):
    """A tenant. `code` is what people type as company at sign-in."""

    READ_ONCE: ClassVar[bool] = True

    id: str = Field(primary_key=True)
    code: str = Field(unique=True)
    name: str
    code_digits: int = 8
    """Digits of a session code whose life is short enough for it (6 to 12)."""
    max_session_seconds: int | None = None
    policy_id: str | None = None
    """The policy that holds for everybody; it cannot be deleted while it is named here."""
    settings: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    """What differs from the defaults; `api/organizations/settings.py` reads and writes it."""
    entry_digest: str | None = Field(default=None, unique=True)
    """SHA-256 of the secret part of the entry link."""
    entry_renewed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    disabled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """By whoever runs the server: nobody signs in, and what runs has ended."""
    created_at: datetime = Field(sa_type=UtcDateTime)
