"""Bodies of legal holds."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Self

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from api.kit.schema import Body, View

MAX_REASON_CHARACTERS = 500

Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_REASON_CHARACTERS)]


class HoldScope(StrEnum):
    """What a hold covers."""

    ORGANIZATION = "organization"
    CUSTOMER = "customer"
    """All sessions of a customer, those to come too."""
    SESSION = "session"


class LegalHoldCreate(Body):
    """A new hold."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"scope": "customer", "customer_email": "hanako@example.jp", "reason": "Case 2026-17"}]
        }
    )

    scope: HoldScope
    customer_email: Annotated[str, Field(max_length=254)] | None = Field(
        default=None, description="Whose sessions, for the scope `customer`.", examples=["hanako@example.jp"]
    )
    customer_id: Annotated[str, Field(max_length=60)] | None = Field(
        default=None, description="The same by id, where there is no e-mail address.", examples=[None]
    )
    session_id: Annotated[str, Field(max_length=60)] | None = Field(
        default=None, description="Which session, for the scope `session`.", examples=[None]
    )
    reason: Reason = Field(description="Why; shown to administrators and auditors.", examples=["Case 2026-17"])

    @model_validator(mode="after")
    def _says_what(self) -> Self:
        named = {
            HoldScope.CUSTOMER: [self.customer_email, self.customer_id],
            HoldScope.SESSION: [self.session_id],
        }
        for scope, values in named.items():
            given = [value for value in values if value is not None]
            if len(given) != (1 if scope is self.scope else 0):
                raise ValueError(
                    "scope customer goes with customer_email or customer_id, scope session with session_id,"
                    " scope organization with neither"
                )
        return self


class LegalHoldView(View):
    """A hold that stands."""

    id: str = Field(examples=["hld_01KAH2V5QJ6T8N3W9XZB4C7D0E"])
    scope: HoldScope
    customer_id: str | None = Field(default=None, examples=["cus_01KAH2V5QJ6T8N3W9XZB4C7D0E"])
    customer_email: str | None = Field(
        default=None, description="As their newest session knows it.", examples=["hanako@example.jp"]
    )
    session_id: str | None = Field(default=None, examples=[None])
    reason: str = Field(examples=["Case 2026-17"])
    created_by: str = Field(examples=["opr_01KAH2V5QJ6T8N3W9XZB4C7D0E"])
    created_at: datetime
