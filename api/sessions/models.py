"""Tables of sessions."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from api.kit.columns import UtcDateTime
from api.sessions.modes import Verified


def _some(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    """An index of those rows alone for which `where` holds, which are few."""
    return Index(name, *columns, unique=unique, sqlite_where=text(where), postgresql_where=text(where))


OTHER = "other"
FORGOTTEN = ""
"""In place of the id of a key that was destroyed."""
_LIVE = "ended_at IS NULL"


class Session(SQLModel, table=True):
    """One piece of help from code to end. Its state changes only by the table in states.py."""

    __table_args__ = (
        Index("ix_session_organization_id_id", "organization_id", "id"),
        Index("ix_session_organization_id_created_at_id", "organization_id", "created_at", "id"),
        Index("ix_session_organization_id_ended_at_id", "organization_id", "ended_at", "id"),
        Index("ix_session_organization_id_state_id", "organization_id", "state", "id"),
        Index("ix_session_operator_id_id", "operator_id", "id"),
        Index("ix_session_state_code_expires_at", "state", "code_expires_at"),
        _some("ix_session_reference", "organization_id", "reference_id", "id", where="reference_id IS NOT NULL"),
        Index("ix_session_customer_id_id", "customer_id", "id"),
        _some("ix_session_live_operator", "operator_id", where=_LIVE),
        _some("ix_session_live_organization", "organization_id", where=_LIVE),
        _some("ix_session_live_device", "device_id", where=f"device_id IS NOT NULL AND {_LIVE}"),
        _some("ix_session_limit", "ends_at", where=_LIVE),
        _some("ix_session_queue", "organization_id", "claimed_at", "id", where=f"operator_id IS NULL AND {_LIVE}"),
    )

    id: str = Field(primary_key=True)
    organization_id: str = Field(foreign_key="organization.id")
    operator_id: str | None = Field(default=None, foreign_key="operator.id")
    """Who helps; nobody yet while it is in the queue."""
    created_by: str
    verified: str | None = None
    """How its maker had proved who they are; None: made before that was noted, see `verified_as`."""
    """Id of the operator, API key or integration that made it."""
    state: str
    mode: str
    features: list[str] = Field(sa_type=JSON)
    recording: str = "off"
    queued: bool = False
    """Made for whoever picks it up."""
    language: str | None = None
    """The customer's, for what is sent to them."""
    device_id: str | None = None
    """The enrolled device that it is for, which takes it up without a code; stays when the device is deleted."""
    device_name: str | None = None
    """As it was called then."""
    customer_id: str = Field(foreign_key="customer.id")
    key_id: str
    """The customer's, at hand wherever something about the session is sealed."""
    customer_sealed: bytes | None = None
    reference_system: str | None = None
    reference_id: str | None = None
    reference_url_sealed: bytes | None = None
    metadata_sealed: bytes | None = None
    """JSON; none: nothing was given."""
    max_seconds: int | None = None
    members: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    """All members of policy as they hold for it; narrowed when policies are, never widened. None: made before there were any."""
    policy_version: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    """How often they were narrowed while somebody had tickets: the order of its `policy` tokens."""
    purpose_sealed: bytes | None = None
    """Why there is help, in the words of whoever made it."""
    statement_sealed: bytes
    """The signed session statement, the same bytes for both sides."""
    stated_operator_id: str | None = None
    """Whom the statement names; whoever else comes is introduced."""
    relay_ids: list[str] = Field(sa_type=JSON)
    created_at: datetime = Field(sa_type=UtcDateTime)
    starts_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    code_expires_at: datetime = Field(sa_type=UtcDateTime)
    claimed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    started_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    ends_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When the time limit ends it; set when it becomes active."""
    interrupted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)
    ended_by: str | None = None
    reason: str | None = None
    """A word; OTHER when it was said in more than that."""
    reason_sealed: bytes | None = None
    """In more than a word."""
    note_sealed: bytes | None = None
    """The newest of its notes."""
    closing_reason_sealed: bytes | None = None
    """How it went, in the organisation's own words."""
    files: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    """How many files were moved: their paths are in its `file.moved` events, and nobody looks for them where there are none."""

    @property
    def forgotten(self) -> bool:
        """Its customer was forgotten: what was sealed under their key cannot be opened, and nothing new is written down."""
        return self.key_id == FORGOTTEN

    @property
    def verified_as(self) -> Verified:
        """How its maker had proved who they are, in one word."""
        return Verified(self.verified) if self.verified else Verified.by(self.created_by)


class SessionCode(SQLModel, table=True):
    """A session code: found by a keyed hash, readable for its operator until claimed or expired.

    The row stays for a day after the code's end, so that no code comes back while somebody may still have it on paper.
    """

    __tablename__ = "session_code"

    lookup: str = Field(primary_key=True)
    session_id: str = Field(foreign_key="session.id", unique=True)
    sealed: bytes | None = None
    starts_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """Before this time it is answered like an unknown one."""
    expires_at: datetime = Field(sa_type=UtcDateTime, index=True)
    claimed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Participant(SQLModel, table=True):
    """One endpoint of a session; `sender` is its id on the wire (host 1, viewers from 2)."""

    __table_args__ = (
        UniqueConstraint("session_id", "sender"),
        _some("uq_participant_present", "session_id", "operator_id", where="removed_at IS NULL", unique=True),
    )

    id: str = Field(primary_key=True)
    session_id: str = Field(foreign_key="session.id", index=True)
    sender: int
    role: str
    side: str
    operator_id: str | None = Field(default=None, foreign_key="operator.id")
    origin: str | None = None
    mode: str | None = None
    """A guest's own, where it is narrower than the session's."""
    features: list[str] | None = Field(default=None, sa_column=Column("features", JSON(none_as_null=True)))
    """Likewise."""
    first_jti: str
    resume_counter: int = 0
    created_at: datetime = Field(sa_type=UtcDateTime)
    relay_id: str | None = Field(default=None, index=True)
    """The relay it is connected to; none while it is away."""
    joined_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    admitted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    left_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    removed_at: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)
    """Sent out for good: no ticket of it is renewed, and its relay closes and refuses it."""
    bytes_in: int = Field(default=0, sa_type=BigInteger)
    """What the relay received from it."""
    bytes_out: int = Field(default=0, sa_type=BigInteger)
    """What the relay sent to it."""
    seconds: int = 0
    client_sealed: bytes | None = None
    """From where and with what it was there (clients.py)."""
