"""Bodies of organisations."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from api.kit.schema import Body, Name, View
from api.organizations.settings import OrganizationSettings, SettingsPatch

MIN_CODE_DIGITS = 6
MAX_CODE_DIGITS = 12


class OrganizationView(View):
    """An organisation."""

    id: str = Field(examples=["org_01KAH2V5QJ6T8N3W9XZB4C7D0E"])
    code: str = Field(description="What people type as company.", examples=["acme"])
    name: str = Field(examples=["Acme Support"])
    code_digits: int = Field(examples=[8])
    max_session_seconds: int | None = Field(default=None, examples=[7200])
    policy_id: str | None = Field(
        default=None, description="The policy that holds for everybody.", examples=["pol_01KAH2V5QJ6T8N3W9XZB4C7D0E"]
    )
    settings: OrganizationSettings
    entry_link_renewed_at: datetime | None = Field(
        default=None, description="When the entry link was made; null when there is none.", examples=[None]
    )


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
    policy_id: Annotated[str, Field(max_length=60)] | None = Field(
        default=None,
        description="The policy that holds for everybody; null: none.",
        examples=["pol_01KAH2V5QJ6T8N3W9XZB4C7D0E"],
    )
    settings: SettingsPatch | None = Field(
        default=None, examples=[{"lock": {"failures": 5}, "second_factor": "administrators"}]
    )
    force: bool = Field(default=False, description="Set networks even if you are in none of them.", examples=[False])


class EntryLink(View):
    """The new entry link, shown only now."""

    url: str = Field(examples=["http://localhost:8080/enter/tel_0m2V3oY1uQ5sZc8rK4pWt7xJbNhLgFdE9aCiUoPqRsT"])
    secret: str = Field(
        description="Its secret part: what programs send as `X-Tasuki-Entry`.",
        examples=["tel_0m2V3oY1uQ5sZc8rK4pWt7xJbNhLgFdE9aCiUoPqRsT"],
    )
