"""Bodies of joining."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from api.kit.schema import Body, View
from api.sessions.codes import normalised
from api.sessions.modes import Mode, Recording, Verified
from api.sessions.schemas import Limits


def _digits(typed: str) -> str:
    code = normalised(typed)
    if code is None:
        raise ValueError("a session code has 6 to 12 digits")
    return code


class JoinRequest(Body):
    """The code as the customer typed it; spaces, hyphens and full-width digits are understood."""

    code: Annotated[str, StringConstraints(max_length=40), AfterValidator(_digits)] = Field(examples=["4815 1623"])


class OrganizationName(View):
    """Who asks: the organisation."""

    name: str = Field(examples=["Acme Support"])


class OperatorName(View):
    """Who asks: the person."""

    name: str = Field(examples=["Alice Example"])
    verified: Verified = Field(description="How whoever made the session proved who they are.", examples=["password"])


class SessionPreview(View):
    """What the customer would be asked."""

    organisation: OrganizationName
    operator: OperatorName | None = Field(description="null when the session is for whoever is free.")
    mode: Mode
    features: list[str]
    recording: Recording
    limits: Limits


class PreviewView(View):
    """What a code leads to; it stays usable."""

    session: SessionPreview
    server: str = Field(description="The server to join at.", examples=["http://localhost:8080"])
    expires_at: datetime = Field(examples=["2026-12-01T09:10:00Z"])
