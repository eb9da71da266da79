"""Tables of operators."""

from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from sqlalchemy import JSON, Index, text
from sqlmodel import Field, SQLModel

from api.kit.columns import UtcDateTime


class Role(StrEnum):
    """What an operator is in the organisation."""

    ADMINISTRATOR = "administrator"
    OPERATOR = "operator"
    AUDITOR = "auditor"


_NOT_DELETED = text("deleted_at IS NULL")


class Operator(SQLModel, table=True):
    """A person who helps, with the policy that holds for them.

    A deleted operator stays as a row, so that history keeps the name; the login is free again.
    """

    READ_ONCE: ClassVar[bool] = True

    __table_args__ = (
        Index(
            "ix_operator_organization_id_login",
            "organization_id",
            "login",
            unique=True,
            sqlite_where=_NOT_DELETED,
            postgresql_where=_NOT_DELETED,
        ),
    )

    id: str = Field(primary_key=True)
    organization_id: str = Field(foreign_key="organization.id", index=True)
    login: str
    name: str
    email: str | None = None
    role: str
    password_hash: str
    must_change_password: bool = True
    password_changed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    token_version: int = 1
    """Grows when all access tokens given out must stop working."""
    second_factors: list[str] = Field(default_factory=list, sa_type=JSON)
    """The ways of a second step that are set up; `api/second_factors/service.py` keeps it."""
    modes: list[str] = Field(sa_type=JSON)
    max_session_seconds: int | None = None
    policy_id: str | None = Field(default=None, index=True)
    """Their policy; it cannot be deleted while it is named here."""
    networks: list[str] = Field(default_factory=list, sa_type=JSON)
    """CIDR; signs in from these only, within those of the organisation. Empty: from anywhere."""
    failures: int = 0
    """Wrong passwords in a row from devices that are not known; `api/passwords/locking.py`."""
    failed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    locked_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    last_sign_in_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    suspended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    deleted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    created_at: datetime = Field(sa_type=UtcDateTime)
