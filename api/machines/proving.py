"""Proving at a sign-in that it comes from a registered machine: a nonce, signed with the machine's key (Ed25519, RFC 8032)."""

import base64
import secrets
from datetime import timedelta

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlmodel.ext.asyncio.session import AsyncSession

from api.auth import repository as challenges
from api.auth.models import Challenge
from api.context import Context
from api.kit.ids import Kind, new_id
from api.machines import repository
from api.machines.schemas import ChallengeView, MachineProof
from api.operators.models import Operator
from api.organizations import repository as organizations

PURPOSE = "machine"
LIFE = timedelta(minutes=5)
NONCE_BYTES = 16
CONTEXT = b"tasuki machine 1"


def signed_bytes(nonce: bytes, username: str) -> bytes:
    """What a machine signs: a context, the nonce and `company/login`, each with its length as u16 in front."""
    parts = (CONTEXT, nonce, username.encode())
    return b"".join(len(part).to_bytes(2, "big") + part for part in parts)


async def challenge(db: AsyncSession, context: Context, machine_id: str) -> ChallengeView:
    """A nonce for a machine, known or not."""
    nonce, now = secrets.token_bytes(NONCE_BYTES), context.clock.now()
    row = Challenge(id=new_id(Kind.CHALLENGE), purpose=PURPOSE, subject=machine_id, nonce=nonce, expires_at=now + LIFE)
    db.add(row)
    shown = base64.urlsafe_b64encode(nonce).rstrip(b"=").decode()
    return ChallengeView(challenge_id=row.id, nonce=shown, expires_in=int(LIFE.total_seconds()))


async def proved(db: AsyncSession, context: Context, operator: Operator, proof: MachineProof | None) -> str | None:
    """The id of the approved machine of this operator that was proved; None for everything else. The nonce is used up."""
    if proof is None:
        return None
    now = context.clock.now()
    asked = await challenges.take_challenge(db, proof.challenge_id, PURPOSE, now)
    machine = await repository.of_operator(db, operator.id, proof.machine_id)
    organization = await organizations.by_id(db, operator.organization_id)
    if asked is None or asked.subject != proof.machine_id or machine is None or organization is None:
        return None
    message = signed_bytes(asked.nonce, f"{organization.code}/{operator.login}")
    if machine.approved_at is None or not _signed_by(machine.public_key, proof.signature, message):
        return None
    machine.last_used_at = now
    db.add(machine)
    return machine.id


def _signed_by(public_key: str, signature: str, message: bytes) -> bool:
    try:
        key = Ed25519PublicKey.from_public_bytes(decoded(public_key))
        key.verify(decoded(signature), message)
    except (InvalidSignature, ValueError):
        return False
    return True


def decoded(text: str) -> bytes:
    """Base64url without padding."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
