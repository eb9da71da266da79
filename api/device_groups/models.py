"""Tables of groups of devices."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, Index
from sqlmodel import Field, SQLModel

from api.kit.columns import UtcDateTime


class DeviceGroup(SQLModel, table=True):
    """Devices with the same rules. What a device does not say for itself, its group says."""

    __tablename__ = "device_group"
    __table_args__ = (Index("ix_device_group_organization_id_id", "organization_id", "id"),)

    id: str = Field(primary_key=True)
    organization_id: str = Field(foreign_key="organization.id")
    name: str
    consent: str | None = None
    hours: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True)))
    created_at: datetime = Field(sa_type=UtcDateTime)
