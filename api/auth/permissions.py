"""The one owner of permission: what there is to be allowed (Scope), who has it by role, and `authorize`.

A route names its scope with `needs(...)`; whose things a caller sees is decided in each repository's `readable`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from api.operators.models import Role
from api.problems import Forbidden, ScopeMissing, StepUpRequired


class Scope(StrEnum):
    """Everything that can be allowed, as it is written in tokens and keys."""

    ME = "me:read"
    ME_WRITE = "me:write"
    ORGANIZATION_READ = "organization:read"
    ORGANIZATION_WRITE = "organization:write"
    OPERATORS_READ = "operators:read"
    OPERATORS_WRITE = "operators:write"
    POLICIES_READ = "policies:read"
    POLICIES_WRITE = "policies:write"
    SESSIONS_READ = "sessions:read"
    SESSIONS_WRITE = "sessions:write"
    DEVICES_READ = "devices:read"
    DEVICES_WRITE = "devices:write"
    DEVICES_CONNECT = "devices:connect"
    API_KEYS_READ = "api-keys:read"
    API_KEYS_WRITE = "api-keys:write"
    INTEGRATIONS_READ = "integrations:read"
    INTEGRATIONS_WRITE = "integrations:write"
    WEBHOOKS_READ = "webhooks:read"
    WEBHOOKS_WRITE = "webhooks:write"
    RELAYS_READ = "relays:read"
    AUDIT_READ = "audit:read"
    REPORTS_READ = "reports:read"
    CUSTOMERS_READ = "customers:read"
    CUSTOMERS_FORGET = "customers:forget"
    HOLDS_READ = "holds:read"
    HOLDS_WRITE = "holds:write"


DESCRIPTIONS = {
    Scope.ME: "See who you are signed in as.",
    Scope.ME_WRITE: "Change how you sign in, and see and end your own sign-ins.",
    Scope.ORGANIZATION_READ: "See the organisation's settings.",
    Scope.ORGANIZATION_WRITE: "Change the organisation's settings.",
    Scope.OPERATORS_READ: "See operators and their policy.",
    Scope.OPERATORS_WRITE: "Create, change and suspend operators.",
    Scope.POLICIES_READ: "See policies, and what they allow to whom.",
    Scope.POLICIES_WRITE: "Create, change and assign policies.",
    Scope.SESSIONS_READ: "See sessions and their events.",
    Scope.SESSIONS_WRITE: "Create, join and end sessions.",
    Scope.DEVICES_READ: "See enrolled devices and whether they are online.",
    Scope.DEVICES_WRITE: "Enrol, group, disable and wipe devices.",
    Scope.DEVICES_CONNECT: "Start sessions with enrolled devices.",
    Scope.API_KEYS_READ: "See API keys (never the secret part).",
    Scope.API_KEYS_WRITE: "Create and delete API keys.",
    Scope.INTEGRATIONS_READ: "See incoming hooks.",
    Scope.INTEGRATIONS_WRITE: "Create and delete incoming hooks.",
    Scope.WEBHOOKS_READ: "See webhook endpoints.",
    Scope.WEBHOOKS_WRITE: "Create and delete webhook endpoints.",
    Scope.RELAYS_READ: "See relays and their health.",
    Scope.AUDIT_READ: "See the administrative log.",
    Scope.REPORTS_READ: "Read the history of sign-ins and sessions, and what was used.",
    Scope.CUSTOMERS_READ: "See customers, and proofs that they were forgotten.",
    Scope.CUSTOMERS_FORGET: "Forget customers, for good.",
    Scope.HOLDS_READ: "See legal holds.",
    Scope.HOLDS_WRITE: "Order and lift legal holds.",
}

FRESH = "fresh"
"""Beside a scope on routes of acts that could hurt: `authorize_fresh`."""

BY_ROLE: dict[Role, frozenset[Scope]] = {
    Role.ADMINISTRATOR: frozenset(Scope),
    Role.OPERATOR: frozenset(
        {
            Scope.ME,
            Scope.ME_WRITE,
            Scope.ORGANIZATION_READ,
            Scope.POLICIES_READ,
            Scope.SESSIONS_READ,
            Scope.SESSIONS_WRITE,
            Scope.DEVICES_READ,
            Scope.DEVICES_CONNECT,
            Scope.REPORTS_READ,
        }
    ),
    Role.AUDITOR: frozenset({Scope.ME, Scope.ME_WRITE, *(scope for scope in Scope if scope.endswith(":read"))}),
}


@dataclass(frozen=True, slots=True)
class Proof:
    """How and when somebody who is there in person proved who they are."""

    sign_in_id: str
    methods: tuple[str, ...]
    at: datetime
    fresh: bool
    """Recently enough for dangerous acts (`step_up_after`)."""
    again: tuple[str, ...] = ("password",)
    """By what they can prove it again."""
    machine_id: str | None = None
    """The registered machine they signed in from."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is asking: an operator, or a key that acts for one."""

    operator_id: str
    organization_id: str
    role: Role
    scopes: frozenset[Scope]
    api_key_id: str | None = None
    name: str | None = None
    """Of the operator, or of the key and its maker, for records."""
    proof: Proof | None = None
    """Of somebody who signed in; keys have none."""

    @property
    def id(self) -> str:
        """The operator's or the key's id, for records of who did something."""
        return self.api_key_id or self.operator_id

    @property
    def is_person(self) -> bool:
        """Whether an operator is there in person, not a program with a key."""
        return self.api_key_id is None

    @property
    def sees_all(self) -> bool:
        """Administrators and auditors see the whole organisation, operators what is theirs."""
        return self.role is not Role.OPERATOR

    @property
    def administers(self) -> bool:
        """Whether this caller acts for the organisation, not only for themselves."""
        return self.role is Role.ADMINISTRATOR


def authorize(caller: Caller, scope: Scope) -> None:
    """Let the caller do what `scope` names, or raise ScopeMissing."""
    if scope not in caller.scopes:
        raise ScopeMissing(f"This needs the scope {scope}; ask an administrator of your organisation.", scope=scope)


def authorize_for(caller: Caller, operator_id: str) -> None:
    """Let the caller act for an operator: oneself, or anybody of the organisation for an administrator."""
    if operator_id != caller.operator_id and not caller.administers:
        raise Forbidden("Only an administrator can do this for another operator.")


def authorize_in_person(caller: Caller) -> None:
    """Refuse keys: credentials and roles are changed by people who signed in."""
    if not caller.is_person:
        raise Forbidden("An API key cannot do this; sign in as an operator.")


def authorize_fresh(caller: Caller) -> None:
    """For acts that could hurt: somebody is there in person and has proved it a moment ago, or raise StepUpRequired."""
    authorize_in_person(caller)
    if caller.proof is None or not caller.proof.fresh:
        again = list(caller.proof.again) if caller.proof else ["password"]
        raise StepUpRequired("Confirm that it is you with POST /v1/auth/step-up, then do this again.", methods=again)


def effective(role: Role, wanted: Iterable[str] | None = None) -> frozenset[Scope]:
    """The scopes a role really gives of those that were asked for (all of the role's when none were)."""
    mine = BY_ROLE[role]
    return mine if wanted is None else mine & {Scope(word) for word in wanted if word in set(Scope)}
