"""Tables of the administrative log."""

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from api.kit.columns import UtcDateTime


class AuditEvent(SQLModel, table=True):
    """One line, inserted in the transaction that did it and never changed.

    What is searched for is plain; names, addresses and details are sealed together, so that a row can be hashed as it is
    and stays provable when the key to its details is destroyed.
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
    sealed: bytes
    """JSON: actor_name, target_name, address, user_agent, data."""
