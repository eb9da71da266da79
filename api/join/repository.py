"""SQL of failed tries and of alarms."""

from datetime import datetime
from typing import Any

from sqlalchemy import Table, literal_column
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlmodel import col, delete, func, select, update
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


async def failures(db: AsyncSession, budget: str, key: str, oldest: int) -> tuple[int, int | None]:
    """How many a key has since a bucket, and the first bucket that has any."""
    rows = select(func.sum(FailureCount.failures), func.min(FailureCount.bucket)).where(
        FailureCount.budget == budget,
        FailureCount.key == key,
        FailureCount.bucket >= oldest,
        FailureCount.failures > 0,
    )
    count, since = (await db.exec(rows)).one()
    return int(count or 0), since


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
