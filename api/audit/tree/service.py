"""Reading the log's tree: checkpoints and proofs."""

from sqlmodel.ext.asyncio.session import AsyncSession

from api.audit.models import AuditCheckpoint
from api.audit.tree import repository, witness
from api.audit.tree.leaves import line_of
from api.audit.tree.proofs import Tree
from api.audit.tree.schemas import ConsistencyView, InclusionView
from api.auth.permissions import Caller
from api.problems import Conflict, Invalid, NotFound
from wire.merkle import consistency_path, inclusion_path


async def newest(db: AsyncSession, caller: Caller) -> AuditCheckpoint:
    """The newest checkpoint of the caller's log."""
    found = await repository.newest_checkpoint(db, caller.organization_id)
    if found is None:
        raise NotFound("There is no checkpoint yet; the first comes within a second of the first line.")
    return found


async def consistency(db: AsyncSession, caller: Caller, old: int, new: int | None) -> ConsistencyView:
    """Between any two sizes that the log had, as far as its lines are still there."""
    size = (await newest(db, caller)).size
    new = size if new is None else new
    if new > size:
        raise Invalid.at("#query/to", f"The newest checkpoint is of {size} lines.")
    if old > new:
        raise Invalid.at("#query/from", "This must not be more than `to`.")
    tree = await Tree.of(db, caller.organization_id)
    try:
        proof = await tree.hashes(consistency_path(old, new))
        roots = await tree.root(old), await tree.root(new)
    except LookupError as error:
        raise Conflict(
            f"The first {tree.start} lines were deleted; a checkpoint of theirs that was sent out is proven by the export."
        ) from error
    return ConsistencyView(
        old_size=old,
        new_size=new,
        old_root=roots[0].hex(),
        new_root=roots[1].hex(),
        proof=[node.hex() for node in proof],
    )


async def inclusion(db: AsyncSession, caller: Caller, event_id: str) -> InclusionView:
    """Of one line, under the newest checkpoint."""
    placed = await repository.place_of(db, caller.organization_id, event_id)
    if placed is None or placed.event is None:
        raise NotFound("There is no such line in the log, or it has no position yet; ask again in a second.")
    checkpoint = await newest(db, caller)
    if placed.entry.position >= checkpoint.size:
        raise NotFound("No checkpoint covers this line yet; ask again in a second.")
    tree = await Tree.of(db, caller.organization_id)
    proof = await tree.hashes(inclusion_path(placed.entry.position, checkpoint.size))
    return InclusionView(
        id=event_id,
        position=placed.entry.position,
        line=line_of(placed.event).decode(),
        leaf=placed.entry.leaf.hex(),
        proof=[node.hex() for node in proof],
        checkpoint=witness.view(checkpoint),
    )
