"""Rules of rotations: when one may start, and its batches, each a short transaction of its own."""

import json
import time
from datetime import timedelta
from typing import Any

import structlog
from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from api import audit
from api.audit import SYSTEM, Action, Actor
from api.auth.permissions import Caller
from api.context import Context
from api.keyring.service import SERVER
from api.kit.ids import Kind, new_id
from api.kit.sealing import KeyDestroyed, SealError, key_id_of
from api.problems import Conflict
from api.rotations import repository
from api.rotations.columns import SERVERS_OWN, TABLES, SealedTable
from api.rotations.models import KeyRotation
from api.rotations.schemas import KeysView, RotationStep, RotationView

ROWS = 200
"""Of one batch: some ten milliseconds."""
CUSTOMERS = 100
KEYS = 500
BUSY_SECONDS = 0.1
"""How long a rotation works at a time, once a second; then whoever waits gets their turn."""
SETTLES = timedelta(seconds=60)
"""What was under way when a key was retired is committed by then, and may be sealed under it."""
SERVER_SETTLES = timedelta(minutes=15)
"""Likewise; tokens of a pending sign-in carry something sealed for ten minutes."""

log = structlog.get_logger()


async def start(
    db: AsyncSession,
    context: Context,
    by: Caller | Actor,
    owner: str,
    *,
    own_key: bool = True,
    customers: bool = False,
) -> KeyRotation:
    """New keys at once; what is sealed under the old ones is sealed anew by and by. Conflict while another one goes on."""
    if await repository.running(db, owner) is not None:
        raise Conflict("The keys are being rotated already; wait until that is done.")
    now = context.clock.now()
    if own_key:
        newest = context.keyring.rotate(owner).id.hex()
        await repository.retire(db, owner, {old.hex(): newest for old in context.keyring.older(owner)}, now)
    rotation = KeyRotation(
        id=new_id(Kind.KEY_ROTATION),
        owner=owner,
        own_key=own_key,
        customers=customers,
        customers_done=not customers,
        started_by=Actor.of(by).id or Actor.of(by).type,
        started_at=now,
        settled_at=now,
        walked_at=now,
    )
    db.add(rotation)
    await db.flush()
    if owner != SERVER:
        about = {"organization_key": own_key, "customers_keys": customers}
        audit.record(db, context, owner, Action.KEYS_ROTATION_STARTED, by=by, target=rotation.id, **about)
    return rotation


async def tend(context: Context) -> None:
    """Go on with every rotation for a moment. One that cannot go on holds up no other."""
    async with context.database.read() as db:
        unfinished = await repository.unfinished(db)
    for rotation_id in unfinished:
        until = time.monotonic() + BUSY_SECONDS
        try:
            while await step(context, rotation_id) and time.monotonic() < until:
                pass
        except SealError:
            log.exception("api.rotation_failed", rotation=rotation_id)
            context.metrics.failures.labels("rotation").inc()


async def step(context: Context, rotation_id: str) -> bool:
    """One batch; whether there may be more to do at once."""
    async with context.database.write() as db:
        rotation = await repository.take(db, rotation_id)
        if rotation is None:
            return False
        db.add(rotation)
        if rotation.own_key and _wrapped_anew(context, rotation.owner):
            return True
        if not rotation.customers_done:
            await _new_customer_keys(db, context, rotation)
            return True
        return await _walk(db, context, rotation)


async def view(db: AsyncSession, caller: Caller) -> KeysView:
    """How far the newest rotation of the caller's organisation is."""
    newest = await repository.newest(db, caller.organization_id)
    return KeysView(rotation=None if newest is None else shown(newest))


def shown(rotation: KeyRotation) -> RotationView:
    """What callers see."""
    step_: RotationStep = "sealing" if rotation.customers_done else "customers"
    return RotationView(
        id=rotation.id,
        organization_key=rotation.own_key,
        customers_keys=rotation.customers,
        step="done" if rotation.finished_at else step_,
        walk=rotation.walk + 1,
        examined=rotation.examined,
        resealed=rotation.resealed,
        keys_destroyed=rotation.destroyed,
        started_at=rotation.started_at,
        finished_at=rotation.finished_at,
    )


def _wrapped_anew(context: Context, owner: str) -> int:
    """Customers' keys are wrapped by their organisation's: under the newest from now on."""
    return sum(context.keyring.rewrap(owner, old, KEYS) for old in context.keyring.older(owner))


async def _new_customer_keys(db: AsyncSession, context: Context, rotation: KeyRotation) -> None:
    rows = await repository.customers_after(db, rotation.owner, rotation.place, rotation.started_at, CUSTOMERS)
    now = context.clock.now()
    for customer in rows:
        old, fresh = customer.key_id, context.keyring.customer_key(rotation.owner)
        await repository.retire(db, rotation.owner, {old: fresh}, now)
        await repository.give_key(db, customer, fresh)
    rotation.settled_at = now
    rotation.customers_done = len(rows) < CUSTOMERS
    rotation.place = "" if rotation.customers_done else rows[-1].id


async def _walk(db: AsyncSession, context: Context, rotation: KeyRotation) -> bool:
    """A batch of rows. After the last one: all over again, until a walk that began late enough finds nothing."""
    tables, now = _tables(rotation.owner), context.clock.now()
    settled = rotation.settled_at + (SERVER_SETTLES if rotation.owner == SERVER else SETTLES)
    if not rotation.place:
        if rotation.walk and now < settled:
            return False
        rotation.walked_at, rotation.found, rotation.place = now, 0, json.dumps([0, None])
    at, after = json.loads(rotation.place)
    if at < len(tables):
        owner = None if rotation.owner == SERVER else rotation.owner
        rows = await repository.rows_after(db, tables[at], owner, after, ROWS)
        done = await _seal_anew(db, context, rotation.owner, tables[at], rows)
        rotation.examined += len(rows)
        rotation.found += done
        rotation.resealed += done
        more = len(rows) == ROWS
        rotation.place = json.dumps([at, repository.place_of(rows[-1])] if more else [at + 1, None])
        return True
    if rotation.found or rotation.walked_at < settled:
        rotation.walk, rotation.place = rotation.walk + 1, ""
        return True
    return await _destroy_old(db, context, rotation)


async def _seal_anew(db: AsyncSession, context: Context, owner: str, table: SealedTable, rows: Any) -> int:
    """How many rows had values under retired keys; those have none now."""
    held = [(row, _held(table, row)) for row in rows]
    successors = await repository.successors(db, {key_id for _, keys in held for key_id in keys.values()})
    if not successors:
        return 0
    count = 0
    for row, keys in held:
        old: dict[str, Any] = {}
        new: dict[str, Any] = {}
        for column, key_id in keys.items():
            if key_id not in successors:
                continue
            old[column] = getattr(row, column)
            if column == "key_id":
                new[column] = successors[key_id]
                continue
            anew = _anew(context, owner, table, row, column, successors[key_id])
            if anew is not None:
                new[column] = anew
        if new:
            await repository.exchange(db, row, old, new)
            count += 1
    return count


def _anew(context: Context, owner: str, table: SealedTable, row: Any, column: str, key_id: str) -> bytes | None:
    """A value under another key; None when it is lost: its customer was forgotten meanwhile, or it was changed from outside."""
    value, purpose, about = getattr(row, column), table.columns[column], table.about(row)
    try:
        old, new = (context.keyring.named(owner, key) for key in (key_id_of(value), bytes.fromhex(key_id)))
    except KeyDestroyed:
        return None
    try:
        return new.seal(purpose, about, old.open(purpose, about, value))
    except SealError:  # one that cannot be read must not hold up all the others for ever
        log.exception("api.sealed_value_damaged", table=table.name, column=column, row=repository.place_of(row))
        return None


def _held(table: SealedTable, row: SQLModel) -> dict[str, str]:
    """Under which key (hex) each value of a row is sealed, and which key the row itself names."""
    values = {name: getattr(row, name) for name in table.columns}
    found = {name: key_id_of(value).hex() for name, value in values.items() if value}
    if getattr(row, "key_id", ""):
        found["key_id"] = row.key_id  # type: ignore[attr-defined]
    return found


def _tables(owner: str) -> list[SealedTable]:
    if owner == SERVER:
        return [table for table in TABLES if table.server]
    return [table for table in TABLES if table.name not in SERVERS_OWN]


async def _destroy_old(db: AsyncSession, context: Context, rotation: KeyRotation) -> bool:
    """Nothing is sealed under the old keys any more."""
    old = await repository.to_destroy(db, rotation.owner, KEYS)
    now = context.clock.now()
    if old:
        context.keyring.destroy([bytes.fromhex(key_id) for key_id in old])
        await repository.destroyed(db, old, now)
        rotation.destroyed += len(old)
        return True
    rotation.finished_at, rotation.place = now, ""
    log.info("api.keys_rotated", owner=rotation.owner, resealed=rotation.resealed, destroyed=rotation.destroyed)
    if rotation.owner != SERVER:
        about = {"resealed": rotation.resealed, "keys_destroyed": rotation.destroyed}
        audit.record(db, context, rotation.owner, Action.KEYS_ROTATED, by=SYSTEM, target=rotation.id, **about)
    return False
