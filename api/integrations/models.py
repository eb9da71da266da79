"""Tables of integrations."""

from datetime import datetime

from sqlalchemy import JSON
from sqlmodel import Field, SQLModel

from api.kit.columns import UtcDateTime


class Integration(SQLModel, table=True):
    """An incoming hook that opens sessions for one operator, with its own signing secret."""

    id: str = Field(primary_key=True)
    organization_id: str = Field(foreign_key="organization.id", index=True)
    operator_id: str = Field(foreign_key="operator.id")
    kind: str
    name: str
    mode: str
    mapping: dict[str, str] = Field(sa_type=JSON)
    """Member of a session request → dotted path in the hook's body."""
    secret_sealed: bytes
    created_by: str
    created_at: datetime = Field(sa_type=UtcDateTime)
