"""Tables of customers."""

from datetime import datetime
from typing import ClassVar

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from api.kit.columns import UtcDateTime


class Customer(SQLModel, table=True):
    """Whom one or several sessions are about: the same e-mail address in one organisation is the same customer.

    Nothing here says who it is. Names, addresses and everything else that is known are sealed under the customer's key,
    with the sessions; without the key all of that is gone at once.
    """

    __table_args__ = (UniqueConstraint("organization_id", "lookup"),)

    READ_ONCE: ClassVar[bool] = True

    id: str = Field(primary_key=True)
    organization_id: str = Field(foreign_key="organization.id")
    lookup: str | None = None
    """A keyed hash of the e-mail address; none where none was given, and when it is forgotten."""
    key_id: str
    """In the keyring (hex)."""
    created_at: datetime = Field(sa_type=UtcDateTime)
    forgotten_at: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)
    proof: str | None = None
    """The signed proof that the key was destroyed; until it is there the destruction is still to be carried out."""
