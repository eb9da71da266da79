"""Bodies of operators' invitations."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from api.kit.schema import Body, View


class InvitationRequest(Body):
    """How the invitation is written."""

    language: Literal["en", "ja"] = Field(default="en", description="Of the mail.", examples=["en"])


class InvitationSent(View):
    """An invitation. The link is here when it could not be mailed, and then shown only now."""

    mailed: bool = Field(description="Whether it is on its way by mail.", examples=[True])
    link: str | None = Field(default=None, description="To hand over yourself.", examples=[None])
    expires_at: datetime


class InvitationAnswer(Body):
    """What the invited operator sends: the link's token, and the password of their choice."""

    token: Annotated[str, StringConstraints(max_length=200)] = Field(
        examples=["toi_0m2V3oY1uQ5sZc8rK4pWt7xJbNhLgFdE9aCiUoPqRsT"]
    )
    password: Annotated[str, StringConstraints(min_length=1, max_length=1024)] = Field(
        description="What it must be, the organisation says: `settings.password`.",
        examples=["harbor lantern seven maple"],
    )


class InvitationAccepted(View):
    """What to sign in with."""

    username: str = Field(description="`company/login`", examples=["acme/bob"])
    name: str = Field(examples=["Bob Example"])
    organisation: str = Field(examples=["Acme Support"])
