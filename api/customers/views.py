"""Customers as callers see them."""

from collections.abc import Sequence

from sqlmodel.ext.asyncio.session import AsyncSession

from api.context import Context
from api.customers import repository
from api.customers.models import Customer
from api.customers.schemas import CustomerView
from api.sessions import details


async def many(db: AsyncSession, context: Context, rows: Sequence[Customer]) -> list[CustomerView]:
    """With who they are, as their newest session says, and how many sessions there are."""
    ids = [row.id for row in rows]
    counts, named = await repository.counts(db, ids), await repository.newest_named(db, ids)
    if rows:
        keys = {bytes.fromhex(row.key_id) for row in rows if row.key_id}
        context.keyring.prefetch(rows[0].organization_id, keys)
    shown = []
    for row in rows:
        known = details.customer_of(context, named[row.id]) if row.id in named and row.forgotten_at is None else None
        shown.append(
            CustomerView(
                id=row.id,
                name=known.name if known else None,
                email=known.email if known else None,
                sessions=counts.get(row.id, 0),
                created_at=row.created_at,
                forgotten=row.forgotten_at is not None,
                forgotten_at=row.forgotten_at,
                proof=row.proof,
            )
        )
    return shown
