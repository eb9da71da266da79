"""Tables of devices."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, Index
from sqlmodel import Field, SQLModel

from api.kit.columns import UtcDateTime


class Device(SQLModel, table=True):
    """A machine, known by the public half of an Ed25519 key that never left it."""

    __table_args__ = (
        Index("ix_device_organization_id_id", "organization_id", "id"),
        Index("ix_device_online_seen_at", "online", "seen_at"),
    )

    id: str = Field(primary_key=True)
    organization_id: str = Field(foreign_key="organization.id")
    group_id: str | None = Field(default=None, foreign_key="device_group.id", index=True)
    enrolled_by: str
    """Id of the operator whose token it was."""
    name: str
    public_key: str = Field(unique=True)
    """Hexadecimal."""
    platform: str | None = None
    version: str | None = None
    unattended: bool = False
    """The device says that its own administrator allowed sessions without asking, at the device."""
    consent: str | None = None
    """None: as its group says, else `ask`."""
    hours: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True)))
    own_access: bool = False
    """Whether its own grants say who may connect; else its group's."""
    created_at: datetime = Field(sa_type=UtcDateTime)
    disabled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    wiped_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    online: bool = False
    seen_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    challenge_at: int = Field(default=0, sa_type=BigInteger)
    """When its last used challenge was made, in microseconds: that one and older ones work no more."""


class DeviceGrant(SQLModel, table=True):
    """Somebody beside the administrators may connect: `subject_id` is an operator or a policy (all who have it)."""

    __tablename__ = "device_grant"

    target_id: str = Field(primary_key=True)
    """A device or a group of devices."""
    subject_id: str = Field(primary_key=True, index=True)
    organization_id: str = Field(foreign_key="organization.id", index=True)
