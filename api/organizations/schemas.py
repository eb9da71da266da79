"""Bodies of organisations."""

from typing import Annotated

from pydantic import Field

from api.kit.schema import Body, Name, View

MIN_CODE_DIGITS = 6
MAX_CODE_DIGITS = 12


class OrganizationView(View):
    """An organisation."""

    id: str = Field(examples=["org_01KAH2V5QJ6T8N3W9XZB4C7D0E"])
    code: str = Field(description="What people type as company.", examples=["acme"])
    name: str = Field(examples=["Acme Support"])
    code_digits: int = Field(examples=[8])
    max_session_seconds: int | None = Field(default=None, examples=[7200])


class OrganizationPatch(Body):
    """Only what is given changes. `max_session_seconds: null` takes the limit away."""

    name: Name | None = Field(default=None, examples=["Acme Support"])
    code_digits: Annotated[int, Field(ge=MIN_CODE_DIGITS, le=MAX_CODE_DIGITS)] | None = Field(
        default=None,
        description="Digits of a session code. Codes that live longer than 10 minutes get at least 8, longer than an hour or"
        " scheduled at least 10.",
        examples=[8],
    )
    max_session_seconds: Annotated[int, Field(ge=60, le=7 * 86_400)] | None = Field(default=None, examples=[7200])
