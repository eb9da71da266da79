"""Routes of the caller's organisation."""

from fastapi import APIRouter

from api.auth.caller import OrganizationReader, OrganizationWriter
from api.context import Db
from api.organizations import service
from api.organizations.schemas import OrganizationPatch, OrganizationView

router = APIRouter(prefix="/v1", tags=["organisation"])


@router.get("/organization", operation_id="get_organization", summary="See the organisation")
async def get_organization(caller: OrganizationReader, db: Db) -> OrganizationView:
    """The organisation of the caller."""
    return service.view(await service.get(db, caller))


@router.patch("/organization", operation_id="change_organization", summary="Change the organisation")
async def change_organization(caller: OrganizationWriter, patch: OrganizationPatch, db: Db) -> OrganizationView:
    """Name, digits of session codes, and the longest session of anybody. Holds for sessions created from now on."""
    return service.view(await service.change(db, caller, patch))
