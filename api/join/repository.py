"""SQL of alarms."""

from datetime import datetime
from typing import Any

from sqlalchemy import Table, literal_column
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlmodel import col, update
from sqlmodel.ext.asyncio.session import AsyncSession

from api.join.models import Alarm


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


def _table(model: Any) -> Table:
    table: Table = model.__table__
    return table
