"""Tables of sign-ins."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from api.kit.columns import UtcDateTime


class RefreshToken(SQLModel, table=True):
    """One refresh token, by its SHA-256. Each use makes the next of its family; a second use kills the family."""

    __tablename__ = "refresh_token"

    digest: str = Field(primary_key=True)
    family: str = Field(index=True)
    operator_id: str = Field(foreign_key="operator.id", index=True)
    created_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime, index=True)
    used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
