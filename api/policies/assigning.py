"""Assigning a policy to the organisation or to an operator."""

from sqlmodel.ext.asyncio.session import AsyncSession

from api.policies import repository
from api.policies.models import Policy
from api.problems import Invalid


async def assignable(db: AsyncSession, organization_id: str, policy_id: str) -> Policy:
    """A policy of the organisation that is about to be assigned; it cannot be deleted before this transaction ends."""
    policy = await repository.locked(db, organization_id, policy_id)
    if policy is None:
        raise Invalid.at("#/policy_id", "policy_id names no policy of your organisation.")
    return policy
