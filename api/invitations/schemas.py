"""Bodies of invitations."""

from datetime import datetime

from pydantic import ConfigDict, Field

from api.kit.schema import Body, View
from api.operators.schemas import Email
from api.sessions.schemas import Language


class InviteRequest(Body):
    """Whom to send the link to, in which language. All optional."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"email": "hanako@example.jp", "language": "ja"}]})

    email: Email | None = Field(default=None, description="The customer's own address when left out.")
    language: Language | None = Field(default=None, description="That of the session when left out.")


class InvitationView(View):
    """The link, and whether it was sent."""

    join_url: str = Field(
        description="Carries no secret: the six digits are compared as with a code that was read out.",
        examples=["http://localhost:8080/join/48151623"],
    )
    sent: bool = Field(
        description="Whether a mail is on its way; false where this server sends none or nobody was named."
    )
    email: str | None = Field(default=None, examples=["hanako@example.jp"])
    language: Language
    again_at: datetime = Field(description="Not before then may it be sent again.")
