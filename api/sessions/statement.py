"""The session statement: one signed document of who asks, for what; the same bytes for both sides."""

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from api.context import Context
from api.operators.models import Operator
from api.organizations.models import Organization
from api.policies.layers import granted
from api.policies.members import HOST_MEMBERS
from api.policies.rules import Value
from api.sessions.models import Session
from api.sessions.schemas import Customer, Reference
from api.signing.signer import SESSION_AUDIENCE, Signer
from wire import tokens

PURPOSE = "statement"
KEPT_GOOD = timedelta(days=7)
"""How long after the end of the code a statement can still be verified: longer than any session."""


def make(
    signer: Signer,
    session: Session,
    organization: Organization,
    operator: Operator | None,
    customer: Customer | None,
    reference: Reference | None,
) -> str:
    """Sign everything that either side is shown or that is enforced.

    Without an operator the session is for whoever picks it up: `operator` is null, and who comes is introduced.
    """
    named = {"id": operator.id, "name": operator.name, "verified": session.verified_as} if operator else None
    claims: dict[str, Any] = {
        "aud": SESSION_AUDIENCE,
        "sub": session.id,
        "organisation": {"id": organization.id, "name": organization.name},
        "operator": named,
        "mode": session.mode,
        "features": session.features,
        "recording": session.recording,
        "limits": limits_of(session),
        "policy": held_by_ends(session.members or {}),
        "code_expires_at": _rfc3339(session.code_expires_at),
    }
    if session.device_id is not None:
        claims["device"] = {"id": session.device_id, "name": session.device_name}
    if customer is not None:
        claims["customer"] = {"name": customer.name}
    if reference is not None:
        claims["reference"] = {"system": reference.system, "id": reference.id}
    return signer.sign(tokens.STATEMENT, claims, session.code_expires_at + KEPT_GOOD)


def store(context: Context, session: Session, statement: str) -> None:
    """Keep it with the session, sealed: it names the customer."""
    session.statement_sealed = context.keyring.customer(session).seal(PURPOSE, session.id, statement.encode())


def stored(context: Context, session: Session) -> str:
    """The statement of a session."""
    return (
        context.keyring.organization(session.organization_id)
        .open(PURPOSE, session.id, session.statement_sealed)
        .decode()
    )


def sha256(statement: str) -> str:
    """SHA-256 (hex) of the payload bytes, as the handshake uses it."""
    return hashlib.sha256(tokens.payload_bytes(statement)).hexdigest()


def policy_token(signer: Signer, session: Session, members: Mapping[str, Value]) -> str:
    """What was narrowed since the statement, for those who are in (docs/protocol.md 7). `ver` only grows."""
    claims: dict[str, Any] = {
        "aud": session.id,
        "sub": session.id,
        "ver": session.policy_version,
        "mode": session.mode,
        **told(members),
    }
    return signer.sign(tokens.POLICY, claims, signer.expiry(KEPT_GOOD))


def told(members: Mapping[str, Value]) -> dict[str, Any]:
    """What relays, hosts and viewers are told of members of policy."""
    return {
        "features": granted(members),
        "limits": limits(members["max_session_seconds"], members["max_bytes_per_second"]),
        "policy": held_by_ends(members),
    }


def held_by_ends(members: Mapping[str, Value]) -> dict[str, Value]:
    """The members that only the two ends can hold."""
    return {name: members[name] for name in HOST_MEMBERS if name in members}


def limits(max_seconds: int | None, bytes_per_second: int | None = None) -> dict[str, int | None]:
    """The `limits` member of statements and tickets."""
    return {"seconds": max_seconds, "bytes_per_second": bytes_per_second}


def limits_of(session: Session) -> dict[str, int | None]:
    """The same, of a session as it is now."""
    return limits(session.max_seconds, (session.members or {}).get("max_bytes_per_second"))


def _rfc3339(moment: datetime) -> str:
    return moment.replace(microsecond=0).isoformat().replace("+00:00", "Z")
