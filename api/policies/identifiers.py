"""Whether what identifies a machine may be stored: host names, serial numbers, MAC addresses (`store_device_identifiers`)."""

from sqlmodel.ext.asyncio.session import AsyncSession

from api.operators.models import Operator
from api.organizations.models import Organization
from api.policies import holding
from api.policies.layers import resolve


async def stored(db: AsyncSession, organization: Organization, operator: Operator | None = None) -> bool:
    """As the policies of the organisation say, and those of an operator whose machine it is."""
    effective = resolve(await holding.layers(db, organization, operator))
    return effective.values["store_device_identifiers"] is not False


def label(kind: str, fingerprint: str) -> str:
    """What a machine is called instead of by its own name, such as `Device 9f86 d081`: from its key, which it made for this."""
    plain = fingerprint.replace(" ", "").replace(":", "")
    return f"{kind} {plain[:4]} {plain[4:8]}"
