"""Which layers hold for an operator now: read from the organisation, the operator, and the policies assigned to them."""

from sqlmodel.ext.asyncio.session import AsyncSession

from api.operators.models import Operator
from api.organizations.models import Organization
from api.organizations.settings import Machines, second_factor_enforced, settings_of
from api.policies import repository
from api.policies.layers import Layer, LayerKind
from api.policies.members import RULES
from api.policies.models import Policy
from api.policies.rules import Value, normal_networks

SERVER = Layer(LayerKind.SERVER, None, "This server", {"recording": "off"})
"""What this version cannot do: a policy that demands recording is refused, and nobody is told of one that is not made."""


async def layers(db: AsyncSession, organization: Organization, operator: Operator | None) -> list[Layer]:
    """From the server to the operator's own; without an operator (a session in the queue) up to the organisation's policy."""
    wanted = {owner.policy_id for owner in (organization, operator) if owner is not None and owner.policy_id}
    policies = await repository.by_ids(db, wanted)
    found = [SERVER, _organization(organization, operator.role if operator else None)]
    if organization.policy_id in policies:
        found.append(_policy(LayerKind.ORGANIZATION_POLICY, policies[organization.policy_id]))
    if operator is None:
        return found
    if operator.policy_id in policies:
        found.append(_policy(LayerKind.OPERATOR_POLICY, policies[operator.policy_id]))
    return [*found, _operator(operator)]


def _policy(kind: LayerKind, policy: Policy) -> Layer:
    """A policy as a layer. A member that this version does not know any more says nothing."""
    known = {name: value for name, value in policy.members.items() if name in RULES}
    return Layer(kind, policy.id, f"The policy “{policy.name}”", known)


def _organization(organization: Organization, role: str | None) -> Layer:
    """Its own limit, and what it demands of everybody who signs in: that holds for sessions as well."""
    settings = settings_of(organization)
    said: dict[str, Value] = {}
    if organization.max_session_seconds is not None:
        said["max_session_seconds"] = organization.max_session_seconds
    if settings.networks:
        said["networks"] = normal_networks(settings.networks)
    if settings.machines is Machines.REQUIRED:
        said["machines_required"] = True
    if role is not None and second_factor_enforced(settings, role):
        said["second_factor_required"] = True
    return Layer(LayerKind.ORGANIZATION, organization.id, f"The organisation {organization.name}", said)


def _operator(operator: Operator) -> Layer:
    said: dict[str, Value] = {"modes": RULES["modes"].narrow(operator.modes, RULES["modes"].widest)}
    if operator.max_session_seconds is not None:
        said["max_session_seconds"] = operator.max_session_seconds
    if operator.networks:
        said["networks"] = normal_networks(operator.networks)
    return Layer(LayerKind.OPERATOR, operator.id, f"What is set for {operator.name}", said)
