"""Routes of the caller's organisation."""

from fastapi import APIRouter

from api.auth.caller import OrganizationReader, OrganizationWriter
from api.context import Ctx, Db
from api.organizations import service
from api.organizations.schemas import OrganizationPatch, OrganizationView

router = APIRouter(prefix="/v1", tags=["organisation"])


@router.get("/organization", operation_id="get_organization", summary="See the organisation")
async def get_organization(caller: OrganizationReader, db: Db) -> OrganizationView:
    """The organisation of the caller."""
    return service.view(await service.get(db, caller))


@router.patch("/organization", operation_id="change_organization", summary="Change the organisation")
async def change_organization(
    caller: OrganizationWriter, patch: OrganizationPatch, context: Ctx, db: Db
) -> OrganizationView:
    """Name, digits of session codes, and the longest session of anybody.

    A shorter longest session also ends sessions that exist when it is reached; a longer one holds for new sessions.
    """
    return service.view(await service.change(db, context, caller, patch))
