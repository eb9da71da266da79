"""Tables of policies."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, UniqueConstraint
from sqlmodel import Field, SQLModel

from api.kit.columns import UtcDateTime


class Policy(SQLModel, table=True):
    """A named set of members, to be assigned to the organisation or to operators."""

    __table_args__ = (UniqueConstraint("organization_id", "name"),)

    id: str = Field(primary_key=True)
    organization_id: str = Field(foreign_key="organization.id", index=True)
    name: str
    members: dict[str, Any] = Field(sa_type=JSON)
    """What it says, in normal form (members.py); a member it does not name is not narrowed."""
    created_at: datetime = Field(sa_type=UtcDateTime)
    updated_at: datetime = Field(sa_type=UtcDateTime)
