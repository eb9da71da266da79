"""Whether an operator's access holds at this moment, for whatever proves who they are: a token, a key, a refresh.

Looked at each time one is used, so that suspending, deleting, disabling and a narrower list of networks hold at once.
"""

from sqlmodel.ext.asyncio.session import AsyncSession

from api.auth.methods import SECOND
from api.auth.models import SignIn
from api.kit.asking import asking
from api.kit.networks import inside
from api.operators.models import Operator
from api.organizations import repository as organizations
from api.organizations.settings import Machines, second_factor_enforced, settings_of
from api.problems import NetworkNotAllowed


async def holds(db: AsyncSession, operator: Operator) -> bool:
    """Whether the operator's access holds for this request.

    NetworkNotAllowed when it would, but the request comes from outside the organisation's or the operator's networks.
    """
    if not await is_active(db, operator):
        return False
    organization, address = await organizations.by_id(db, operator.organization_id), asking().address
    assert organization is not None
    if not (inside(address, settings_of(organization).networks) and inside(address, operator.networks)):
        raise NetworkNotAllowed(f"{address} is in none of the networks your organisation allows; use one of those.")
    return True


async def is_active(db: AsyncSession, operator: Operator) -> bool:
    """Whether the operator is there and not suspended, in an organisation that is not disabled; from wherever."""
    organization = await organizations.by_id(db, operator.organization_id)
    return not (organization is None or organization.disabled_at or operator.suspended_at or operator.deleted_at)


async def still_enough(db: AsyncSession, operator: Operator, sign_in: SignIn) -> bool:
    """Whether a sign-in shows what the organisation asks for today: it may have grown stricter since."""
    organization = await organizations.by_id(db, operator.organization_id)
    if organization is None:
        return False
    settings = settings_of(organization)
    if settings.machines is Machines.REQUIRED and sign_in.machine_id is None:
        return False
    return not second_factor_enforced(settings, operator.role) or any(method in SECOND for method in sign_in.methods)
