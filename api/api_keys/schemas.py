"""Bodies of API keys."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from api.auth.permissions import Scope
from api.kit.networks import Networks
from api.kit.schema import Body, Name, View

MAX_LIFE_DAYS = 366
MAX_OVERLAP_MINUTES = 24 * 60

Life = Annotated[int, Field(ge=1, le=MAX_LIFE_DAYS)]


class ApiKeyCreate(Body):
    """A new key. It can never do more than you."""

    name: Name = Field(examples=["CRM"])
    scopes: Annotated[list[Scope], Field(min_length=1, examples=[["sessions:read", "sessions:write"]])]
    expires_in_days: Life = Field(default=90, examples=[90])
    networks: Networks = Field(default_factory=list)


class ApiKeyRotate(Body):
    """A new secret for the key, and for how long the old one still works."""

    expires_in_days: Life = Field(default=90, description="From now on.", examples=[90])
    overlap_minutes: Annotated[int, Field(ge=0, le=MAX_OVERLAP_MINUTES)] = Field(
        default=0,
        description="For so long the old secret works, too, unless it expires before; 0: it stops at once.",
        examples=[60],
    )


class ApiKeyView(View):
    """A key without its secret part."""

    id: str = Field(examples=["key_01KAH2V5QJ6T8N3W9XZB4C7D0E"])
    name: str = Field(examples=["CRM"])
    ending: str = Field(description="The last four characters of the key.", examples=["x4Qz"])
    scopes: list[Scope] = Field(examples=[["sessions:read", "sessions:write"]])
    operator_id: str = Field(description="Its maker, for whom it acts.", examples=["opr_01KAH2V5QJ6T8N3W9XZB4C7D0E"])
    created_at: datetime
    expires_at: datetime = Field(examples=["2027-03-01T09:00:00Z"])
    expired: bool = Field(description="Whether it is over; an expired key can be rotated or deleted.", examples=[False])
    networks: list[str] = Field(
        description="Whence it may be used; empty: from anywhere.", examples=[["203.0.113.0/24"]]
    )
    last_used_at: datetime | None = Field(default=None, description="To the minute.", examples=["2026-12-01T09:00:00Z"])
    last_used_address: str | None = Field(default=None, examples=["203.0.113.7"])
    rotated_at: datetime | None = Field(default=None, description="When its secret was last renewed.", examples=[None])
    old_secret_until: datetime | None = Field(
        default=None, description="Until when the secret before this one works, too.", examples=[None]
    )


class ApiKeyCreated(ApiKeyView):
    """The new key, and its secret, shown only now."""

    key: str = Field(examples=["tsk_0m2V3oY1uQ5sZc8rK4pWt7xJbNhLgFdE9aCiUoPqRsT"])
