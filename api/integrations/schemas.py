"""Bodies of integrations."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from api.kit.schema import Body, Name, View
from api.sessions.modes import Mode


class IntegrationKind(StrEnum):
    """How the other system signs."""

    STANDARD_WEBHOOKS = "standard-webhooks"


class Mapped(StrEnum):
    """What can be taken from a hook's body."""

    CUSTOMER_NAME = "customer.name"
    CUSTOMER_EMAIL = "customer.email"
    REFERENCE_SYSTEM = "reference.system"
    REFERENCE_ID = "reference.id"
    REFERENCE_URL = "reference.url"


Path = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[A-Za-z0-9_\-]+(\.[A-Za-z0-9_\-]+)*$")]

DEFAULT_MAPPING: dict[Mapped, str] = {name: str(name) for name in Mapped}


class IntegrationCreate(Body):
    """A new incoming hook: each signed request to it opens a session for one operator."""

    kind: IntegrationKind = IntegrationKind.STANDARD_WEBHOOKS
    name: Name = Field(examples=["Helpdesk"])
    operator_id: str = Field(max_length=60, examples=["opr_01KAH2V5QJ6T8N3W9XZB4C7D0E"])
    mode: Mode = Mode.CONTROL
    mapping: dict[Mapped, Path] = Field(
        default_factory=lambda: dict(DEFAULT_MAPPING),
        description="Where in the hook's body each thing stands: a path of member names and list positions with dots.",
        examples=[{"customer.name": "ticket.requester.name", "reference.id": "ticket.id"}],
    )


class IntegrationView(View):
    """An incoming hook, without its secret."""

    id: str = Field(examples=["int_01KAH2V5QJ6T8N3W9XZB4C7D0E"])
    kind: IntegrationKind
    name: str = Field(examples=["Helpdesk"])
    operator_id: str = Field(examples=["opr_01KAH2V5QJ6T8N3W9XZB4C7D0E"])
    mode: Mode
    mapping: dict[Mapped, str] = Field(
        examples=[{"customer.name": "ticket.requester.name", "reference.id": "ticket.id"}]
    )
    url: str = Field(examples=["http://localhost:8080/v1/hooks/int_01KAH2V5QJ6T8N3W9XZB4C7D0E"])
    created_at: datetime


class IntegrationCreated(IntegrationView):
    """The new hook and its signing secret, shown only now."""

    secret: str = Field(
        description="Sign requests with it (Standard Webhooks).",
        examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="],
    )


class HookAnswer(View):
    """The session a hook opened."""

    session_id: str = Field(examples=["ses_01KAH2V5QJ6T8N3W9XZB4C7D0E"])
    code: str = Field(examples=["48151623"])
    code_expires_at: datetime = Field(examples=["2026-12-01T09:10:00Z"])
    join_url: str = Field(examples=["http://localhost:8080/join/48151623"])
    console_url: str = Field(examples=["http://localhost:8080/console/sessions/ses_01KAH2V5QJ6T8N3W9XZB4C7D0E"])
