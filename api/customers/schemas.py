"""Bodies of customers."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from api.kit.schema import Body, View
from api.operators.schemas import Email

Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Id = Annotated[str, StringConstraints(max_length=40)]


class ForgetRequest(Body):
    """Whom to forget: one of the three says it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"email": "hanako@example.jp", "reason": "Asked for it by letter, 2026-11-02."}]
        }
    )

    email: Email | None = Field(default=None, description="The customer with this address.")
    session_id: Id | None = Field(default=None, description="The customer of this session.")
    customer_id: Id | None = Field(default=None, description="This one.")
    reason: Reason = Field(description="Why: kept, sealed, in the administrative log.")

    @model_validator(mode="after")
    def _one_of_three(self) -> Self:
        if sum(given is not None for given in (self.email, self.session_id, self.customer_id)) != 1:
            raise ValueError("name the customer by one of email, session_id and customer_id")
        return self


class CustomerView(View):
    """Somebody whom sessions are about."""

    id: str = Field(examples=["cus_01KAH2V5QJ6T8N3W9XZB4C7D0E"])
    name: str | None = Field(
        default=None, description="As in the newest session that says one.", examples=["Hanako Yamada"]
    )
    email: str | None = Field(default=None, examples=["hanako@example.jp"])
    sessions: int = Field(description="How many are about this customer.", examples=[3])
    created_at: datetime
    forgotten: bool = Field(description="Everything that was known about this customer is gone for good.")
    forgotten_at: datetime | None = None
    proof: str | None = Field(
        default=None,
        description="Signed (`typ` tasuki-destruction): that the key was destroyed under which everything about the customer was"
        " sealed. Verified with `GET /.well-known/jwks.json`, also years later and without this server.",
        examples=["eyJhbGciOiJFUzI1NiIsInR5cCI6…"],
    )
