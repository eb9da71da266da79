"""Tables of API keys."""

from datetime import datetime

from sqlalchemy import JSON
from sqlmodel import Field, SQLModel

from api.kit.columns import UtcDateTime


class ApiKey(SQLModel, table=True):
    """A key for a program, by its SHA-256. It acts for its maker with the scopes it was given."""

    __tablename__ = "api_key"

    id: str = Field(primary_key=True)
    organization_id: str = Field(foreign_key="organization.id", index=True)
    operator_id: str = Field(foreign_key="operator.id", index=True)
    name: str
    digest: str = Field(unique=True)
    ending: str
    """The last four characters, so that people can tell their keys apart."""
    scopes: list[str] = Field(sa_type=JSON)
    created_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    networks: list[str] = Field(default_factory=list, sa_type=JSON)
    """Whence it may be used (CIDR), beside what holds for its maker; empty: from anywhere."""
    last_used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    last_used_sealed: bytes | None = None
    """The address it was last used from."""
    rotated_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    old_digest: str | None = Field(default=None, unique=True)
    """Of the secret before the present one, as long as that still works."""
    old_expires_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
