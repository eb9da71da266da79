"""Bodies of the history."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, Field

from api.kit.schema import View
from api.sessions.modes import Mode, Party, Recording, Side, WireRole
from api.sessions.schemas import Customer, DeviceShown, Reference
from api.sessions.states import State
from api.webhooks.schemas import BytesMoved


class Helper(View):
    """Who helped."""

    id: str = Field(examples=["opr_01KAH2V5QJ6T8N3W9XZB4C7D0E"])
    name: str | None = Field(default=None, examples=["Alice Example"])


class ParticipantRecord(View):
    """Somebody who took part, from where, with what, when, and how much went through the relay."""

    id: str = Field(examples=["par_01KAH2V5QJ6T8N3W9XZB4C7D0E"])
    side: Side
    role: WireRole
    operator_id: str | None = Field(default=None, examples=["opr_01KAH2V5QJ6T8N3W9XZB4C7D0E"])
    guest: bool = Field(examples=[False])
    addresses: list[str] = Field(
        description="Where its requests came from, the first one first. Empty where nothing was kept, and when the customer"
        " is forgotten.",
        examples=[["192.0.2.7"]],
    )
    user_agents: list[str] = Field(
        description="What its programs called themselves, the first one first.", examples=[["tasuki (Windows AMD64)"]]
    )
    joined_at: datetime | None = None
    left_at: datetime | None = None
    seconds: int = Field(description="How long it was connected.", examples=[1260])
    bytes_in: int = Field(description="What the relay received from it.", examples=[4_711_000])
    bytes_out: int = Field(description="What the relay sent to it.", examples=[18_231])


class FileRecord(View):
    """A file that was moved: where it went, never what was in it."""

    time: datetime
    path: str = Field(examples=["C:\\Users\\hanako\\Downloads\\driver.zip"])
    direction: str = Field(description="`to_customer` or `from_customer`.", examples=["to_customer"])
    bytes: int = Field(examples=[1_048_576])


class SessionRecord(View):
    """A session in the history."""

    id: str = Field(examples=["ses_01KAH2V5QJ6T8N3W9XZB4C7D0E"])
    state: State
    mode: Mode
    operator: Helper | None = Field(default=None, description="null when nobody had picked it up.")
    created_by: str = Field(
        description="The operator, API key or integration that made it.", examples=["opr_01KAH2V5QJ6T8N3W9XZB4C7D0E"]
    )
    queued: bool = Field(examples=[False])
    recording: Recording
    customer: Customer | None = None
    forgotten: bool = Field(description="Whether the customer's details were destroyed.", examples=[False])
    reference: Reference | None = None
    device: DeviceShown | None = None
    created_at: datetime
    claimed_at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    seconds: int | None = Field(default=None, description="From start to end.", examples=[1260])
    ended_by: Party | None = None
    reason: str | None = Field(default=None, examples=["solved"])
    closing_reason: str | None = Field(default=None, examples=["solved"])
    bytes: BytesMoved
    participants: list[ParticipantRecord]
    files: list[FileRecord]


class EventRecord(View):
    """Something that happened in a session."""

    id: str = Field(examples=["evt_01KAH2V5QJ6T8N3W9XZB4C7D0E"])
    time: datetime
    type: str = Field(examples=["session.ended"])
    session_id: str = Field(examples=["ses_01KAH2V5QJ6T8N3W9XZB4C7D0E"])
    mode: Mode
    operator: Helper | None = None
    reference: Reference | None = None
    data: dict[str, Any] | None = Field(
        description="Details, which differ by type; null when the customer is forgotten.",
        examples=[{"state": "ended", "ended_by": "operator", "reason": "solved"}],
    )


class Outcome(StrEnum):
    """What came of signing in."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    LOCKED = "locked"
    """That failure locked the account."""
    REFUSED = "refused"
    """The password was right; something else stood in the way."""
    SECOND_STEP_FAILED = "second_step_failed"
    STEPPED_UP = "stepped_up"
    """Somebody who is signed in proved again who they are."""
    ENDED = "ended"


class SignInRecord(View):
    """A sign-in, or what came of trying."""

    id: str = Field(examples=["evt_01KAH2V5QJ6T8N3W9XZB4C7D0E"])
    time: datetime
    outcome: Outcome
    operator: Helper | None = Field(default=None, description="null when there is nobody with that login.")
    login: str | None = Field(default=None, description="What was typed, of a failure.", examples=["alice"])
    why: str | None = Field(default=None, description="Why it failed or was refused.", examples=["password"])
    methods: list[str] = Field(
        description="How they proved who they are, or which method failed.", examples=[["password"]]
    )
    address: str | None = Field(default=None, examples=["192.0.2.7"])
    user_agent: str | None = Field(default=None, examples=["Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0"])


class UsageBy(StrEnum):
    """What sums are made for."""

    DAY = "day"
    OPERATOR = "operator"
    MODE = "mode"


class UsageSums(View):
    """What was used."""

    sessions: int = Field(description="Sessions that were made.", examples=[41])
    started: int = Field(description="Those that really began.", examples=[38])
    seconds: int = Field(description="From start to end of those that have ended, added up.", examples=[52_920])
    minutes: int = Field(description="The same in minutes, the last one counted whole.", examples=[882])
    bytes_from_host: int = Field(examples=[193_151_000])
    bytes_from_viewers: int = Field(examples=[747_471])


class UsageRow(UsageSums):
    """What was used on a day, by an operator, in a mode: what it is by is filled in, the rest is null."""

    day: date | None = Field(default=None, examples=["2026-12-01"])
    operator: Helper | None = None
    mode: Mode | None = None


class UsageView(BaseModel):
    """Sums, by what was asked for, and of everything."""

    rows: list[UsageRow]
    total: UsageSums
