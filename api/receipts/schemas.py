"""Bodies of receipts. Members are those of `wire/receipt_form.py`."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AliasChoices, AwareDatetime, ConfigDict, Field, StringConstraints

from api.kit.schema import Body, View
from api.sessions.modes import Feature, Mode, Party, Recording, Side, WireRole
from wire.limits import MAX_ANSWERS, MAX_GRANT_SPANS, MAX_PAUSE_SPANS

MAX_COUNT = 1_000_000


def _plausible(moment: datetime) -> datetime:
    if not 2020 <= moment.year < 2199:
        raise ValueError("this time is not of our days; set the clock of the machine")
    return moment.astimezone(UTC)


Time = Annotated[AwareDatetime, AfterValidator(_plausible)]
Sender = Annotated[int, Field(ge=1, lt=1 << 16)]
Count = Annotated[int, Field(ge=0, le=MAX_COUNT)]
Grant = Literal["view", "control"] | Feature
Word = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
_BY_ALIAS = ConfigDict(extra="forbid", populate_by_name=True)


class SpanTold(Body):
    """From when to when, by the host's clock; `until` is null while it holds."""

    model_config = _BY_ALIAS

    since: Time = Field(alias="from", examples=["2026-12-01T09:02:10Z"])
    until: Time | None = Field(default=None, examples=["2026-12-01T09:23:10Z"])


class GrantTold(SpanTold):
    """What one viewer was allowed, and when."""

    viewer: Sender = Field(description="Its id on the wire.", examples=[2])
    what: Grant = Field(examples=["view"])


class AnswerTold(Body):
    """The yes or no to one viewer."""

    viewer: Sender = Field(examples=[2])
    yes: bool
    at: Time


class EndTold(Body):
    """How it ended, as the host knows it."""

    by: Party
    reason: Word = Field(examples=["ended"])
    at: Time


class FactsReport(Body):
    """What only the host knows. The whole of it each time; the highest `number` counts."""

    number: Annotated[int, Field(ge=0, le=100_000)] = Field(description="Grows with every change.", examples=[3])
    sent_at: Time = Field(description="The host's clock at this moment, to know how wrong it is.")
    answers: list[AnswerTold] = Field(max_length=MAX_ANSWERS)
    grants: list[GrantTold] = Field(max_length=MAX_GRANT_SPANS)
    pauses: list[SpanTold] = Field(max_length=MAX_PAUSE_SPANS)
    own_input: Count = Field(description="How often the person's own hands took control back.", examples=[0])
    left_out: Count = Field(description="Changes that did not fit.", examples=[0])
    files: list[Any] = Field(default_factory=list, max_length=0, description="Empty: there are no file transfers yet.")
    ended: EndTold | None = Field(default=None, description="Only in the last report.")


class _Shown(View):
    """Part of a receipt."""

    model_config = ConfigDict(serialize_by_alias=True)


class Named(_Shown):
    """Somebody or something by id and name."""

    id: str = Field(examples=["opr_01KAH2V5QJ6T8N3W9XZB4C7D0E"])
    name: str = Field(examples=["Alice Example"])


class AskedBy(Named):
    """Who asked, and how the server knew them."""

    verified: str = Field(examples=["passkey"])


class CustomerNamed(_Shown):
    """The customer, as the organisation wrote it."""

    name: str = Field(examples=["Hanako Yamada"])


class ReferenceNamed(_Shown):
    """What it belongs to in another system."""

    system: str = Field(examples=["zendesk"])
    id: str = Field(examples=["4711"])


class Person(_Shown):
    """One place in the session."""

    sender: int = Field(examples=[2])
    side: Side
    role: WireRole
    guest: bool
    operator: Named | None
    mode: Mode
    joined_at: datetime | None
    admitted_at: datetime | None
    left_at: datetime | None
    removed_at: datetime | None
    bytes_sent: int = Field(examples=[18_231])
    bytes_received: int = Field(examples=[4_711_000])


class Moved(_Shown):
    """Sealed bytes that relays moved."""

    from_host: int = Field(examples=[4_711_000])
    from_viewers: int = Field(examples=[18_231])


class ServersWord(_Shown):
    """What the server saw itself."""

    organisation: Named
    asked_by: AskedBy | None = Field(description="null: made for whoever was free.")
    customer: CustomerNamed | None
    reference: ReferenceNamed | None
    device: Named | None
    mode: Mode
    features: list[str]
    recording: Recording
    created_at: datetime
    claimed_at: datetime | None
    started_at: datetime | None
    ended_at: datetime
    seconds: int = Field(examples=[1260])
    outcome: Literal["ended", "expired"]
    ended_by: Party
    reason: str = Field(examples=["ended"])
    people: list[Person]
    bytes: Moved


class Span(_Shown):
    """From when to when; `until` is null where the host did not say it."""

    since: datetime = Field(validation_alias=AliasChoices("from", "since"), serialization_alias="from")
    until: datetime | None


class GrantSpan(Span):
    """What one viewer was allowed, and when."""

    viewer: int = Field(examples=[2])
    what: str = Field(examples=["view"])


class Answer(_Shown):
    """The yes or no to one viewer."""

    viewer: int = Field(examples=[2])
    yes: bool
    at: datetime


class End(_Shown):
    """How it ended, as the host knew it."""

    by: Party
    reason: str = Field(examples=["ended"])
    at: datetime


class FileMoved(_Shown):
    """A file that was transferred."""

    name: str
    bytes: int
    direction: str
    at: datetime


class HostsWord(_Shown):
    """What the machine told the server whose screen was shown: the server signs that it said so."""

    side: Side
    complete: bool = Field(description="Whether its last word came.")
    received_at: datetime
    clock_ahead_seconds: int = Field(description="By how much its clock was ahead of the server's.", examples=[0])
    answers: list[Answer]
    grants: list[GrantSpan]
    pauses: list[Span]
    own_input: int
    left_out: int
    files: list[FileMoved]
    ended: End | None


class ReceiptBody(_Shown):
    """What happened."""

    version: Literal[1] = 1
    issuer: str = Field(examples=["http://localhost:8080"])
    issued_at: datetime
    session_id: str = Field(examples=["ses_01KAH2V5QJ6T8N3W9XZB4C7D0E"])
    statement_sha256: str = Field(
        description="Of the session statement that both sides saw.",
        examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"],
    )
    server: ServersWord
    host: HostsWord | None = Field(description="null: the host told nothing.")


class KeySet(_Shown):
    """The key that signed it, as a JWK set."""

    keys: list[dict[str, str]]


class ReceiptFile(_Shown):
    """A receipt: `receipt` to read, `signed` the same as it was signed (JWS), and the key. Keep it byte for byte."""

    form: Literal["tasuki-receipt/1"] = "tasuki-receipt/1"
    receipt: ReceiptBody
    signed: str = Field(examples=["eyJhbGciOiJFUzI1NiIsInR5cCI6…"])
    keys: KeySet
