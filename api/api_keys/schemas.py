"""Bodies of API keys."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from api.auth.permissions import Scope
from api.kit.schema import Body, Name, View

MAX_LIFE_DAYS = 366


class ApiKeyCreate(Body):
    """A new key. It can never do more than you."""

    name: Name = Field(examples=["CRM"])
    scopes: Annotated[list[Scope], Field(min_length=1, examples=[["sessions:read", "sessions:write"]])]
    expires_in_days: Annotated[int, Field(ge=1, le=MAX_LIFE_DAYS)] = Field(default=90, examples=[90])


class ApiKeyView(View):
    """A key without its secret part."""

    id: str = Field(examples=["key_01KAH2V5QJ6T8N3W9XZB4C7D0E"])
    name: str = Field(examples=["CRM"])
    ending: str = Field(description="The last four characters of the key.", examples=["x4Qz"])
    scopes: list[Scope] = Field(examples=[["sessions:read", "sessions:write"]])
    operator_id: str = Field(description="Its maker, for whom it acts.", examples=["opr_01KAH2V5QJ6T8N3W9XZB4C7D0E"])
    created_at: datetime
    expires_at: datetime = Field(examples=["2027-03-01T09:00:00Z"])
    last_used_at: datetime | None = Field(default=None, description="To the minute.", examples=[None])


class ApiKeyCreated(ApiKeyView):
    """The new key, and its secret, shown only now."""

    key: str = Field(examples=["tsk_0m2V3oY1uQ5sZc8rK4pWt7xJbNhLgFdE9aCiUoPqRsT"])
