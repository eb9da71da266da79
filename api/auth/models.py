"""Tables of sign-ins."""

from datetime import datetime

from sqlalchemy import JSON
from sqlmodel import Field, SQLModel

from api.kit.columns import UtcDateTime


class SignIn(SQLModel, table=True):
    """One signed-in device: what a whole family of refresh tokens came from. Gone when it has ended."""

    __tablename__ = "sign_in"

    id: str = Field(primary_key=True)
    operator_id: str = Field(foreign_key="operator.id", index=True)
    created_at: datetime = Field(sa_type=UtcDateTime)
    last_used_at: datetime = Field(sa_type=UtcDateTime, index=True)
    authenticated_at: datetime = Field(sa_type=UtcDateTime)
    """When its owner last proved who they are: at the sign-in, or by a step-up since."""
    methods: list[str] = Field(sa_type=JSON)
    """By what: `api/auth/methods.py`."""
    machine_id: str | None = None
    """The registered machine that was proved."""
    parent_id: str | None = Field(default=None, index=True)
    """The sign-in of the terminal that opened the console; it may have signed out since."""
    client_sealed: bytes
    """Address and user agent as JSON."""


class RefreshToken(SQLModel, table=True):
    """One refresh token, by its SHA-256. Each use makes the next of its family; a second use kills the family."""

    __tablename__ = "refresh_token"

    digest: str = Field(primary_key=True)
    family: str = Field(index=True)
    operator_id: str = Field(foreign_key="operator.id", index=True)
    created_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime, index=True)
    used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Challenge(SQLModel, table=True):
    """A nonce that somebody must sign with a key: good once, for five minutes."""

    __tablename__ = "challenge"

    id: str = Field(primary_key=True)
    purpose: str
    subject: str
    """What it was made for: an operator, a pending or running sign-in, a machine; empty for anybody."""
    nonce: bytes
    expires_at: datetime = Field(sa_type=UtcDateTime, index=True)
