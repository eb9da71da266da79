"""Routes by which the log proves itself."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from api.audit.tree import service, witness
from api.audit.tree.export import export
from api.audit.tree.schemas import CheckpointView, ConsistencyView, InclusionView
from api.auth.caller import AuditReader
from api.context import Ctx, Db
from api.examples import answers
from api.kit.streaming import Download
from api.organizations import service as organizations
from api.problems import Conflict, NotFound
from wire.merkle import MAX_SIZE

router = APIRouter(prefix="/v1/audit-events", tags=["audit"])

MEDIA_TYPE = "application/jsonl"
_FILE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "One JSON object to a line; docs/audit.md says which.",
        "content": {MEDIA_TYPE: {"schema": {"type": "string"}, "example": '{"form":"tasuki-audit/1", …}\n'}},
    }
}


@router.get(
    "/checkpoint",
    operation_id="get_audit_checkpoint",
    summary="Get the newest checkpoint of the log",
    responses=answers(NotFound),
)
async def get_checkpoint(caller: AuditReader, db: Db) -> CheckpointView:
    """How many lines there are, and the root over them, signed. Whoever keeps it can show later that nothing was changed."""
    return witness.view(await service.newest(db, caller))


@router.get(
    "/consistency",
    operation_id="get_audit_consistency",
    summary="Prove that the log only grew",
    responses=answers(NotFound, Conflict),
)
async def get_consistency(
    caller: AuditReader,
    db: Db,
    old: Annotated[int, Query(alias="from", ge=1, le=MAX_SIZE, description="The smaller size.", examples=[4000])] = 1,
    new: Annotated[
        int | None,
        Query(alias="to", ge=1, le=MAX_SIZE, description="The greater; the newest checkpoint's if not given."),
    ] = None,
) -> ConsistencyView:
    """A proof (RFC 9162, 2.1.4) that the log of the greater size begins with the log of the smaller one."""
    return await service.consistency(db, caller, old, new)


@router.get(
    "/export",
    operation_id="export_audit_events",
    summary="Export the log, with what proves it",
    response_class=StreamingResponse,
    responses=_FILE,
)
async def export_audit_events(caller: AuditReader, context: Ctx, db: Db) -> Download:
    """The whole log up to its newest checkpoint, streamed: lines, checkpoints, and what was signed when older lines were
    deleted. `tasuki audit verify` checks it offline, and names the line that somebody changed.
    """
    organization = await organizations.get(db, caller)
    return Download(f"audit-{organization.code}.jsonl", export(context, organization), MEDIA_TYPE)


@router.get(
    "/{event_id}/proof",
    operation_id="get_audit_event_proof",
    summary="Prove that a line is in the log",
    responses=answers(NotFound),
)
async def get_proof(caller: AuditReader, db: Db, event_id: str) -> InclusionView:
    """A proof (RFC 9162, 2.1.3) under the newest checkpoint."""
    return await service.inclusion(db, caller, event_id)
