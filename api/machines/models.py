"""Table of registered machines."""

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from api.kit.columns import UtcDateTime


class Machine(SQLModel, table=True):
    """An operator's computer. It counts once an administrator has approved it."""

    __tablename__ = "machine"
    __table_args__ = (UniqueConstraint("operator_id", "public_key"),)

    id: str = Field(primary_key=True)
    organization_id: str = Field(foreign_key="organization.id", index=True)
    operator_id: str = Field(foreign_key="operator.id")
    name: str
    public_key: str
    """Ed25519, base64url without padding."""
    mac: str | None = None
    """As the machine says of itself: a label, no proof."""
    created_at: datetime = Field(sa_type=UtcDateTime)
    approved_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    approved_by: str | None = None
    last_used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
