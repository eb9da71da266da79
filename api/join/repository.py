"""SQL of failed tries and of alarms."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Table, func, literal_column, tuple_
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlmodel import col, delete, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from api.join.models import Alarm, FailureCount


async def add_failures(db: AsyncSession, budget: str, key: str, bucket: int, amount: int) -> None:
    """Count atomically, whoever else counts at the same time; never below nothing."""
    statement: Any = _insert(db)(_table(FailureCount)).values(
        budget=budget, key=key, bucket=bucket, failures=max(amount, 0)
    )
    counted = _table(FailureCount).c.failures + amount
    await db.exec(
        statement.on_conflict_do_update(
            index_elements=["budget", "key", "bucket"], set_={"failures": _not_negative(db, counted)}
        )
    )


async def failures(
    db: AsyncSession, keys: Sequence[tuple[str, str]], oldest: int
) -> Sequence[tuple[str, str, int, int]]:
    """(budget, key, bucket, failures) of several keys since a bucket."""
    rows = select(FailureCount.budget, FailureCount.key, FailureCount.bucket, FailureCount.failures).where(
        tuple_(col(FailureCount.budget), col(FailureCount.key)).in_(list(keys)), FailureCount.bucket >= oldest
    )
    return (await db.exec(rows)).all()


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
