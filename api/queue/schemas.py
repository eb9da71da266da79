"""Bodies of the queue."""

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from api.kit.schema import Body, View
from api.sessions.modes import Mode
from api.sessions.schemas import Customer, OperatorShown, Place, Reference, ShortText
from api.sessions.states import State


class Waiting(View):
    """A customer who waits."""

    session_id: str = Field(examples=["ses_01KAH2V5QJ6T8N3W9XZB4C7D0E"])
    position: int = Field(description="1 is next.", examples=[1])
    mode: Mode
    features: list[str]
    customer: Customer | None = None
    reference: Reference | None = None
    connected: bool = Field(description="Whether the customer is there at the moment.")
    waiting_since: datetime
    may_pick_up: bool = Field(description="Whether you may use this mode.")


class QueueView(View):
    """All who wait, who came first. Ask again with `seen` set to `version`, to hear of the next change."""

    items: list[Waiting]
    next_cursor: None = Field(default=None, description="Always null: the queue is answered whole, up to 200.")
    version: str = Field(
        description="Another one whenever somebody comes, goes or is picked up.", examples=["5f2c0c7e9d1b"]
    )


class RefusalReason(StrEnum):
    """Why a waiting customer is not helped; each is a sentence in the customer's language."""

    BUSY = "busy"
    CLOSED = "closed"
    NOT_FOR_US = "not_for_us"
    UNKNOWN_CALLER = "unknown_caller"


class RefuseRequest(Body):
    """Why. The customer reads it in their language, or `message` as it is."""

    reason: RefusalReason = Field(examples=["closed"])
    message: ShortText | None = Field(
        default=None, description="Shown to the customer instead.", examples=["Please call 03-1234-5678."]
    )


class PlaceView(View):
    """How it is with a customer who waits."""

    session_id: str = Field(examples=["ses_01KAH2V5QJ6T8N3W9XZB4C7D0E"])
    state: State
    queue: Place | None = Field(description="null once somebody has picked the session up, or it is over.")
    operator: OperatorShown | None = Field(description="Who picked it up.")
