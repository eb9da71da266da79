"""Tickets: what lets one participant through one relay, once; and resume tickets, with which it comes back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from api.kit.ids import Kind, new_id
from api.operators.models import Operator
from api.relays.models import Relay
from api.sessions.models import Participant, Session
from api.sessions.modes import Verified
from api.sessions.statement import KEPT_GOOD, limits_of
from api.signing.signer import Signer
from wire import tokens
from wire.introduction import Purpose

TICKET_LIFE = timedelta(seconds=60)
RESUME_LIFE = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Signed:
    """A signed ticket and when it expires."""

    token: str
    expires_at: datetime


def ticket(signer: Signer, session: Session, participant: Participant, relays: Sequence[Relay], jti: str) -> Signed:
    """For the first relay of the list, once."""
    expires_at = signer.expiry(TICKET_LIFE)
    claims = {**_claims(session, participant, relays), "aud": relays[0].id}
    return Signed(signer.sign(tokens.TICKET, claims, expires_at, jti), expires_at)


def resume_ticket(signer: Signer, session: Session, participant: Participant, relays: Sequence[Relay]) -> Signed:
    """For any relay of the list; carries the counter by which a relay prefers the newer."""
    expires_at = signer.expiry(RESUME_LIFE)
    claims = {
        **_claims(session, participant, relays),
        "aud": [relay.id for relay in relays],
        "cnt": participant.resume_counter,
    }
    return Signed(signer.sign(tokens.RESUME, claims, expires_at), expires_at)


def introduction(
    signer: Signer,
    session: Session,
    participant: Participant,
    operator: Operator,
    purpose: Purpose,
    verified: Verified,
) -> str:
    """The api's word for an operator whom the statement does not name (wire/introduction.py). Good as long as the statement."""
    claims: dict[str, Any] = {
        "aud": session.id,
        "sub": participant.id,
        "sender": participant.sender,
        "operator": {"id": operator.id, "name": operator.name, "verified": str(verified)},
        "purpose": purpose,
        "mode": mode_of(session, participant),
        "features": features_of(session, participant),
    }
    return signer.sign(tokens.INTRODUCTION, claims, signer.expiry(KEPT_GOOD))


def mode_of(session: Session, participant: Participant) -> str:
    """A guest's own mode, where it is narrower than the session's."""
    return participant.mode or session.mode


def features_of(session: Session, participant: Participant) -> list[str]:
    """What a participant may be granted at most."""
    return session.features if participant.features is None else participant.features


def new_jti() -> str:
    """An id for a ticket, made before it: the first one of a participant names it in the handshake."""
    return new_id(Kind.TOKEN)


def _claims(session: Session, participant: Participant, relays: Sequence[Relay]) -> dict[str, Any]:
    claims: dict[str, Any] = {
        "sub": participant.id,
        "sid": session.id,
        "org": session.organization_id,
        "snd": participant.sender,
        "side": participant.side,
        "role": participant.role,
        "mode": mode_of(session, participant),
        "features": features_of(session, participant),
        "recording": session.recording,
        "limits": limits_of(session),
        "first": participant.first_jti,
        "relays": [{"id": relay.id, "url": relay.public_url} for relay in relays],
    }
    if participant.origin is not None:
        claims["origin"] = participant.origin
    return claims
