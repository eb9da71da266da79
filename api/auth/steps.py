"""What comes after the first step of a sign-in: a second one, setting one up, a registered machine, and then the tokens."""

from collections.abc import Sequence

from sqlmodel.ext.asyncio.session import AsyncSession

from api import audit
from api.audit import Action
from api.auth import issuing, pending
from api.auth.methods import Method
from api.auth.pending import Step
from api.auth.schemas import Tokens
from api.context import Context
from api.mail import service as mail
from api.operators.models import Operator
from api.organizations.models import Organization
from api.organizations.settings import Machines, second_factor_enforced, settings_of
from api.passwords import known_devices
from api.passwords.bringing import Brought
from api.problems import MachineRequired, MfaEnrolmentRequired, MfaRequired


def second_step(
    context: Context, operator: Operator, machine_id: str | None, new_password_hash: str | None = None
) -> None:
    """Raise MfaRequired when a second factor is set up, with what the next step needs. What was written is kept."""
    if operator.second_factors:
        raise MfaRequired(
            "The password is right, and the second step is missing: go on with POST /v1/auth/mfa/verify.",
            keep=True,
            mfa_token=pending.make(context, operator, Step.VERIFY, machine_id, new_password_hash),
            methods=operator.second_factors,
            expires_in=int(pending.LIFE.total_seconds()),
        )


def enrolment(context: Context, organization: Organization, operator: Operator, machine_id: str | None) -> None:
    """Raise MfaEnrolmentRequired when the organisation wants a second factor and there is none."""
    if operator.second_factors or not second_factor_enforced(settings_of(organization), operator.role):
        return
    raise MfaEnrolmentRequired(
        "Your organisation wants a second factor: set one up now, with mfa_token as the bearer token.",
        keep=True,
        mfa_token=pending.make(context, operator, Step.ENROL, machine_id),
        methods=offered(context),
        expires_in=int(pending.LIFE.total_seconds()),
    )


def offered(context: Context) -> list[Method]:
    """What can be set up on this server."""
    found = [Method.PASSKEY, Method.TOTP]
    if mail.enabled(context):
        found.append(Method.EMAIL)
    if context.settings.sms_gateway_url:
        found.append(Method.SMS)
    return found


async def complete(
    db: AsyncSession,
    context: Context,
    organization: Organization,
    operator: Operator,
    methods: Sequence[Method],
    brought: Brought,
    machine_id: str | None,
) -> Tokens:
    """Everything was proved: a new sign-in with its tokens, unless it has to come from a registered machine and does not."""
    about = {"methods": list(methods), "machine_id": machine_id}
    if machine_id is None and settings_of(organization).machines is Machines.REQUIRED:
        audit.record(
            db, context, organization.id, Action.SIGN_IN_REFUSED, by=operator, target=operator, why="machine", **about
        )
        raise MachineRequired(
            "Your organisation lets you in from registered machines only. At a terminal of this machine, register it with"
            " `tasuki login --register-machine`; once it is approved, sign in there, and open the console with `tasuki console`.",
            keep=True,
            mfa_token=pending.make(context, operator, Step.MACHINE, None),
        )
    operator.last_sign_in_at = context.clock.now()
    db.add(operator)
    audit.record(db, context, organization.id, Action.SIGN_IN_SUCCEEDED, by=operator, target=operator, **about)
    secret = await known_devices.remember(db, context, operator, brought)
    sign_in = await issuing.begin(db, context, operator, methods, machine_id)
    return issuing.issue(db, context, operator, sign_in).model_copy(update={"device_secret": secret})
