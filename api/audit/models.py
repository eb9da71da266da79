"""Tables of the administrative log."""

from datetime import datetime

from sqlalchemy import BigInteger, Index
from sqlmodel import Field, SQLModel

from api.kit.columns import UtcDateTime


class AuditEvent(SQLModel, table=True):
    """One line, inserted in the transaction that did it and never changed.

    What is searched for is plain; names, addresses and details are sealed together. Its place in the log's tree covers the plain
    columns and the digest of the details, so that it stays provable when they are sealed anew, or their key is destroyed.
    """

    __tablename__ = "audit_event"
    __table_args__ = (
        Index("ix_audit_event_organization_id_id", "organization_id", "id"),
        Index("ix_audit_event_organization_id_time", "organization_id", "time"),
        Index("ix_audit_event_organization_id_action_id", "organization_id", "action", "id"),
        Index("ix_audit_event_organization_id_actor_id_id", "organization_id", "actor_id", "id"),
        Index("ix_audit_event_organization_id_target_id_id", "organization_id", "target_id", "id"),
    )

    id: str = Field(primary_key=True)
    organization_id: str = Field(foreign_key="organization.id")
    time: datetime = Field(sa_type=UtcDateTime)
    action: str
    actor_type: str
    actor_id: str | None = None
    target_type: str | None = None
    target_id: str | None = None
    address_lookup: str | None = None
    """A keyed hash of the address: lines from one address are found, and the table does not say which it is."""
    digest: bytes
    """SHA-256 of what is sealed."""
    sealed: bytes
    """A salt of 16 bytes, then JSON: actor_name, target_name, address, user_agent, data."""


class AuditEntry(SQLModel, table=True):
    """Where a line stands in its organisation's log, given once by the sequencer: positions count from 0, without gaps."""

    __tablename__ = "audit_entry"

    organization_id: str = Field(primary_key=True, foreign_key="organization.id")
    position: int = Field(primary_key=True, sa_type=BigInteger)
    event_id: str = Field(unique=True)
    """Of the line; no reference, so that a line that vanishes leaves a trace."""
    leaf: bytes
    """The leaf's hash."""


class AuditNode(SQLModel, table=True):
    """The root of a whole subtree of 256, 65536, … lines: with these a proof needs a few hundred rows, however long the log."""

    __tablename__ = "audit_node"

    organization_id: str = Field(primary_key=True, foreign_key="organization.id")
    level: int = Field(primary_key=True)
    """It covers 2^level lines; a multiple of 8."""
    number: int = Field(primary_key=True, sa_type=BigInteger)
    """Which of its level, from the left."""
    hash: bytes


class AuditCheckpoint(SQLModel, table=True):
    """How the log was at a time, signed. The newest also says where the sequencer goes on."""

    __tablename__ = "audit_checkpoint"

    organization_id: str = Field(primary_key=True, foreign_key="organization.id")
    size: int = Field(primary_key=True, sa_type=BigInteger)
    nodes: bytes
    """The compact range: 32 bytes for each bit of `size`."""
    signed: str
    time: datetime = Field(sa_type=UtcDateTime)
    witnessed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When it was sent out, so that somebody outside has it too."""
    proof: bytes | None = None
    """Once its lines were deleted: the hashes that lead from it to the deletion that took them."""


class AuditPruning(SQLModel, table=True):
    """The first `size` lines were deleted, signed; the log goes on from the compact range that is left of them."""

    __tablename__ = "audit_pruning"

    organization_id: str = Field(primary_key=True, foreign_key="organization.id")
    size: int = Field(primary_key=True, sa_type=BigInteger)
    nodes: bytes
    signed: str
    time: datetime = Field(sa_type=UtcDateTime)
    proof: bytes = b""
    """The hashes that lead from it to the next deletion; none in the newest."""
