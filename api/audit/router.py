"""Routes of the administrative log."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AwareDatetime

from api.audit import repository, service
from api.audit.schemas import AuditEventView
from api.auth.caller import AuditReader
from api.context import Ctx, Db
from api.examples import answers
from api.kit.pages import Cursor, Limit, Page, after_cursor, page_of
from api.kit.search import SearchText
from api.problems import BadCursor

router = APIRouter(prefix="/v1/audit-events", tags=["audit"])

Action = Annotated[
    str | None,
    Query(
        max_length=80,
        pattern=r"^[a-z_]+(\.[a-z_]+)?$",
        description="An action, such as `operator.created`, or the part before the dot for all of a resource.",
    ),
]
Id = Annotated[str | None, Query(max_length=40)]
Address = Annotated[str | None, Query(max_length=50, description="Only from this address, exactly.")]
Since = Annotated[AwareDatetime | None, Query(alias="from", description="Not before this time.")]
Until = Annotated[AwareDatetime | None, Query(alias="to", description="Before this time.")]


@router.get("", operation_id="list_audit_events", summary="Read the administrative log", responses=answers(BadCursor))
async def list_audit_events(
    caller: AuditReader,
    context: Ctx,
    db: Db,
    action: Action = None,
    actor_id: Id = None,
    target_id: Id = None,
    address: Address = None,
    since: Since = None,
    until: Until = None,
    q: SearchText = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[AuditEventView]:
    """Who changed what, who signed in from where, and what was refused: newest first. Lines are never changed.

    `q` looks in actions and ids, and in the names and logins of the operators who acted or were acted upon.
    """
    lookup = (
        None
        if address is None
        else context.keyring.organization(caller.organization_id).lookup(service.ADDRESS, address)
    )
    filters = repository.Filters(action, actor_id, target_id, lookup, since, until, q)
    rows = await repository.page(db, caller, filters, after_cursor(cursor), limit)
    return page_of([service.view(context, row) for row in rows], [row.id for row in rows], limit)
