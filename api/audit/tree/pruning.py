"""Deleting the beginning of a log so that what is left stays provable.

What is kept of the deleted lines is a compact range (a few hashes), signed. Checkpoints that were sent out are kept with a proof
that leads from them to the deletion, and so is every deletion before it: a witness from then can still be compared.
"""

from collections.abc import Callable
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from api.audit.models import AuditPruning
from api.audit.tree import repository
from api.context import Context
from api.organizations import repository as organizations
from wire.merkle import Frontier, consistency_path, node_hash, range_hash, split
from wire.trail.form import written
from wire.trail.signed import Pruned

BATCH = 5000
"""Lines of one transaction."""


async def prune(db: AsyncSession, context: Context, organization_id: str, before: datetime) -> int:
    """Delete lines from the oldest on, as long as they are older than `before`; how many, BATCH at most.

    Only what a checkpoint covers goes. The deletion is signed in the same transaction; call it again until it returns 0.
    """
    await organizations.lock(db, organization_id)
    last = await repository.newest_pruning(db, organization_id)
    newest = await repository.newest_checkpoint(db, organization_id)
    start = last.size if last else 0
    if newest is None or newest.size <= start:
        return 0
    rows = await repository.oldest_with_times(db, organization_id, start, newest.size, BATCH)
    tree = Frontier.unpacked(last.size, last.nodes) if last else Frontier()
    known, event_ids = dict(zip(tree.ranges(), tree.nodes, strict=True)), []
    for position, event_id, leaf, time in rows:
        if position != tree.size or (time is not None and time >= before):
            break
        known[position, position + 1] = leaf
        tree.append(leaf)
        event_ids.append(event_id)
    if event_ids:
        await _keep_proofs(db, organization_id, last, tree.size, _remembering(known))
        await repository.delete_beginning(db, organization_id, tree.size, event_ids)
        now = context.clock.now()
        marker = Pruned(context.signer.issuer, organization_id, tree, written(before), written(now))
        signed = marker.signed(context.signer.current)
        row = AuditPruning(
            organization_id=organization_id, size=tree.size, nodes=tree.packed(), signed=signed, time=now
        )
        db.add(row)
    return len(event_ids)


async def _keep_proofs(
    db: AsyncSession,
    organization_id: str,
    last: AuditPruning | None,
    size: int,
    known: Callable[[int, int], bytes | None],
) -> None:
    """From what is known outside to the deletion."""

    def proof(old: int) -> bytes:
        return b"".join(range_hash(*one, known) for one in consistency_path(old, size))

    if last is not None:
        last.proof = proof(last.size)
        db.add(last)
    for checkpoint in await repository.checkpoints(db, organization_id, last.size if last else 0, size):
        if checkpoint.witnessed_at is not None:
            checkpoint.proof = proof(checkpoint.size)
            db.add(checkpoint)


def _remembering(known: dict[tuple[int, int], bytes]) -> Callable[[int, int], bytes | None]:
    """What is known, and what was put together of it once."""

    def look(start: int, end: int) -> bytes | None:
        if (start, end) not in known and end - start > 1:
            middle = split(start, end)
            left, right = look(start, middle), look(middle, end)
            if left is not None and right is not None:
                known[start, end] = node_hash(left, right)
        return known.get((start, end))

    return look
