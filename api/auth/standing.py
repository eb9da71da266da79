"""Whether an operator's access holds at this moment, for whatever proves who they are: a token, a key, a refresh.

Looked at each time one is used, so that suspending, deleting, disabling and a narrower list of networks hold at once.
"""

from sqlmodel.ext.asyncio.session import AsyncSession

from api.kit.asking import asking
from api.kit.networks import inside
from api.operators.models import Operator
from api.organizations import repository as organizations
from api.organizations.settings import settings_of
from api.problems import NetworkNotAllowed


async def holds(db: AsyncSession, operator: Operator) -> bool:
    """Whether the operator is there and not suspended, in an organisation that is not disabled.

    NetworkNotAllowed when all that is true and the request comes from outside the organisation's or operator's networks.
    """
    organization = await organizations.by_id(db, operator.organization_id)
    if organization is None or organization.disabled_at or operator.suspended_at or operator.deleted_at:
        return False
    address = asking().address
    if not (inside(address, settings_of(organization).networks) and inside(address, operator.networks)):
        raise NetworkNotAllowed(f"{address} is in none of the networks your organisation allows; use one of those.")
    return True
