"""Tables of enrolment tokens."""

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from api.kit.columns import UtcDateTime


class DeviceEnrolment(SQLModel, table=True):
    """A token by which machines are enrolled, by its SHA-256: expiring, for so many machines, into a group."""

    __tablename__ = "device_enrolment"
    __table_args__ = (Index("ix_device_enrolment_organization_id_id", "organization_id", "id"),)

    id: str = Field(primary_key=True)
    organization_id: str = Field(foreign_key="organization.id")
    group_id: str | None = Field(default=None, foreign_key="device_group.id", index=True)
    created_by: str = Field(foreign_key="operator.id")
    name: str
    digest: str = Field(unique=True)
    uses: int
    used: int = 0
    created_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime, index=True)
