"""Tables of rotations."""

from datetime import datetime

from sqlalchemy import BigInteger, Index
from sqlmodel import Field, SQLModel

from api.kit.columns import UtcDateTime


class RetiredKey(SQLModel, table=True):
    """A key that nothing new is sealed under. With a successor, what is sealed under it is sealed anew under that one.

    The row stays when the key is destroyed: a keyring that comes back from an old backup is told so.
    """

    __tablename__ = "retired_key"
    __table_args__ = (Index("ix_retired_key_owner_destroyed_at", "owner", "destroyed_at"),)

    id: str = Field(primary_key=True)
    """In the keyring (hex)."""
    owner: str
    """`server`, or an organisation's id."""
    successor_id: str | None = Field(default=None, index=True)
    retired_at: datetime = Field(sa_type=UtcDateTime)
    destroyed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class KeyRotation(SQLModel, table=True):
    """A rotation that goes on batch by batch, whichever process does the next, until `finished_at`.

    Customers first get their new keys; then all sealed values are walked through, again and again until nothing is found
    under an old key.
    """

    __tablename__ = "key_rotation"
    __table_args__ = (Index("ix_key_rotation_owner_id", "owner", "id"),)

    id: str = Field(primary_key=True)
    owner: str
    """`server`, or an organisation's id."""
    own_key: bool
    """The owner's own key is replaced."""
    customers: bool
    """The keys of all its customers are."""
    started_by: str
    started_at: datetime = Field(sa_type=UtcDateTime)
    settled_at: datetime = Field(sa_type=UtcDateTime)
    """When the last key was retired: what was under way then may still be sealed under it."""
    customers_done: bool = False
    walk: int = 0
    """How often all values were walked through."""
    place: str = ""
    """JSON: the column and row of this walk that were last looked at, or the customer."""
    walked_at: datetime = Field(sa_type=UtcDateTime)
    """When this walk began."""
    found: int = Field(default=0, sa_type=BigInteger)
    """Values sealed anew in this walk."""
    examined: int = Field(default=0, sa_type=BigInteger)
    resealed: int = Field(default=0, sa_type=BigInteger)
    destroyed: int = 0
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)
