"""SQL of checking a database: what is sealed in it, and what must stay unreadable."""

from collections.abc import Iterator, Sequence

from sqlalchemy import LargeBinary, Table
from sqlmodel import SQLModel, col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from api.customers.models import Customer
from api.rotations.models import RetiredKey

BATCH = 500


async def destroyed_keys(db: AsyncSession, after: str) -> Sequence[str]:
    """Ids (hex) of keys that were destroyed: of forgotten customers, and what rotations replaced."""
    rows = select(RetiredKey.id).where(col(RetiredKey.destroyed_at).is_not(None), RetiredKey.id > after)
    return (await db.exec(rows.order_by(RetiredKey.id).limit(BATCH))).all()


async def some_customers(db: AsyncSession, limit: int) -> Sequence[Customer]:
    """The newest and the oldest who were not forgotten."""
    rows = select(Customer).where(col(Customer.forgotten_at).is_(None))
    newest = (await db.exec(rows.order_by(col(Customer.id).desc()).limit(limit))).all()
    oldest = (await db.exec(rows.order_by(Customer.id).limit(limit))).all()
    return [*newest, *oldest]


def sealed_columns() -> Iterator[tuple[Table, str]]:
    """Every column that holds sealed bytes, by their type and name."""
    for table in SQLModel.metadata.sorted_tables:
        for column in table.columns:
            if isinstance(column.type, LargeBinary) and column.name.endswith("sealed"):
                yield table, column.name


async def some_sealed(db: AsyncSession, table: Table, name: str, limit: int) -> Sequence[bytes]:
    """Values of a column, of the newest and the oldest rows (ids grow with time)."""
    key, column = next(iter(table.primary_key.columns)), table.columns[name]
    rows = select(column).where(column.is_not(None))
    found = []
    for order in (key.desc(), key.asc()):
        found += [bytes(value) for value in (await db.exec(rows.order_by(order).limit(limit))).all()]
    return list(dict.fromkeys(found))


async def rows_of(db: AsyncSession, table: Table) -> int:
    """How many rows a table has; all of its pages are read for it."""
    return int((await db.exec(select(func.count()).select_from(table))).one())
