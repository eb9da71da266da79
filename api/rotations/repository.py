"""SQL of rotations."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Table, tuple_
from sqlmodel import SQLModel, col, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from api.customers.models import Customer
from api.operators.models import Operator
from api.rotations.columns import SealedTable
from api.rotations.models import KeyRotation, RetiredKey
from api.sessions.models import FORGOTTEN, Session
from api.webhooks.models import WebhookEndpoint


async def retire(db: AsyncSession, owner: str, successors: Mapping[str, str | None], now: datetime) -> None:
    """Note that nothing new is sealed under these keys; each with the key that takes its place, if one does."""
    known = set((await db.exec(select(RetiredKey.id).where(col(RetiredKey.id).in_(list(successors))))).all())
    for key_id, successor in successors.items():
        if key_id not in known:
            db.add(RetiredKey(id=key_id, owner=owner, successor_id=successor, retired_at=now))
    await db.flush()


async def destroyed(db: AsyncSession, key_ids: Sequence[str], now: datetime) -> None:
    """Note that keys are gone."""
    mine = update(RetiredKey).where(col(RetiredKey.id).in_(key_ids), col(RetiredKey.destroyed_at).is_(None))
    await db.exec(mine.values(destroyed_at=now))


async def successors(db: AsyncSession, key_ids: Iterable[str]) -> dict[str, str]:
    """Those of the keys that were retired and have a successor."""
    rows = select(RetiredKey.id, RetiredKey.successor_id).where(
        col(RetiredKey.id).in_(list(key_ids)), col(RetiredKey.successor_id).is_not(None)
    )
    return {old: new for old, new in (await db.exec(rows)).all() if new is not None}


async def of_customer(db: AsyncSession, customer: Customer) -> list[str]:
    """The customer's key, and those before it that may still be there."""
    found, look = [], [customer.key_id]
    while look:
        found += look
        before = select(RetiredKey.id).where(
            col(RetiredKey.successor_id).in_(look), col(RetiredKey.destroyed_at).is_(None)
        )
        look = [key_id for key_id in (await db.exec(before)).all() if key_id not in found]
    return found


async def to_destroy(db: AsyncSession, owner: str, limit: int) -> Sequence[str]:
    """Retired keys of an owner with a successor that are still there."""
    rows = select(RetiredKey.id).where(
        RetiredKey.owner == owner, col(RetiredKey.destroyed_at).is_(None), col(RetiredKey.successor_id).is_not(None)
    )
    return (await db.exec(rows.limit(limit))).all()


async def running(db: AsyncSession, owner: str) -> KeyRotation | None:
    """The owner's rotation that is not finished."""
    rows = select(KeyRotation).where(KeyRotation.owner == owner, col(KeyRotation.finished_at).is_(None))
    return (await db.exec(rows)).first()


async def newest(db: AsyncSession, owner: str) -> KeyRotation | None:
    """The owner's last rotation."""
    rows = select(KeyRotation).where(KeyRotation.owner == owner).order_by(col(KeyRotation.id).desc())
    return (await db.exec(rows.limit(1))).first()


async def unfinished(db: AsyncSession) -> Sequence[str]:
    """Ids of all rotations that go on."""
    return (await db.exec(select(KeyRotation.id).where(col(KeyRotation.finished_at).is_(None)))).all()


async def take(db: AsyncSession, rotation_id: str) -> KeyRotation | None:
    """One of them, locked; None when another process works on it."""
    rows = select(KeyRotation).where(KeyRotation.id == rotation_id, col(KeyRotation.finished_at).is_(None))
    return (await db.exec(rows.with_for_update(skip_locked=True))).first()


async def customers_after(db: AsyncSession, owner: str, after: str, before: datetime, limit: int) -> Sequence[Customer]:
    """Customers of an organisation who are not forgotten and were there at a time, by id, locked."""
    rows = select(Customer).where(
        Customer.organization_id == owner,
        col(Customer.id) > after,
        Customer.created_at <= before,
        col(Customer.forgotten_at).is_(None),
    )
    return (await db.exec(rows.order_by(col(Customer.id)).limit(limit).with_for_update())).all()


async def give_key(db: AsyncSession, customer: Customer, key_id: str) -> None:
    """Another key for a customer and their sessions."""
    customer.key_id = key_id
    db.add(customer)
    mine = update(Session).where(col(Session.customer_id) == customer.id, col(Session.key_id) != FORGOTTEN)
    await db.exec(mine.values(key_id=key_id))


async def rows_after(
    db: AsyncSession, table: SealedTable, owner: str | None, place: Sequence[Any] | None, limit: int
) -> Sequence[SQLModel]:
    """Rows of a table by primary key, after one of them; of an organisation, or those of the server."""
    model: Any = table.model
    keys = list(_table(table.model).primary_key.columns)
    rows = select(model).where(*_of(table.model, owner))
    if place is not None:
        rows = rows.where(tuple_(*keys) > tuple_(*place))
    return (await db.exec(rows.order_by(*keys).limit(limit).execution_options(populate_existing=True))).all()


async def exchange(db: AsyncSession, row: SQLModel, old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Put other values in the place of those that are there; False when they were changed meanwhile."""
    table = _table(type(row))
    here = [column == getattr(row, column.key) for column in table.primary_key.columns]
    same = [table.c[name] == value for name, value in old.items()]
    done = await db.exec(update(type(row)).where(*here, *same).values(**new))
    return bool(done.rowcount)


def place_of(row: SQLModel) -> list[Any]:
    """Where a walk is: the primary key of a row, as JSON has it."""
    place: list[Any] = json.loads(json.dumps([getattr(row, column.key) for column in _keys(row)]))
    return place


def _keys(row: SQLModel) -> list[Any]:
    return list(_table(type(row)).primary_key.columns)


def _of(model: type[SQLModel], owner: str | None) -> list[ColumnElement[bool]]:
    """What belongs to an organisation, however it is said; None: to the server."""
    table = _table(model)
    if "organization_id" in table.c:
        return [table.c.organization_id.is_(None) if owner is None else table.c.organization_id == owner]
    if owner is None:
        return []
    for column, parent in (("session_id", Session), ("operator_id", Operator), ("endpoint_id", WebhookEndpoint)):
        if column in table.c:
            return [table.c[column].in_(select(col(parent.id)).where(parent.organization_id == owner))]
    raise LookupError(f"nothing says whose the rows of {table.name} are")


def _table(model: type[SQLModel]) -> Table:
    found: Table = model.__table__  # type: ignore[attr-defined]
    return found
