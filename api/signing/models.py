"""Tables of signing keys."""

from datetime import datetime

from sqlalchemy import JSON
from sqlmodel import Field, SQLModel

from api.kit.columns import UtcDateTime


class StoredKey(SQLModel, table=True):
    """An ES256 key: the public half in the clear, the private half sealed under the master key."""

    __tablename__ = "signing_key"

    kid: str = Field(primary_key=True)
    public_jwk: dict[str, str] = Field(sa_type=JSON)
    pem_sealed: bytes
    created_at: datetime = Field(sa_type=UtcDateTime)
