"""Routes of retention. How long is set in the organisation's settings."""

from fastapi import APIRouter

from api.auth.caller import OrganizationReader
from api.context import Ctx, Db
from api.retention import service
from api.retention.schemas import RetentionView

router = APIRouter(prefix="/v1/organization/retention", tags=["retention"])


@router.get("", operation_id="get_retention", summary="See what is purged when")
async def get_retention(caller: OrganizationReader, context: Ctx, db: Db) -> RetentionView:
    """Once a day, ended sessions with everything that hangs on them and lines of the administrative log go when they are older
    than `settings.retention.months`; a line in the log says how many it were. What a legal hold covers stays.
    """
    return await service.view(db, context, caller)
