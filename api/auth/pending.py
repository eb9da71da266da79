"""A sign-in between its steps, as a signed token that is good for nothing but the next step. Nothing is stored for it.

Whatever changes the operator's access (a new password, a suspension) makes it useless: it carries the token version.
"""

import base64
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from api.context import Context
from api.kit.ids import Kind, new_id
from api.operators.models import Operator
from api.problems import TokenRefused
from api.signing.signer import API_AUDIENCE
from wire import tokens
from wire.tokens import TokenError

LIFE = timedelta(minutes=10)
HASH_PURPOSE = "pending password"


class Step(StrEnum):
    """What is still missing."""

    VERIFY = "verify"
    """The second step."""
    ENROL = "enrol"
    """A second factor must be set up."""
    MACHINE = "machine"
    """All is proved but the machine, which may now ask to be registered."""


@dataclass(frozen=True, slots=True)
class Pending:
    """A sign-in whose first step was right."""

    id: str
    step: Step
    operator_id: str
    organization_id: str
    version: int
    machine_id: str | None
    new_password_hash: str | None
    """A new password that takes effect with the second step."""


def make(
    context: Context, operator: Operator, step: Step, machine_id: str | None, new_password_hash: str | None = None
) -> str:
    """The token for the next step."""
    pending_id = new_id(Kind.TOKEN)
    claims = {
        "aud": API_AUDIENCE,
        "sub": operator.id,
        "org": operator.organization_id,
        "ver": operator.token_version,
        "step": step,
        "mch": machine_id,
    }
    if new_password_hash is not None:
        sealed = context.sealer.seal(HASH_PURPOSE, pending_id, new_password_hash.encode())
        claims["nph"] = base64.b64encode(sealed).decode()
    return context.signer.sign(tokens.PENDING, claims, context.signer.expiry(LIFE), pending_id)


def read(context: Context, token: str, step: Step) -> Pending:
    """What a token stands for; TokenRefused when it is not one for this step."""
    try:
        claims = context.signer.verify(token, tokens.PENDING, API_AUDIENCE)
    except TokenError as error:
        raise TokenRefused(f"Start the sign-in again: {error}.") from error
    if claims.get("step") != step:
        raise TokenRefused("Start the sign-in again: this mfa_token is for another step.")
    new_hash = None
    if "nph" in claims:
        new_hash = context.sealer.open(HASH_PURPOSE, claims["jti"], base64.b64decode(claims["nph"])).decode()
    return Pending(claims["jti"], step, claims["sub"], claims["org"], claims["ver"], claims.get("mch"), new_hash)
