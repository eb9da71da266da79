"""Tables of operators."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import JSON, UniqueConstraint
from sqlmodel import Field, SQLModel

from api.kit.columns import UtcDateTime


class Role(StrEnum):
    """What an operator is in the organisation."""

    ADMINISTRATOR = "administrator"
    OPERATOR = "operator"
    AUDITOR = "auditor"


class Operator(SQLModel, table=True):
    """A person who helps, with the policy that holds for them."""

    __table_args__ = (UniqueConstraint("organization_id", "login"),)

    id: str = Field(primary_key=True)
    organization_id: str = Field(foreign_key="organization.id", index=True)
    login: str
    name: str
    email: str | None = None
    role: str
    password_hash: str
    must_change_password: bool = True
    token_version: int = 1
    """Grows when all access tokens given out must stop working."""
    modes: list[str] = Field(sa_type=JSON)
    max_session_seconds: int | None = None
    policy_id: str | None = Field(default=None, index=True)
    """Their policy; it cannot be deleted while it is named here."""
    suspended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    created_at: datetime = Field(sa_type=UtcDateTime)
