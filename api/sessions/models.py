"""Tables of sessions."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from api.kit.columns import UtcDateTime


class Session(SQLModel, table=True):
    """One piece of help from code to end. Its state changes only by the table in states.py."""

    __table_args__ = (
        Index("ix_session_organization_id_id", "organization_id", "id"),
        Index("ix_session_state_code_expires_at", "state", "code_expires_at"),
        Index(
            "ix_session_live_device",
            "device_id",
            sqlite_where=text("device_id IS NOT NULL AND ended_at IS NULL"),
            postgresql_where=text("device_id IS NOT NULL AND ended_at IS NULL"),
        ),
    )

    id: str = Field(primary_key=True)
    organization_id: str = Field(foreign_key="organization.id")
    operator_id: str = Field(foreign_key="operator.id", index=True)
    created_by: str
    """Id of the operator, API key or integration that made it."""
    state: str
    mode: str
    features: list[str] = Field(sa_type=JSON)
    recording: str = "off"
    device_id: str | None = None
    """The enrolled device that it is for, which takes it up without a code; stays when the device is deleted."""
    device_name: str | None = None
    """As it was called then."""
    customer_sealed: bytes | None = None
    reference_system: str | None = None
    reference_id: str | None = Field(default=None, index=True)
    reference_url: str | None = None
    meta: dict[str, Any] = Field(sa_column=Column("metadata", JSON, nullable=False))
    max_seconds: int | None = None
    members: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    """All members of policy as they hold for it; narrowed when policies are, never widened. None: made before there were any."""
    policy_version: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    """How often they were narrowed while somebody had tickets: the order of its `policy` tokens."""
    purpose_sealed: bytes | None = None
    """Why there is help, in the words of whoever made it."""
    statement_sealed: bytes
    """The signed session statement, the same bytes for both sides."""
    relay_ids: list[str] = Field(sa_type=JSON)
    created_at: datetime = Field(sa_type=UtcDateTime)
    starts_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    code_expires_at: datetime = Field(sa_type=UtcDateTime)
    claimed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    started_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    ends_at: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)
    """When the time limit ends it; set when it becomes active."""
    interrupted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)
    ended_by: str | None = None
    reason: str | None = None
    note: str | None = None


class SessionCode(SQLModel, table=True):
    """A session code: found by a keyed hash, readable for its operator until claimed or expired.

    The row stays for a day after the code's end, so that no code comes back while somebody may still have it on paper.
    """

    __tablename__ = "session_code"

    lookup: str = Field(primary_key=True)
    session_id: str = Field(foreign_key="session.id", unique=True)
    sealed: bytes | None = None
    expires_at: datetime = Field(sa_type=UtcDateTime, index=True)
    claimed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Participant(SQLModel, table=True):
    """One endpoint of a session; `sender` is its id on the wire (host 1, viewers from 2)."""

    __table_args__ = (
        UniqueConstraint("session_id", "sender"),
        UniqueConstraint("session_id", "operator_id"),
    )

    id: str = Field(primary_key=True)
    session_id: str = Field(foreign_key="session.id", index=True)
    sender: int
    role: str
    side: str
    operator_id: str | None = Field(default=None, foreign_key="operator.id")
    origin: str | None = None
    first_jti: str
    resume_counter: int = 0
    created_at: datetime = Field(sa_type=UtcDateTime)
    relay_id: str | None = Field(default=None, index=True)
    """The relay it is connected to; none while it is away."""
    joined_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    admitted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    left_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    bytes_in: int = Field(default=0, sa_type=BigInteger)
    """What the relay received from it."""
    bytes_out: int = Field(default=0, sa_type=BigInteger)
    """What the relay sent to it."""
    seconds: int = 0
