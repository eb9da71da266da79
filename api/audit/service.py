"""Writing the administrative log, in the transaction in which things happen, and reading it."""

import json
import secrets
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from api.audit.actions import Action
from api.audit.models import AuditEvent
from api.audit.schemas import AuditActor, AuditEventView, AuditTarget
from api.auth.permissions import Caller
from api.context import Context
from api.kit.asking import asking
from api.kit.ids import Kind, new_id
from api.kit.sealing import KeyDestroyed, Sealer, SealError
from api.operators.models import Operator
from api.sessions.models import Session
from wire.trail.form import SALT_BYTES

PURPOSE = "audit event"
ADDRESS = "audit address"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it: what kind of party, and who of them."""

    type: str
    id: str | None = None
    name: str | None = None

    @classmethod
    def of(cls, who: "Caller | Operator | Actor") -> "Actor":
        """A caller (an operator or a key acting for one), or an operator who is not yet signed in."""
        if isinstance(who, Actor):
            return who
        if isinstance(who, Operator):
            return cls("operator", who.id, who.name)
        return cls("operator" if who.is_person else kind_of(who.id), who.id, who.name)


ANONYMOUS = Actor("anonymous")
"""Somebody who did not prove who they are."""
SYSTEM = Actor("system")
"""What happens by itself: limits, budgets, upkeep."""
SERVER = Actor("server")
"""Whoever runs this server, by `tasuki admin`."""

_KINDS = {
    Kind.OPERATOR: "operator",
    Kind.ORGANIZATION: "organization",
    Kind.POLICY: "policy",
    Kind.SESSION: "session",
    Kind.CUSTOMER: "customer",
    Kind.KEY_ROTATION: "key_rotation",
    Kind.API_KEY: "api_key",
    Kind.DEVICE: "device",
    Kind.DEVICE_GROUP: "device_group",
    Kind.DEVICE_ENROLMENT: "device_enrolment",
    Kind.INTEGRATION: "integration",
    Kind.WEBHOOK_ENDPOINT: "webhook_endpoint",
    Kind.LEGAL_HOLD: "legal_hold",
}


def kind_of(identifier: str) -> str:
    """What an id names, in words: from its prefix, as listed or else the prefix itself."""
    prefix = identifier.partition("_")[0]
    return next((word for kind, word in _KINDS.items() if kind == prefix), prefix)


def record(
    db: AsyncSession,
    context: Context,
    organization_id: str,
    action: Action,
    *,
    by: Caller | Operator | Actor,
    target: SQLModel | str | None = None,
    session: Any = None,  # a Session; Any, so that callers may spread a dict of details
    **data: Any,
) -> None:
    """One line, with the address and client of the request that is being served.

    `target` is the row (or its id) that it was done to; `data` is JSON and sealed: under the key of the customer of `session`,
    or of the session that is the target, else under the organisation's. Secrets have no place in either.
    """
    actor, where, event_id = Actor.of(by), asking(), new_id(Kind.EVENT)
    target_id = target if isinstance(target, str) or target is None else str(target.id)  # type: ignore[attr-defined]
    about = target if session is None and isinstance(target, Session) else session
    sealer = organization = context.keyring.organization(organization_id)
    if about is not None and not about.forgotten:
        sealer = context.keyring.customer(about)
    details = {
        "actor_name": actor.name,
        "target_name": getattr(target, "name", None),
        "address": where.address,
        "user_agent": where.user_agent,
        "data": data,
    }
    plain = secrets.token_bytes(SALT_BYTES) + json.dumps(details, default=str).encode()
    db.add(
        AuditEvent(
            id=event_id,
            organization_id=organization_id,
            time=context.clock.now(),
            action=action,
            actor_type=actor.type,
            actor_id=actor.id,
            target_type=None if target_id is None else kind_of(target_id),
            target_id=target_id,
            address_lookup=None if where.address is None else organization.lookup(ADDRESS, where.address),
            digest=sha256(plain).digest(),
            sealed=sealer.seal(PURPOSE, event_id, plain),
        )
    )


FORGOTTEN: dict[str, Any] = {"actor_name": None, "address": None, "user_agent": None, "data": {}}
DAMAGED: dict[str, Any] = dict(FORGOTTEN)


def opened(sealer: Sealer, event: AuditEvent) -> dict[str, Any]:
    """The details of a line; nothing of one about a customer who was forgotten, or that was changed from outside."""
    try:
        details: dict[str, Any] = json.loads(sealer.open(PURPOSE, event.id, event.sealed)[SALT_BYTES:])
    except KeyDestroyed:
        return FORGOTTEN
    except SealError:
        return DAMAGED  # the other lines can still be read, and `tasuki audit verify` names this one
    return details


def view(context: Context, event: AuditEvent) -> AuditEventView:
    """What callers see: the line with its details opened."""
    details = opened(context.keyring.organization(event.organization_id), event)
    target = None
    if event.target_id is not None:
        target = AuditTarget(type=event.target_type or "", id=event.target_id, name=details.get("target_name"))
    return AuditEventView(
        id=event.id,
        time=event.time,
        action=event.action,
        actor=AuditActor(type=event.actor_type, id=event.actor_id, name=details["actor_name"]),
        target=target,
        address=details["address"],
        user_agent=details["user_agent"],
        data=details["data"],
        forgotten=details is FORGOTTEN,
        damaged=details is DAMAGED,
    )
