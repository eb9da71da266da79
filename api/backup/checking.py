"""`tasuki admin check`: is everything there, does it fit together, can it be read?"""

from collections.abc import Iterable
from typing import Any

from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from api.audit.tree.export import export
from api.backup import repository
from api.backup.failures import BackupFailed
from api.context import Context
from api.db import MIGRATION
from api.keyring.repository import KeyStore
from api.kit.sealing import KeyDestroyed, SealError, key_id_of
from api.organizations import repository as organizations
from api.organizations.models import Organization
from api.signing.service import load_keys
from wire.trail.findings import Kind
from wire.trail.verifier import Verifier

SAMPLE = 50
"""Rows of each end of a table."""

Result = dict[str, Any]


async def check(context: Context) -> Result:
    """BackupFailed with the first thing that is wrong; else what was looked at."""
    async with context.database.read() as db:
        await _database(db)
        rows = {table.name: await repository.rows_of(db, table) for table in SQLModel.metadata.sorted_tables}
        readable, destroyed = await _sealed(db, context)
        every = await organizations.every(db)
    async with context.database.write() as db:
        await _signing_key(db, context)
    proven = [await _log(context, organization) for organization in every]
    return {
        "schema": MIGRATION,
        "organizations": len(every),
        "log_lines_proven": sum(proven),
        "rows": sum(rows.values()),
        "sealed_looked_at": readable + destroyed,
        "sealed_under_destroyed_keys": destroyed,
    }


async def _database(db: AsyncSession) -> None:
    """SQLite reads every page and follows every reference; PostgreSQL keeps both by itself, and its pages by check sums."""
    connection = await db.connection()
    if connection.dialect.name != "sqlite":
        return
    said = (await connection.exec_driver_sql("PRAGMA integrity_check(1)")).scalar()
    if said != "ok":
        raise BackupFailed(f"the database is damaged: {said}")
    dangling = (await connection.exec_driver_sql("PRAGMA foreign_key_check")).first()
    if dangling is not None:
        raise BackupFailed(f"the database is damaged: a row of {dangling[0]} refers to nothing")


async def _signing_key(db: AsyncSession, context: Context) -> None:
    """The newest key that signs tokens opens with the server's key, and so the master key is the right one."""
    try:
        await load_keys(db, context.signer, context.sealer, context.clock)
    except SealError as error:
        raise BackupFailed(f"the keyring and the master key do not belong to this database: {error}") from error


async def _log(context: Context, organization: Organization) -> int:
    """The administrative log is as its checkpoints were signed; how many of its lines they cover."""
    verifier, rest = Verifier(), b""
    async for chunk in export(context, organization):
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            verifier.feed(line + b"\n")
    verdict = verifier.finish()
    for fault in verdict.faults:
        if fault.kind is Kind.FOREIGN:
            raise BackupFailed(
                f"the log of {organization.code} is of a server with another name than {context.settings.issuer}:"
                " set TASUKI_PUBLIC_URL to what it was"
            )
        at = "" if fault.position is None else f" at position {fault.position}"
        raise BackupFailed(f"the log of {organization.code} was tampered with or is damaged{at}: {fault.text}")
    return verdict.size


async def _sealed(db: AsyncSession, context: Context) -> tuple[int, int]:
    """Keys of organisations and customers open; what is sealed is sealed under a key that is there, or was destroyed."""
    try:
        for organization in await organizations.every(db):
            context.keyring.current(organization.id)
        for customer in await repository.some_customers(db, SAMPLE):
            _ = context.keyring.customer(customer).key_id
    except KeyDestroyed:
        pass  # of somebody who was forgotten after this database was backed up
    except SealError as error:
        raise BackupFailed(f"the keyring does not belong to this database: {error}") from error
    looked, destroyed = 0, 0
    for table, name in repository.sealed_columns():
        values = await repository.some_sealed(db, table, name, SAMPLE)
        missing, gone = _states(context.keyring.store, values)
        if missing:
            raise BackupFailed(
                f"{missing} of {len(values)} values of {table.name}.{name} are sealed under keys that are not in the keyring;"
                " restore the keyring that belongs to the database"
            )
        looked, destroyed = looked + len(values) - gone, destroyed + gone
    return looked, destroyed


def _states(store: KeyStore, values: Iterable[bytes]) -> tuple[int, int]:
    """How many of the values have a key that is unknown, and how many one that was destroyed."""
    ids = [key_id_of(value) for value in values]
    found = store.read(set(ids))
    return sum(key not in found for key in ids), sum(key in found and found[key].destroyed for key in ids)
