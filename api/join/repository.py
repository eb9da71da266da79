"""SQL of failed tries and of alarms."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Table, literal_column
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlmodel import and_, col, delete, func, or_, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from api.join.models import Alarm, FailureCount


async def add_failures(db: AsyncSession, keys: Sequence[tuple[str, str]], bucket: int, amount: int) -> None:
    """Count for several (budget, key) at once and atomically, whoever else counts at the same time; never below nothing.

    In the order of the keys, so that two transactions never wait for each other.
    """
    rows = [
        {"budget": budget, "key": key, "bucket": bucket, "failures": max(amount, 0)} for budget, key in sorted(keys)
    ]
    statement: Any = _insert(db)(_table(FailureCount)).values(rows)
    counted = _not_negative(db, _table(FailureCount).c.failures + amount)
    await db.exec(
        statement.on_conflict_do_update(index_elements=["budget", "key", "bucket"], set_={"failures": counted})
    )


async def failures(db: AsyncSession, since: Mapping[tuple[str, str], int]) -> dict[tuple[str, str], tuple[int, int]]:
    """How many each (budget, key) has since a bucket of its own, and the first bucket that has any; those that have some."""
    mine = [
        and_(col(FailureCount.budget) == budget, col(FailureCount.key) == key, col(FailureCount.bucket) >= oldest)
        for (budget, key), oldest in since.items()
    ]
    rows = select(
        FailureCount.budget, FailureCount.key, func.sum(FailureCount.failures), func.min(FailureCount.bucket)
    ).where(or_(*mine), FailureCount.failures > 0)
    grouped = rows.group_by(col(FailureCount.budget), col(FailureCount.key))
    return {(budget, key): (int(count), first) for budget, key, count, first in (await db.exec(grouped)).all()}


async def purge_failures(db: AsyncSession, before: int) -> None:
    """Forget buckets that no window reaches any more."""
    await db.exec(delete(FailureCount).where(col(FailureCount.bucket) < before))


async def raise_alarm(db: AsyncSession, name: str, now: datetime, until: datetime) -> bool:
    """True when it is news; else it only goes on until then. Of several processes one hears True."""
    table = _table(Alarm)
    statement: Any = _insert(db)(table).values(name=name, until=until)
    news = statement.on_conflict_do_update(
        index_elements=["name"], set_={"until": until}, where=table.c.until <= now
    ).returning(literal_column("1"))
    if (await db.exec(news)).first() is not None:
        return True
    await db.exec(update(Alarm).where(col(Alarm.name) == name).values(until=until))
    return False


def _insert(db: AsyncSession) -> Any:
    return postgresql_insert if db.get_bind().dialect.name == "postgresql" else sqlite_insert


def _not_negative(db: AsyncSession, value: Any) -> Any:
    """SQLite calls it `max`."""
    return func.greatest(value, 0) if db.get_bind().dialect.name == "postgresql" else func.max(value, 0)


def _table(model: Any) -> Table:
    table: Table = model.__table__
    return table
