"""SQL of what is counted."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlmodel import and_, col, delete, func, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from api.budgets.models import FailureCount

Counted = tuple[str, str, int]
"""Budget, key, bucket."""


async def add(db: AsyncSession, keys: Sequence[Counted], amount: int) -> None:
    """Count for several at once and atomically, whoever else counts at the same time; never below nothing.

    In the order of the keys, so that two transactions never wait for each other.
    """
    rows = [
        {"budget": budget, "key": key, "bucket": bucket, "failures": max(amount, 0)}
        for budget, key, bucket in sorted(keys)
    ]
    statement: Any = _insert(db)(_table(FailureCount)).values(rows)
    counted = _not_negative(db, _table(FailureCount).c.failures + amount)
    await db.exec(
        statement.on_conflict_do_update(index_elements=["budget", "key", "bucket"], set_={"failures": counted})
    )


async def failures(
    db: AsyncSession, since: Mapping[tuple[str, str], int]
) -> dict[tuple[str, str], tuple[int, int, int]]:
    """How many each (budget, key) has since a bucket of its own, and the first and last bucket that has any."""
    mine = [
        and_(col(FailureCount.budget) == budget, col(FailureCount.key) == key, col(FailureCount.bucket) >= oldest)
        for (budget, key), oldest in since.items()
    ]
    bucket = col(FailureCount.bucket)
    found: Any = select(  # type: ignore[call-overload]  # SQLModel knows four columns
        FailureCount.budget, FailureCount.key, func.sum(FailureCount.failures), func.min(bucket), func.max(bucket)
    )
    counted = found.where(or_(*mine), FailureCount.failures > 0)
    rows = (await db.exec(counted.group_by(col(FailureCount.budget), col(FailureCount.key)))).all()
    return {(budget, key): (int(count), first, last) for budget, key, count, first, last in rows}


async def forget(db: AsyncSession, budget: str, key: str) -> None:
    """Nothing was counted."""
    await db.exec(delete(FailureCount).where(col(FailureCount.budget) == budget, col(FailureCount.key) == key))


async def purge(db: AsyncSession, before: int) -> None:
    """Forget buckets that no window reaches any more."""
    await db.exec(delete(FailureCount).where(col(FailureCount.bucket) < before))


def _insert(db: AsyncSession) -> Any:
    return postgresql_insert if db.get_bind().dialect.name == "postgresql" else sqlite_insert


def _not_negative(db: AsyncSession, value: Any) -> Any:
    """SQLite calls it `max`."""
    return func.greatest(value, 0) if db.get_bind().dialect.name == "postgresql" else func.max(value, 0)


def _table(model: Any) -> Table:
    table: Table = model.__table__
    return table
