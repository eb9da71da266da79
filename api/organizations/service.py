"""Rules of organisations."""

from sqlmodel.ext.asyncio.session import AsyncSession

from api import audit
from api.audit import Action
from api.auth.permissions import Caller, authorize_fresh
from api.context import Context
from api.kit.asking import asking
from api.kit.networks import inside
from api.organizations import entry, repository
from api.organizations.models import Organization
from api.organizations.schemas import EntryLink, OrganizationPatch, OrganizationView
from api.organizations.settings import Machines, SettingsPatch, Whom, merged, settings_of, stored
from api.policies.assigning import assignable
from api.problems import Conflict, NotFound
from api.sessions import policy

_NULLABLE = frozenset({"max_session_seconds", "policy_id"})
_NARROWING = frozenset({"max_session_seconds", "policy_id"})
"""Members whose change reaches sessions that exist."""
_TOLD_OR_WIDENING = frozenset({"name", "max_session_seconds"})
"""Members that customers are told, or that let everybody do more: set by people with a fresh proof."""
_APART = frozenset({"settings", "force"})
"""Members that are no columns."""


async def get(db: AsyncSession, caller: Caller) -> Organization:
    """The caller's own organisation; there is no way to name another."""
    organization = await repository.by_id(db, caller.organization_id)
    if organization is None:
        raise NotFound("There is no such organisation.")
    return organization


async def change(db: AsyncSession, context: Context, caller: Caller, patch: OrganizationPatch) -> Organization:
    """Set what was given. A shorter longest session reaches sessions that exist. How people sign in is set by people."""
    organization = await get(db, caller)
    wanted = {
        name: getattr(patch, name)
        for name in patch.model_fields_set - _APART
        if getattr(patch, name) is not None or name in _NULLABLE
    }
    if _TOLD_OR_WIDENING & wanted.keys():
        authorize_fresh(caller)
    if "policy_id" in wanted:
        authorize_fresh(caller)
        if wanted["policy_id"] is not None:
            await assignable(db, organization.id, wanted["policy_id"])
    for name, value in wanted.items():
        setattr(organization, name, value)
    if patch.settings is not None:
        authorize_fresh(caller)
        if patch.settings.machines is Machines.REQUIRED and not patch.force:
            _refuse_machine_lockout(caller)
        wanted["settings"] = patch.settings.model_dump(mode="json", exclude_unset=True)
        await _set(db, organization, patch.settings, force=patch.force)
    db.add(organization)
    if wanted.keys() & _NARROWING:
        await policy.organization_changed(db, context, organization)
    audit.record(
        db, context, organization.id, Action.ORGANIZATION_CHANGED, by=caller, target=organization, changed=wanted
    )
    return organization


async def renew_entry_link(db: AsyncSession, context: Context, caller: Caller) -> EntryLink:
    """A new link; who opened the one before must open this one."""
    organization = await get(db, caller)
    secret = entry.renew(context, organization)
    db.add(organization)
    audit.record(db, context, organization.id, Action.ORGANIZATION_ENTRY_LINK_RENEWED, by=caller, target=organization)
    return EntryLink(url=entry.link(context, secret), secret=secret)


async def remove_entry_link(db: AsyncSession, context: Context, caller: Caller) -> None:
    """No link, and nobody needs one."""
    organization = await get(db, caller)
    entry.remove(organization)
    without = merged(settings_of(organization), SettingsPatch(entry_link=Whom.OFF))
    organization.settings = stored(without)
    db.add(organization)
    audit.record(db, context, organization.id, Action.ORGANIZATION_ENTRY_LINK_REMOVED, by=caller, target=organization)


def refuse_lockout(networks: list[str], *, force: bool) -> None:
    """Conflict when whoever sets `networks` is in none of them, unless it is meant."""
    address = asking().address
    if not force and not inside(address, networks):
        raise Conflict(
            f"You are at {address}, which is in none of these networks, so this would lock you out;"
            " add your own network, or send force: true."
        )


def _refuse_machine_lockout(caller: Caller) -> None:
    """Conflict when whoever lets in registered machines only is not at one, unless it is meant."""
    if caller.proof is None or caller.proof.machine_id is None:
        raise Conflict(
            "You are not at a registered machine, so this would lock you out: register one with"
            " `tasuki login --register-machine`, approve it and sign in there first, or send force: true."
        )


def view(organization: Organization) -> OrganizationView:
    """What callers see."""
    apart = {"settings", "entry_link_renewed_at"}
    members = {name: getattr(organization, name) for name in OrganizationView.model_fields if name not in apart}
    return OrganizationView(
        **members, settings=settings_of(organization), entry_link_renewed_at=organization.entry_renewed_at
    )


async def _set(db: AsyncSession, organization: Organization, patch: SettingsPatch, *, force: bool) -> None:
    """Merge under a lock: of two changes at once neither undoes the other."""
    await repository.lock(db, organization.id)
    await db.refresh(organization, ["settings", "entry_digest"])
    settings = merged(settings_of(organization), patch)
    if "networks" in patch.model_fields_set:
        refuse_lockout(settings.networks, force=force)
    if settings.entry_link is not Whom.OFF and organization.entry_digest is None:
        raise Conflict("There is no entry link yet; make one with POST /v1/organization/entry-link and open it first.")
    organization.settings = stored(settings)
