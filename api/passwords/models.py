"""Tables of passwords: those that were used before, and the devices an account is known from."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from api.kit.columns import UtcDateTime


class PastPassword(SQLModel, table=True):
    """The hash of a password that was replaced, kept as long as it may not be used again."""

    __tablename__ = "past_password"

    id: int | None = Field(default=None, primary_key=True)
    operator_id: str = Field(foreign_key="operator.id", index=True)
    password_hash: str
    replaced_at: datetime = Field(sa_type=UtcDateTime)


class KnownDevice(SQLModel, table=True):
    """A browser or machine from which an operator has signed in before, by the SHA-256 of a secret it keeps.

    Its wrong passwords are counted here and not with the operator, so that a stranger's failures do not shut it out.
    """

    __tablename__ = "known_device"

    id: str = Field(primary_key=True)
    operator_id: str = Field(foreign_key="operator.id", index=True)
    digest: str = Field(unique=True)
    created_at: datetime = Field(sa_type=UtcDateTime)
    seen_at: datetime = Field(sa_type=UtcDateTime, index=True)
    failures: int = 0
    failed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    locked_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
