"""Table of passkeys."""

from datetime import datetime

from sqlalchemy import JSON, BigInteger
from sqlmodel import Field, SQLModel

from api.kit.columns import UtcDateTime


class Passkey(SQLModel, table=True):
    """The public half of a key that an operator's device keeps and unlocks by finger, face or PIN."""

    __tablename__ = "passkey"

    id: str = Field(primary_key=True)
    operator_id: str = Field(foreign_key="operator.id", index=True)
    credential_id: str = Field(unique=True)
    """Base64url, chosen by the device."""
    public_key: bytes
    """COSE."""
    sign_count: int = Field(sa_type=BigInteger)
    """Grows on devices that count; one that goes back was copied."""
    name: str
    transports: list[str] = Field(sa_type=JSON)
    backed_up: bool
    created_at: datetime = Field(sa_type=UtcDateTime)
    last_used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
