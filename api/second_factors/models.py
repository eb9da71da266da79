"""Tables of second factors."""

from datetime import datetime

from sqlalchemy import BigInteger, Index
from sqlmodel import Field, SQLModel

from api.kit.columns import UtcDateTime


class SecondFactor(SQLModel, table=True):
    """An authenticator app, a mail address or a telephone number of an operator; one of each."""

    __tablename__ = "second_factor"

    operator_id: str = Field(primary_key=True, foreign_key="operator.id")
    method: str = Field(primary_key=True)
    pending: bool = Field(primary_key=True)
    """Not yet confirmed with a code: it does not count, and the one before it still does."""
    sealed: bytes
    """The app's secret, the address or the number."""
    created_at: datetime = Field(sa_type=UtcDateTime)
    last_step: int = Field(default=0, sa_type=BigInteger)
    """Of an app: the 30-second step of the last code taken; no code of it or before works again."""
    failures: int = 0
    """Wrong codes while it is pending."""


class SentCode(SQLModel, table=True):
    """A code that was sent by mail or SMS for one purpose: good once, for ten minutes; the next one replaces it."""

    __tablename__ = "sent_code"

    subject: str = Field(primary_key=True)
    """The pending or running sign-in, or the operator who is setting it up."""
    method: str = Field(primary_key=True)
    operator_id: str = Field(foreign_key="operator.id", index=True)
    lookup: str
    """A keyed hash of the code."""
    expires_at: datetime = Field(sa_type=UtcDateTime, index=True)


class RecoveryCode(SQLModel, table=True):
    """One of ten codes for the day the authenticator is lost, by a keyed hash; good once."""

    __tablename__ = "recovery_code"

    lookup: str = Field(primary_key=True)
    operator_id: str = Field(foreign_key="operator.id", index=True)
    created_at: datetime = Field(sa_type=UtcDateTime)
    used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class SecondStepFailure(SQLModel, table=True):
    """A wrong second step. Kept in the database: a restart or another process gives no new tries."""

    __tablename__ = "second_step_failure"
    __table_args__ = (Index("ix_second_step_failure_operator_id_failed_at", "operator_id", "failed_at"),)

    id: int | None = Field(default=None, primary_key=True)
    operator_id: str = Field(foreign_key="operator.id")
    failed_at: datetime = Field(sa_type=UtcDateTime, index=True)
