"""Tables of failed tries, for installations with several api processes: together they stay within one budget."""

from datetime import datetime

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel

from api.kit.columns import UtcDateTime


class FailureCount(SQLModel, table=True):
    """Failures of one key within one bucket of time. The key is a keyed hash: no address is stored."""

    __tablename__ = "failure_count"

    budget: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    bucket: int = Field(primary_key=True, index=True, sa_type=BigInteger)
    """Seconds since 1970 at which the bucket begins."""
    failures: int


class Alarm(SQLModel, table=True):
    """That people were told of something that goes on, so that they are told once."""

    __tablename__ = "alarm"

    name: str = Field(primary_key=True)
    until: datetime = Field(sa_type=UtcDateTime)
    """It goes on at least until then."""
