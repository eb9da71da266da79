"""What a session is about: sealed where it is about a person, and said to both sides in one signed statement."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from api.context import Context
from api.kit.sealing import KeyDestroyed
from api.operators.models import Operator
from api.organizations.models import Organization
from api.problems import CustomerForgotten
from api.sessions import statement
from api.sessions.models import OTHER, Session
from api.sessions.schemas import Customer, Reference

CUSTOMER_PURPOSE = "customer"
PURPOSE = "purpose"
METADATA = "metadata"
REFERENCE_URL = "reference url"
REASON = "reason"
CLOSING_REASON = "closing reason"
NEWEST = "newest note"
_WORD = re.compile(r"[a-z][a-z0-9_]{0,39}", re.ASCII)
"""A reason that is kept as it is, so that it can be counted and looked for; anything longer may be about a person."""


@dataclass(frozen=True, slots=True)
class Details:
    """Everything about a session that is sealed, opened. Of a forgotten customer nothing is left."""

    customer: Customer | None = None
    reference: Reference | None = None
    purpose: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    reason: str | None = None
    closing_reason: str | None = None
    note: str | None = None
    forgotten: bool = False


def describe(
    context: Context,
    session: Session,
    customer: Customer | None,
    reference: Reference | None,
    purpose: str | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> None:
    """Keep who is helped, what it belongs to, and why, under the customer's key."""
    if customer is not None:
        session.customer_sealed = _seal(context, session, CUSTOMER_PURPOSE, _json(customer.model_dump()))
    session.purpose_sealed = _seal(context, session, PURPOSE, purpose)
    session.metadata_sealed = _seal(context, session, METADATA, _json(metadata) if metadata else None)
    refer(context, session, reference)


def opened(context: Context, session: Session) -> Details:
    """All of it."""
    reason = session.reason
    if session.forgotten:
        return Details(reason=reason, forgotten=True)
    try:
        return Details(
            customer=_customer(context, session),
            reference=reference_of(session, _open(context, session, REFERENCE_URL, session.reference_url_sealed)),
            purpose=purpose_of(context, session),
            metadata=json.loads(_open(context, session, METADATA, session.metadata_sealed) or "{}"),
            reason=reason_of(context, session),
            closing_reason=_open(context, session, CLOSING_REASON, session.closing_reason_sealed),
            note=_open(context, session, NEWEST, session.note_sealed),
        )
    except KeyDestroyed:
        return Details(reason=reason, forgotten=True)


def purpose_of(context: Context, session: Session) -> str | None:
    """Why there is help, opened."""
    return _open(context, session, PURPOSE, session.purpose_sealed)


def refer(context: Context, session: Session, reference: Reference | None) -> None:
    """Set, or take away, what it belongs to elsewhere."""
    session.reference_system = reference.system if reference else None
    session.reference_id = reference.id if reference else None
    session.reference_url_sealed = _seal(context, session, REFERENCE_URL, reference.url if reference else None)


def conclude(context: Context, session: Session, closing_reason: str | None) -> None:
    """Set, or take away, how it went."""
    session.closing_reason_sealed = _seal(context, session, CLOSING_REASON, closing_reason)


def give_reason(context: Context, session: Session, reason: str) -> None:
    """Why it ended."""
    if _WORD.fullmatch(reason):
        session.reason, session.reason_sealed = reason, None
    else:
        session.reason = OTHER
        session.reason_sealed = None if session.forgotten else _seal(context, session, REASON, reason)


def reason_of(context: Context, session: Session) -> str | None:
    """Why it ended, in full; the word alone when the customer was forgotten."""
    try:
        return _open(context, session, REASON, session.reason_sealed) or session.reason
    except KeyDestroyed:
        return session.reason


def sign_statement(context: Context, session: Session, organization: Organization, operator: Operator | None) -> None:
    """Make the statement of the session as it is now, and keep it."""
    signed = statement.make(
        context.signer, session, organization, operator, customer_of(context, session), reference_of(session)
    )
    statement.store(context, session, signed)
    session.stated_operator_id = operator.id if operator else None


def customer_of(context: Context, session: Session) -> Customer | None:
    """The customer's details, opened; none of one who was forgotten."""
    try:
        return _customer(context, session)
    except KeyDestroyed:
        return None


def reference_of(session: Session, url: str | None = None) -> Reference | None:
    """What the session belongs to elsewhere; its address there is sealed, and given here by who has opened it."""
    if session.reference_system is None or session.reference_id is None:
        return None
    return Reference(system=session.reference_system, id=session.reference_id, url=url)


def refuse_forgotten(session: Session) -> None:
    """Nothing more is written down about somebody who was forgotten."""
    if session.forgotten:
        raise CustomerForgotten("The customer of this session was forgotten; nothing more is kept about it.")


def _customer(context: Context, session: Session) -> Customer | None:
    plain = _open(context, session, CUSTOMER_PURPOSE, session.customer_sealed)
    return None if plain is None else Customer.model_validate_json(plain)


def _seal(context: Context, session: Session, purpose: str, plain: str | None) -> bytes | None:
    return None if plain is None else context.keyring.customer(session).seal(purpose, session.id, plain.encode())


def _open(context: Context, session: Session, purpose: str, sealed: bytes | None) -> str | None:
    if sealed is None:
        return None
    return context.keyring.organization(session.organization_id).open(purpose, session.id, sealed).decode()


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False)
