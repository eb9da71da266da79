"""Forgetting a customer: first it is written down and committed that it shall be, then the key is destroyed, then there is a
proof. A process that dies in between leaves the rest to the next one (`finish_begun`, by upkeep)."""

import hashlib
from datetime import datetime, timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from api import audit
from api.audit import Action, Actor
from api.auth.permissions import Caller
from api.context import Context
from api.customers import repository, service
from api.customers.models import Customer
from api.customers.schemas import ForgetRequest
from api.db import commit_so_far
from api.problems import Conflict, NotFound
from api.retention.holds import refuse_if_held
from api.rotations import repository as retired
from api.sessions.models import FORGOTTEN
from wire import tokens

LEFT_BEHIND = timedelta(seconds=10)
"""Whoever began and has no proof by then has died."""


async def forget(
    db: AsyncSession, context: Context, by: Caller | Actor, organization_id: str, body: ForgetRequest
) -> Customer:
    """Destroy the customer's key; asked again, the proof is answered again."""
    customer = await _named(db, context, organization_id, body)
    if customer.forgotten_at is None:
        await refuse_if_held(db, organization_id, customer_id=customer.id)
        if await repository.live_session(db, customer.id) is not None:
            raise Conflict("A session with this customer is not over; end it first.")
        sessions = await _begin(db, customer, context.clock.now())
        audit.record(
            db, context, organization_id, Action.CUSTOMER_FORGOTTEN, by=by, target=customer.id,
            reason=body.reason, sessions=sessions,
        )  # fmt: skip
        await commit_so_far(db)
    await _finish(db, context, customer)
    return customer


async def finish_begun(context: Context) -> None:
    """What a process that died has left."""
    before = context.clock.now() - LEFT_BEHIND
    async with context.database.read() as db:
        if not await repository.half_forgotten(db, before):
            return
    async with context.database.write() as db:
        for customer in await repository.half_forgotten(db, before):
            await _finish(db, context, customer)
    await context.database.leave_nothing()


async def _named(db: AsyncSession, context: Context, organization_id: str, body: ForgetRequest) -> Customer:
    customer_id = body.customer_id
    if body.email is not None:
        customer_id = await service.id_of(db, context, organization_id, body.email)
    elif body.session_id is not None:
        customer_id = await repository.of_session(db, organization_id, body.session_id)
    customer = await repository.by_id(db, organization_id, customer_id or service.NOBODY, lock=True)
    if customer is None:
        raise NotFound("There is no such customer.")
    return customer


async def _begin(db: AsyncSession, customer: Customer, now: datetime) -> int:
    """Nobody is recognised as this customer any more, and nothing new is sealed under the key."""
    await retired.retire(db, customer.organization_id, {customer.key_id: None}, now)
    customer.lookup, customer.forgotten_at = None, now
    db.add(customer)
    await db.flush()
    return await repository.forget_sessions(db, customer.id)


async def _finish(db: AsyncSession, context: Context, customer: Customer) -> None:
    if customer.proof is not None:
        return
    key_ids = await retired.of_customer(db, customer)
    context.keyring.destroy([bytes.fromhex(key_id) for key_id in key_ids])
    now = context.clock.now()
    await retired.destroyed(db, key_ids, now)
    counted = await repository.counts(db, [customer.id])
    customer.proof = tokens.sign_document(
        context.signer.current,
        tokens.DESTRUCTION,
        {
            "iss": context.signer.issuer,
            "iat": int(now.timestamp()),
            "subject": customer.id,
            "organisation": customer.organization_id,
            "keys_sha256": [hashlib.sha256(bytes.fromhex(key_id)).hexdigest() for key_id in key_ids],
            "sessions": counted.get(customer.id, 0),
            "asked_at": customer.forgotten_at.isoformat() if customer.forgotten_at else None,
            "destroyed_at": now.isoformat(),
        },
    )
    customer.key_id = FORGOTTEN
    db.add(customer)
