"""Table of failed tries, for installations with several api processes: together they stay within one budget."""

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel


class FailureCount(SQLModel, table=True):
    """Failures of one key within one bucket of time. The key is a keyed hash: no address and no account is stored."""

    __tablename__ = "failure_count"

    budget: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    bucket: int = Field(primary_key=True, index=True, sa_type=BigInteger)
    """Milliseconds since 1970 at which the bucket begins."""
    failures: int
