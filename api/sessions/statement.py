"""The session statement: one signed document of who asks, for what; the same bytes for both sides."""

import hashlib
from datetime import datetime, timedelta
from typing import Any

from api.context import Context
from api.operators.models import Operator
from api.organizations.models import Organization
from api.sessions.models import Session
from api.sessions.modes import Verified
from api.sessions.schemas import Customer, Reference
from api.signing.keyring import SESSION_AUDIENCE, Keyring
from wire import tokens

PURPOSE = "statement"
KEPT_GOOD = timedelta(days=7)
"""How long after the end of the code a statement can still be verified: longer than any session."""


def make(
    keyring: Keyring,
    session: Session,
    organization: Organization,
    operator: Operator,
    customer: Customer | None,
    reference: Reference | None,
) -> str:
    """Sign everything that either side is shown or that is enforced."""
    claims: dict[str, Any] = {
        "aud": SESSION_AUDIENCE,
        "sub": session.id,
        "organisation": {"id": organization.id, "name": organization.name},
        "operator": {"id": operator.id, "name": operator.name, "verified": Verified.by(session.created_by)},
        "mode": session.mode,
        "features": session.features,
        "recording": session.recording,
        "limits": limits(session.max_seconds),
        "code_expires_at": _rfc3339(session.code_expires_at),
    }
    if session.device_id is not None:
        claims["device"] = {"id": session.device_id, "name": session.device_name}
    if customer is not None:
        claims["customer"] = {"name": customer.name}
    if reference is not None:
        claims["reference"] = {"system": reference.system, "id": reference.id}
    return keyring.sign(tokens.STATEMENT, claims, session.code_expires_at + KEPT_GOOD)


def store(context: Context, session: Session, statement: str) -> None:
    """Keep it with the session, sealed: it names the customer."""
    session.statement_sealed = context.sealer.seal(PURPOSE, session.id, statement.encode())


def stored(context: Context, session: Session) -> str:
    """The statement of a session."""
    return context.sealer.open(PURPOSE, session.id, session.statement_sealed).decode()


def sha256(statement: str) -> str:
    """SHA-256 (hex) of the payload bytes, as the handshake uses it."""
    return hashlib.sha256(tokens.payload_bytes(statement)).hexdigest()


def limits(max_seconds: int | None) -> dict[str, int | None]:
    """The `limits` member of statements and tickets."""
    return {"seconds": max_seconds, "bytes_per_second": None}


def _rfc3339(moment: datetime) -> str:
    return moment.replace(microsecond=0).isoformat().replace("+00:00", "Z")
