"""Bodies of handing over and of guests."""

from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from api.kit.schema import Body, View
from api.sessions.modes import Mode
from api.sessions.schemas import LongText, OperatorId


class TransferRequest(Body):
    """To whom, and what they should know."""

    operator_id: OperatorId = Field(examples=["opr_01KAH3A9N2F6J8K4M7P1R5T0V3"])
    note: LongText | None = Field(
        default=None, description="For the next operator; a note of the session.", examples=["Needs a printer expert."]
    )


class Colleague(View):
    """Somebody who could take a session over, or join it."""

    operator_id: str = Field(examples=["opr_01KAH3A9N2F6J8K4M7P1R5T0V3"])
    name: str = Field(examples=["Bob Example"])
    may_take_over: bool = Field(description="Whether they may use the mode of the session.")


class GuestInvite(Body):
    """Who is asked to join. An administrator may ask themselves."""

    operator_id: OperatorId = Field(examples=["opr_01KAH3A9N2F6J8K4M7P1R5T0V3"])
    mode: Mode | None = Field(default=None, description="What they may do at most; as the session when left out.")
    features: list[Annotated[str, StringConstraints(max_length=40)]] | None = Field(
        default=None, max_length=16, description="What they may be granted at most; as the session when left out."
    )


class GuestView(View):
    """An operator who was asked to join."""

    session_id: str = Field(examples=["ses_01KAH2V5QJ6T8N3W9XZB4C7D0E"])
    operator_id: str = Field(examples=["opr_01KAH3A9N2F6J8K4M7P1R5T0V3"])
    name: str = Field(examples=["Bob Example"])
    mode: Mode = Field(
        description="The narrowest of the session, their policy, the inviting operator's and the request."
    )
    features: list[str]
    created_at: datetime
    removed_at: datetime | None = None
