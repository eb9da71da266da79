"""Routes of rotations."""

from fastapi import APIRouter

from api.auth.caller import FreshOrganizationWriter, OrganizationReader
from api.context import Ctx, Db
from api.examples import answers
from api.problems import Conflict
from api.rotations import service
from api.rotations.schemas import KeysView, RotateRequest, RotationView

router = APIRouter(prefix="/v1/organization/keys", tags=["organisation"])


@router.get("", operation_id="get_keys", summary="See how far a rotation is")
async def get_keys(caller: OrganizationReader, db: Db) -> KeysView:
    """The newest rotation of the organisation's keys, or none. The keys themselves are shown to nobody."""
    return await service.view(db, caller)


@router.post("/rotate", operation_id="rotate_keys", summary="Rotate keys", status_code=202, responses=answers(Conflict))
async def rotate_keys(
    caller: FreshOrganizationWriter, context: Ctx, db: Db, body: RotateRequest | None = None
) -> RotationView:
    """New values are sealed under new keys at once; old ones are sealed anew in the background, while everything runs.

    An old key is destroyed when nothing is sealed under it any more. Backups of the database from before can then only be read
    with a backup of the keyring from before: make a new backup of both when it is done.
    """
    wanted = body or RotateRequest()
    rotation = await service.start(
        db, context, caller, caller.organization_id, own_key=wanted.organization_key, customers=wanted.customers_keys
    )
    return service.shown(rotation)
