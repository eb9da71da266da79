"""Rules of organisations."""

from sqlmodel.ext.asyncio.session import AsyncSession

from api.auth.permissions import Caller
from api.context import Context
from api.organizations import repository
from api.organizations.models import Organization
from api.organizations.schemas import OrganizationPatch, OrganizationView
from api.problems import NotFound
from api.sessions import policy


async def get(db: AsyncSession, caller: Caller) -> Organization:
    """The caller's own organisation; there is no way to name another."""
    organization = await repository.by_id(db, caller.organization_id)
    if organization is None:
        raise NotFound("There is no such organisation.")
    return organization


async def change(db: AsyncSession, context: Context, caller: Caller, patch: OrganizationPatch) -> Organization:
    """Set what was given. A shorter longest session reaches sessions that exist."""
    organization = await get(db, caller)
    for name in patch.model_fields_set:
        value = getattr(patch, name)
        if value is not None or name == "max_session_seconds":
            setattr(organization, name, value)
    db.add(organization)
    if "max_session_seconds" in patch.model_fields_set:
        await policy.organization_changed(db, context, organization)
    return organization


def view(organization: Organization) -> OrganizationView:
    """What callers see."""
    return OrganizationView.model_validate(organization)
