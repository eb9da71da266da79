"""Bodies of sessions."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import AwareDatetime, ConfigDict, Field, FiniteFloat, StringConstraints, field_validator, model_validator

from api.kit.schema import Body, Name, View
from api.operators.schemas import Email, MaxSeconds
from api.sessions.codes import DEFAULT_LIFE, FEWEST_DIGITS, LONGEST_LIFE, MOST_DIGITS, SHORTEST_LIFE
from api.sessions.modes import Mode, Party, Recording, Side, Verified, WireRole
from api.sessions.states import State

MAX_METADATA_MEMBERS = 32
FORGOTTEN = "The customer was forgotten: everything that was known about them is gone for good."

ShortText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
LongText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
Language = Literal["en", "ja"]
OperatorId = Annotated[str, StringConstraints(max_length=60)]
WebUrl = Annotated[str, StringConstraints(strip_whitespace=True, max_length=1000, pattern=r"^https?://[^\s]+$")]


class Customer(Body):
    """Who is helped, as the organisation knows them. Stored sealed."""

    name: Name = Field(examples=["Hanako Yamada"])
    email: Email | None = Field(default=None, examples=["hanako@example.jp"])


class Reference(Body):
    """What the session belongs to in another system."""

    system: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)] = Field(
        examples=["zendesk"]
    )
    id: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)] = Field(
        examples=["4711"]
    )
    url: WebUrl | None = Field(default=None, examples=["https://crm.example.com/tickets/4711"])


class SessionCreate(Body):
    """A new session."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "mode": "control",
                    "customer": {"name": "Hanako Yamada"},
                    "reference": {"system": "helpdesk", "id": "4711"},
                }
            ]
        }
    )

    mode: Mode
    customer: Customer | None = None
    reference: Reference | None = None
    operator_id: OperatorId | None = Field(
        default=None, description="Who helps; you when left out.", examples=["opr_01KAH2V5QJ6T8N3W9XZB4C7D0E"]
    )
    queue: bool = Field(
        default=False,
        description="For whoever is free: the customer waits in the queue until an operator picks the session up.",
        examples=[False],
    )
    language: Language | None = Field(
        default=None, description="The customer's, for what is sent to them.", examples=["ja"]
    )
    purpose: ShortText | None = Field(
        default=None,
        description="Why there is help. Where policy demands a reason, this or a `reference` is needed.",
        examples=["The printer does not print"],
    )
    features: list[Annotated[str, StringConstraints(max_length=40)]] | None = Field(
        default=None,
        max_length=16,
        description="What is wanted beside the screen; `chat` when left out. What policy forbids is left out of the answer.",
        examples=[["chat", "clipboard_to_customer"]],
    )
    expires_in: Annotated[int, Field(ge=int(SHORTEST_LIFE.total_seconds()), le=int(LONGEST_LIFE.total_seconds()))] = (
        Field(
            default=int(DEFAULT_LIFE.total_seconds()),
            description="Seconds for which the code can be used. Over 600 it has at least 8 digits, over 3600 at least 10.",
            examples=[600],
        )
    )
    code_digits: Annotated[int, Field(ge=FEWEST_DIGITS, le=MOST_DIGITS)] | None = Field(
        default=None,
        description="How many digits the code has at least; the organisation's setting when left out. It has more where"
        " its life demands it.",
        examples=[8],
    )
    starts_at: AwareDatetime | None = Field(
        default=None,
        description="For an appointment: the code works from then on, has at least 10 digits, and `expires_in` counts from"
        " then.",
        examples=["2026-12-01T09:00:00Z"],
    )
    max_session_seconds: MaxSeconds | None = Field(default=None, examples=[1800])
    metadata: dict[Annotated[str, StringConstraints(max_length=40)], str | bool | int | FiniteFloat | None] = Field(
        default_factory=dict, max_length=MAX_METADATA_MEMBERS, examples=[{"team": "blue"}]
    )

    @field_validator("metadata")
    @classmethod
    def _short(cls, value: dict[str, Any]) -> dict[str, Any]:
        if any(isinstance(item, str) and len(item) > 500 for item in value.values()):
            raise ValueError("a value of metadata has at most 500 characters")
        return value

    @model_validator(mode="after")
    def _for_one_or_for_all(self) -> Self:
        if self.queue and self.operator_id is not None:
            raise ValueError("a session is for one operator (operator_id) or for whoever is free (queue), not both")
        if self.queue and self.mode.shows_operator:
            raise ValueError(
                f"a session in the mode {self.mode} shows its operator's screen, so it needs one from the start"
            )
        return self


class EndRequest(Body):
    """Why a session is ended. All optional."""

    reason: ShortText | None = Field(default=None, description="Shown to both sides.", examples=["solved"])
    note: LongText | None = Field(
        default=None, description="For your records; not shown to the customer.", examples=["Reinstalled the driver."]
    )


class SessionPatch(Body):
    """Only what is given changes. A note is added to those that are there; during the session or afterwards."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"note": "Reinstalled the driver.", "closing_reason": "solved"}]}
    )

    note: LongText | None = Field(default=None, examples=["Reinstalled the driver."])
    closing_reason: ShortText | None = Field(
        default=None, description="How it went, in your own words; null takes it away.", examples=["solved"]
    )
    reference: Reference | None = Field(default=None, description="null takes it away.")


class NoteView(View):
    """Something that was written down about a session."""

    id: str = Field(examples=["nte_01KAH2V5QJ6T8N3W9XZB4C7D0E"])
    author_id: str = Field(examples=["opr_01KAH2V5QJ6T8N3W9XZB4C7D0E"])
    author_name: str = Field(examples=["Alice Example"])
    text: str = Field(examples=["Reinstalled the driver."])
    created_at: datetime


class OrganizationShown(View):
    """An organisation as customers see it."""

    id: str = Field(examples=["org_01KAH2V5QJ6T8N3W9XZB4C7D0E"])
    name: str = Field(examples=["Acme Support"])


class OperatorShown(View):
    """An operator as customers see them."""

    id: str = Field(examples=["opr_01KAH2V5QJ6T8N3W9XZB4C7D0E"])
    name: str = Field(examples=["Alice Example"])
    verified: Verified = Field(
        description="How whoever made the session proved who they are: the operator with a password, a program with an API key,"
        " or another system with a signed hook.",
        examples=["password"],
    )


class DeviceShown(View):
    """An enrolled device, as it was called when the session was made."""

    id: str = Field(examples=["dev_01KAH2V5QJ6T8N3W9XZB4C7D0E"])
    name: str = Field(examples=["Reception"])


class Limits(View):
    """What bounds a session."""

    seconds: int | None = Field(default=None, description="Longest time from acceptance to end.", examples=[3600])
    bytes_per_second: int | None = Field(default=None, examples=[None])


class Policy(View):
    """What holds for a session: the narrowest of organisation, operator and request."""

    mode: Mode
    features: list[str]
    recording: Recording
    limits: Limits


class RelayShown(View):
    """A relay to connect to: append `/v1/connect`."""

    id: str = Field(examples=["rel_01KAH2V5QJ6T8N3W9XZB4C7D0E"])
    url: str = Field(examples=["wss://relay1.example.com"])


class ParticipantView(View):
    """An endpoint of a session."""

    id: str = Field(examples=["par_01KAH2V5QJ6T8N3W9XZB4C7D0E"])
    sender: int = Field(description="Its id on the wire.", examples=[1])
    role: WireRole
    side: Side
    operator_id: str | None = None
    guest: bool = Field(default=False, description="Whether they were asked to join somebody else's session.")
    mode: Mode = Field(description="A guest's may be narrower than the session's.")
    features: list[str]
    connected: bool
    admitted: bool = Field(description="Whether the host has let it in (a viewer).")
    joined_at: datetime | None = None
    left_at: datetime | None = None
    removed_at: datetime | None = Field(default=None, description="Since when it may not come back.")
    bytes_in: int = Field(description="Bytes the relay received from it.", examples=[18_231])
    bytes_out: int = Field(description="Bytes the relay sent to it.", examples=[4_711_000])


class SessionView(View):
    """A session."""

    id: str = Field(examples=["ses_01KAH2V5QJ6T8N3W9XZB4C7D0E"])
    state: State
    mode: Mode
    features: list[str]
    recording: Recording
    code: str | None = Field(
        default=None, description="Only while waiting, for its operator and administrators.", examples=["48151623"]
    )
    code_expires_at: datetime
    join_url: str | None = Field(
        default=None,
        description="For the customer's browser; only with `code`.",
        examples=["http://localhost:8080/join/48151623"],
    )
    operator_url: str = Field(examples=["http://localhost:8080/console/sessions/ses_01KAH2V5QJ6T8N3W9XZB4C7D0E"])
    console_url: str = Field(examples=["http://localhost:8080/console/sessions/ses_01KAH2V5QJ6T8N3W9XZB4C7D0E"])
    queued: bool = Field(description="Made for whoever is free.", examples=[False])
    operator: OperatorShown | None = Field(description="null while nobody has picked it up.")
    organisation: OrganizationShown
    device: DeviceShown | None = Field(default=None, description="The enrolled device that it is for.", examples=[None])
    customer: Customer | None = None
    language: Language | None = Field(default=None, examples=["ja"])
    reference: Reference | None = None
    purpose: str | None = Field(default=None, description="Why there is help.", examples=["The printer does not print"])
    policy: Policy
    limits: Limits
    metadata: dict[str, Any]
    participants: list[ParticipantView]
    created_at: datetime
    starts_at: datetime | None = None
    claimed_at: datetime | None = None
    started_at: datetime | None = Field(default=None, description="When the customer accepted.")
    ends_at: datetime | None = Field(default=None, description="When the time limit will end it.")
    ended_at: datetime | None = None
    ended_by: Party | None = None
    reason: str | None = Field(default=None, examples=["ended"])
    closing_reason: str | None = Field(default=None, examples=["solved"])
    note: str | None = Field(default=None, description="The newest of its notes.")
    notes: list[NoteView] = Field(
        default_factory=list, description="All notes, oldest first; only for a single session."
    )
    customer_id: str = Field(
        description="The same e-mail address is the same customer.", examples=["cus_01KAH2V5QJ6T8N3W9XZB4C7D0E"]
    )
    forgotten: bool = Field(default=False, description=FORGOTTEN)


class ParticipantShown(View):
    """The participant a ticket is for."""

    id: str = Field(examples=["par_01KAH2V5QJ6T8N3W9XZB4C7D0E"])
    sender: int = Field(examples=[2])
    role: WireRole
    side: Side


class Place(View):
    """A customer's place in the queue."""

    position: int = Field(description="1 is next.", examples=[2])
    waiting: int = Field(description="How many wait in all.", examples=[3])


class Admission(View):
    """What an endpoint needs to connect: the statement both sides show, and its tickets."""

    session_id: str = Field(examples=["ses_01KAH2V5QJ6T8N3W9XZB4C7D0E"])
    state: State
    participant: ParticipantShown
    statement: str = Field(
        description="Signed; the same bytes for both sides.", examples=["eyJhbGciOiJFUzI1NiIsInR5cCI6…"]
    )
    statement_sha256: str = Field(
        description="SHA-256 (hex) of the statement's decoded payload; enters the handshake.",
        examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"],
    )
    ticket: str = Field(
        description="For the first relay of the list, once, within 60 seconds.",
        examples=["eyJhbGciOiJFUzI1NiIsInR5cCI6…"],
    )
    ticket_expires_at: datetime
    resume_ticket: str = Field(
        description="For coming back, on any relay of the list.", examples=["eyJhbGciOiJFUzI1NiIsInR5cCI6…"]
    )
    resume_expires_at: datetime
    relays: list[RelayShown] = Field(description="In the order in which both sides try them.")
    mode: Mode
    features: list[str]
    limits: Limits
    policy: str | None = Field(
        default=None,
        description="Signed: what was narrowed since the statement was made; null while nothing was.",
        examples=[None],
    )
    organisation: OrganizationShown
    operator: OperatorShown | None = Field(description="null while nobody has picked the session up.")
    queue: Place | None = Field(
        default=None, description="The customer's place, while nobody has picked the session up."
    )
    introduction: str | None = Field(
        default=None,
        description="Signed: who you are, for the other side, whom the statement does not tell; the viewer sends it first.",
        examples=["eyJhbGciOiJFUzI1NiIsInR5cCI6…"],
    )


class ResumeView(View):
    """The next resume ticket, and how the session is."""

    session_id: str = Field(examples=["ses_01KAH2V5QJ6T8N3W9XZB4C7D0E"])
    state: State
    resume_ticket: str = Field(examples=["eyJhbGciOiJFUzI1NiIsInR5cCI6…"])
    resume_expires_at: datetime
    policy: str | None = Field(
        default=None,
        description="Signed: what was narrowed since the statement was made; null while nothing was.",
        examples=[None],
    )
    relays: list[RelayShown]


class EventView(View):
    """Something that happened."""

    id: str = Field(examples=["evt_01KAH2V5QJ6T8N3W9XZB4C7D0E"])
    type: str = Field(examples=["session.claimed"])
    time: datetime
    data: dict[str, Any]
    forgotten: bool = Field(default=False, description=FORGOTTEN)
