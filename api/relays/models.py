"""Tables of relays."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from api.kit.columns import UtcDateTime


class Relay(SQLModel, table=True):
    """A relay, known by the SHA-256 of its token; healthy while its heartbeat is fresh."""

    id: str = Field(primary_key=True)
    token_digest: str = Field(unique=True)
    public_url: str
    region: str | None = None
    version: str | None = None
    capacity: int | None = None
    """Sessions it is meant for; none: not said."""
    sessions: int = 0
    participants: int = 0
    draining: bool = False
    created_at: datetime = Field(sa_type=UtcDateTime)
    registered_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    heartbeat_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class RelayCommand(SQLModel, table=True):
    """Something a relay must do; kept until the relay asks for what comes after it. Ids are never used again."""

    __tablename__ = "relay_command"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: int | None = Field(default=None, primary_key=True)
    relay_id: str = Field(foreign_key="relay.id", index=True)
    type: str
    session_id: str | None = None
    sender: int | None = None
    """Whom `kick` is about."""
    by: str | None = None
    reason_sealed: bytes | None = None
    """Under the server's key; a command is gone when the relay has it."""
    token: str | None = None
    """What `policy` hands to the participants: signed."""
    created_at: datetime = Field(sa_type=UtcDateTime)


class RelayReport(SQLModel, table=True):
    """Ids of reports already taken, so that a report sent twice counts once."""

    __tablename__ = "relay_report"

    relay_id: str = Field(primary_key=True, foreign_key="relay.id")
    id: str = Field(primary_key=True)
    received_at: datetime = Field(sa_type=UtcDateTime, index=True)
