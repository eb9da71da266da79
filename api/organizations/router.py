"""Routes of the caller's organisation."""

from fastapi import APIRouter, Response

from api.auth.caller import FreshOrganizationWriter, OrganizationReader, OrganizationWriter
from api.context import Ctx, Db
from api.examples import answers
from api.organizations import entry, service
from api.organizations.schemas import EntryLink, OrganizationPatch, OrganizationView
from api.problems import Conflict, Forbidden, StepUpRequired

router = APIRouter(prefix="/v1", tags=["organisation"])


@router.get("/organization", operation_id="get_organization", summary="See the organisation")
async def get_organization(caller: OrganizationReader, db: Db) -> OrganizationView:
    """The organisation of the caller."""
    return service.view(await service.get(db, caller))


@router.patch(
    "/organization",
    operation_id="change_organization",
    summary="Change the organisation",
    responses=answers(Conflict, Forbidden, StepUpRequired),
)
async def change_organization(
    caller: OrganizationWriter, patch: OrganizationPatch, context: Ctx, db: Db
) -> OrganizationView:
    """Name, digits of session codes, the longest session of anybody, and in `settings` how people sign in.

    A shorter longest session also ends sessions that exist when it is reached; a longer one holds for new sessions.
    Name, longest session, policy and settings are set in person with a fresh proof.
    Settings hold at once, `networks` also for access tokens and API keys that were given out before.
    """
    return service.view(await service.change(db, context, caller, patch))


@router.post(
    "/organization/entry-link",
    operation_id="renew_entry_link",
    summary="Make a new entry link",
    status_code=201,
)
async def renew_entry_link(caller: FreshOrganizationWriter, context: Ctx, db: Db, response: Response) -> EntryLink:
    """Shown only now; the link before it stops working. It is asked for once `settings.entry_link` says of whom.

    Opening it lets a browser sign in; programs send its secret part as the header `X-Tasuki-Entry`. Who has neither hears
    what everybody hears who types a wrong password. The browser that makes the link has opened it.
    """
    made = await service.renew_entry_link(db, context, caller)
    entry.keep(response, context, await service.get(db, caller))
    return made


@router.delete(
    "/organization/entry-link",
    operation_id="remove_entry_link",
    summary="Remove the entry link",
    status_code=204,
)
async def remove_entry_link(caller: FreshOrganizationWriter, context: Ctx, db: Db) -> None:
    """Nobody needs it any more: `settings.entry_link` becomes `off`."""
    await service.remove_entry_link(db, context, caller)
