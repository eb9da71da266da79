"""`GET /v1/operators/{id}/effective-policy`: the decision of decisions.py, asked beforehand and shown with its reasons."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from api.auth.permissions import Caller
from api.context import Context
from api.operators.models import Operator
from api.organizations.models import Organization
from api.policies import holding
from api.policies.decisions import Refusal, Situation, decide
from api.policies.layers import Because, Effective, granted, mode_layer, resolve
from api.policies.members import RULES
from api.policies.schemas import EffectivePolicyView, MemberView, ReasonView, RefusalView
from api.sessions.modes import Feature, Mode

REQUIREMENTS = ("reason_required", "second_factor_required", "machines_required", "native_viewer_required")
"""Members that ask something of who helps or of the request."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the caller wants to know about."""

    mode: Mode | None
    address: str | None
    at: datetime | None
    reason: bool | None
    second_factor: bool | None
    machine: bool | None
    native: bool | None


async def answer(
    db: AsyncSession, context: Context, caller: Caller, operator: Operator, asked: Asked, own: Situation
) -> EffectivePolicyView:
    """For an operator the caller may see. What is left out is, about oneself, as it is now (`own`); else it is no matter."""
    organization = await db.get_one(Organization, operator.organization_id)
    layers = await holding.layers(db, organization, operator)
    effective = resolve([*layers, mode_layer(asked.mode)] if asked.mode else layers)
    mine = operator.id == caller.operator_id
    situation = Situation(
        mode=asked.mode,
        at=asked.at or context.clock.now(),
        address=asked.address or (own.address if mine else None),
        second_factor=own.second_factor if mine and asked.second_factor is None else asked.second_factor,
        machine=own.machine if mine and asked.machine is None else asked.machine,
        reason=asked.reason,
        native=asked.native,
    )
    refusals = decide(effective, situation)
    if operator.suspended_at is not None:
        refusals = [Refusal("suspended", "This operator is suspended.", []), *refusals]
    return EffectivePolicyView(
        operator_id=operator.id,
        mode=asked.mode,
        address=situation.address,
        at=situation.at,
        allowed=not refusals,
        refused_because=[
            RefusalView(member=one.member, sentence=one.sentence, because=_reasons(one.because)) for one in refusals
        ],
        requires=[name for name in REQUIREMENTS if effective.values[name]],
        features=[Feature(name) for name in granted(effective.values)],
        members={name: _member(effective, name) for name in RULES},
    )


def _member(effective: Effective, name: str) -> MemberView:
    return MemberView(value=effective.values[name], because=_reasons(effective.because(name)))


def _reasons(because: list[Because]) -> list[ReasonView]:
    return [ReasonView.model_validate(reason) for reason in because]
