"""Table of alarms."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from api.kit.columns import UtcDateTime


class Alarm(SQLModel, table=True):
    """That people were told of something that goes on, so that they are told once."""

    __tablename__ = "alarm"

    name: str = Field(primary_key=True)
    until: datetime = Field(sa_type=UtcDateTime)
    """It goes on at least until then."""
