"""Tables of the keyring's own store. They are no part of the main database, nor of its migrations."""

from dataclasses import dataclass

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, String, Table, UniqueConstraint

metadata = MetaData()

WRAPPED_KEY = Table(
    "wrapped_key",
    metadata,
    Column("id", LargeBinary, primary_key=True),
    Column("name", String, nullable=True),
    Column("version", Integer, nullable=False),
    Column("wrapper", LargeBinary, nullable=False),
    Column("wrapped", LargeBinary, nullable=False),
    Column("made_at", BigInteger, nullable=False),
    UniqueConstraint("name", "version"),
    Index("ix_wrapped_key_wrapper_id", "wrapper", "id"),
)
"""`name` is given to the keys of the server and of organisations, of which the highest version is used; whose the others are
is in the main database. `wrapped` is empty of a key that was destroyed."""

GENERATION = Table("generation", metadata, Column("number", BigInteger, primary_key=True))
"""One row. It grows when keys were destroyed, replaced or wrapped anew: whoever keeps opened keys reads it."""


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """A row. `made_at` is in seconds since 1970."""

    id: bytes
    name: str | None
    version: int
    wrapper: bytes
    wrapped: bytes
    made_at: int

    @property
    def destroyed(self) -> bool:
        """On purpose; the row stays so that nobody takes it for one that was lost."""
        return not self.wrapped
