"""A whole log as a file that proves itself (`wire/trail/form.py`), read and written chunk by chunk in flat memory."""

import hmac
import json
from collections.abc import AsyncGenerator

import structlog

from api.audit.models import AuditEvent
from api.audit.service import ADDRESS, PURPOSE
from api.audit.tree import repository
from api.audit.tree.leaves import line_of
from api.audit.tree.repository import Placed
from api.context import Context
from api.kit.sealing import KeyDestroyed, Sealer, SealError, key_id_of
from api.organizations.models import Organization
from wire.merkle import split_hashes
from wire.trail import form
from wire.trail.form import SALT_BYTES, Row

CHUNK = 500
"""Lines that are read at once."""

log = structlog.get_logger()


async def export(context: Context, organization: Organization) -> AsyncGenerator[bytes]:
    """The file, up to the newest checkpoint. Between two chunks nothing is open.

    When lines are deleted meanwhile, it ends without its last line: whoever verifies it is told to export again.
    """
    start, size, head = await _head(context, organization)
    yield head
    for position in range(start, size, CHUNK):
        end = min(position + CHUNK, size)
        async with context.database.read() as db:
            rows = await repository.placed(db, organization.id, position, end)
            checkpoints = await repository.checkpoints(db, organization.id, position, end)
            pruning = await repository.newest_pruning(db, organization.id)
        if (pruning.size if pruning else 0) != start:
            log.info("api.audit_export_overtaken", organization=organization.id)
            return
        signed = {row.size: form.checkpoint_row(row.signed, split_hashes(row.nodes)) for row in checkpoints}
        yield b"".join(_chunk(context, organization.id, rows, signed, position, end))
    yield form.end_row(size)


async def _head(context: Context, organization: Organization) -> tuple[int, int, bytes]:
    """Where the file begins and ends, its header and what was deleted before."""
    async with context.database.read() as db:
        newest = await repository.newest_checkpoint(db, organization.id)
        prunings = await repository.prunings(db, organization.id)
        start = prunings[-1].size if prunings else 0
        kept = await repository.checkpoints(db, organization.id, 0, start)
    size = max(start, newest.size if newest else 0)
    about = {"id": organization.id, "code": organization.code, "name": organization.name}
    issuer, keys = context.signer.issuer, context.signer.jwks
    past = [(row.size, 0, form.past_row("witnessed", row.signed, split_hashes(row.proof or b""))) for row in kept]
    past += [(row.size, 1, form.past_row("pruned", row.signed, split_hashes(row.proof))) for row in prunings]
    header = form.header_row(about, issuer, keys, context.clock.now(), size)
    return start, size, b"".join([header, *(raw for _, _, raw in sorted(past))])


def _chunk(
    context: Context, organization_id: str, rows: list[Placed], signed: dict[int, bytes], start: int, end: int
) -> list[bytes]:
    """Lines, and the checkpoints after those that they cover."""
    sealer = context.keyring.organization(organization_id)
    _prefetch(context, organization_id, rows)
    lines = {row.entry.position: _line(sealer, row) for row in rows}
    out = []
    for position in range(start, end):
        if position in lines:
            out.append(lines[position])
        if position + 1 in signed:
            out.append(signed[position + 1])
    return out


def _prefetch(context: Context, organization_id: str, rows: list[Placed]) -> None:
    """The keys of a chunk with one read."""
    wanted = set()
    for row in rows:
        if row.event is not None:
            try:
                wanted.add(key_id_of(row.event.sealed))
            except SealError:
                continue  # named below, line by line
    try:
        context.keyring.prefetch(organization_id, wanted)
    except SealError:
        return  # some other organisation's: the same


def _line(sealer: Sealer, row: Placed) -> bytes:
    entry, event = row.entry, row.event
    if event is None:
        return form.lost_row(entry.event_id, entry.leaf, entry.position)
    salt, details, damaged = _details(sealer, event)
    return form.row(Row(entry.leaf, entry.position, line_of(event), salt, details), damaged)


def _details(sealer: Sealer, event: AuditEvent) -> tuple[bytes | None, bytes, list[str]]:
    """Salt and JSON as they were sealed; None when their key was destroyed, and what was changed where something was."""
    try:
        plain = sealer.open(PURPOSE, event.id, event.sealed)
    except KeyDestroyed:
        return None, b"", []
    except SealError:
        return None, b"", ["details"]
    salt, details = plain[:SALT_BYTES], plain[SALT_BYTES:]
    return salt, details, [] if _found_by_its_address(sealer, event, details) else ["address_lookup"]


def _found_by_its_address(sealer: Sealer, event: AuditEvent, details: bytes) -> bool:
    """The one column that no leaf covers, so that it can be wiped, must be the hash of the address in the details."""
    address = json.loads(details).get("address")
    if address is None or event.address_lookup is None:
        return address is None and event.address_lookup is None
    return hmac.compare_digest(sealer.lookup(ADDRESS, address), event.address_lookup)
