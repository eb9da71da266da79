"""Bodies between relays and the api."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, StringConstraints

from api.kit.schema import Body, Name, View
from api.sessions.modes import Party


def _reachable(url: str) -> str:
    try:
        parts = urlsplit(url)
        good = bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good:
        raise ValueError("the address of a relay looks like wss://relay1.example.com:8443")
    return url


RelayUrl = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        max_length=200,
        pattern=r"^wss?://([A-Za-z0-9][A-Za-z0-9.\-]*|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?/?$",
    ),
    AfterValidator(_reachable),
]
MAX_REPORTS = 500
MAX_CONNECTIONS = 1_000_000
MAX_REPORT_BYTES = 1 << 50
MAX_REPORT_SECONDS = 31_536_000.0


class RelayRegister(Body):
    """What a relay says of itself when it starts."""

    public_url: RelayUrl = Field(description="Where endpoints reach it.", examples=["wss://relay1.example.com"])
    version: Annotated[str, StringConstraints(max_length=60)] = Field(examples=["0.1.0"])
    region: Name | None = Field(default=None, examples=["tokyo"])
    capacity: Annotated[int, Field(ge=1, le=1_000_000)] | None = Field(
        default=None, description="Sessions it is meant for.", examples=[500]
    )


class Tombstone(View):
    """A session that is over, or a participant who was sent out of one; tickets for it may still be out."""

    session_id: str = Field(examples=["ses_01KAH2V5QJ6T8N3W9XZB4C7D0E"])
    sender: int | None = Field(default=None, description="Only this participant, not the session.", examples=[3])
    by: str = Field(examples=["operator"])
    reason: str = Field(examples=["ended"])
    until: datetime = Field(description="When the last ticket has expired.")


class RelayRegistered(View):
    """What a relay needs to verify tickets by itself."""

    relay_id: str = Field(examples=["rel_01KAH2V5QJ6T8N3W9XZB4C7D0E"])
    issuer: str = Field(examples=["https://support.example.com"])
    heartbeat_seconds: float = Field(examples=[10.0])
    jwks: dict[str, Any] = Field(description="JWK set (RFC 7517).", examples=[{"keys": []}])
    tombstones: list[Tombstone]


class Heartbeat(Body):
    """How busy a relay is."""

    sessions: Annotated[int, Field(ge=0, le=MAX_CONNECTIONS)] = Field(examples=[12])
    participants: Annotated[int, Field(ge=0, le=MAX_CONNECTIONS)] = Field(examples=[25])
    draining: bool = Field(default=False, examples=[False])


class Empty(View):
    """Nothing to say."""


class Command(View):
    """Something the relay must do."""

    id: int = Field(examples=[17])
    type: str = Field(description="`end`, `kick`, `policy` or `drain`.", examples=["end"])
    session_id: str | None = Field(default=None, examples=["ses_01KAH2V5QJ6T8N3W9XZB4C7D0E"])
    sender: int | None = Field(default=None, description="Whom `kick` closes and refuses.", examples=[3])
    by: str | None = Field(default=None, examples=["operator"])
    reason: str | None = Field(default=None, examples=["ended"])
    token: str | None = Field(default=None, description="Of `policy`: signed, for the session.", examples=[None])


class Commands(View):
    """Commands in order; ask again with `after` set to the last id."""

    commands: list[Command]


class ReportType(StrEnum):
    """What a relay tells."""

    JOINED = "joined"
    LEFT = "left"
    ADMITTED = "admitted"
    ENDED = "ended"
    PAUSED = "paused"
    RESUMED = "resumed"
    USAGE = "usage"


class Report(Body):
    """One thing that happened on a relay. `bytes_*` and `seconds` are what was added since the report before."""

    id: Annotated[str, StringConstraints(min_length=1, max_length=100)] = Field(
        description="Unique; a report sent twice counts once.", examples=["rpt_5f2c0c7e"]
    )
    session_id: Annotated[str, StringConstraints(max_length=60)] = Field(examples=["ses_01KAH2V5QJ6T8N3W9XZB4C7D0E"])
    type: ReportType
    time: datetime
    sender: Annotated[int, Field(ge=1, le=65_535)] | None = Field(default=None, examples=[2])
    by: Party | None = Field(default=None, examples=["customer"])
    reason: Annotated[str, StringConstraints(max_length=200)] | None = Field(default=None, examples=["ended"])
    bytes_in: Annotated[int, Field(ge=0, le=MAX_REPORT_BYTES)] = Field(default=0, examples=[1024])
    bytes_out: Annotated[int, Field(ge=0, le=MAX_REPORT_BYTES)] = Field(default=0, examples=[1_048_576])
    seconds: Annotated[float, Field(ge=0, le=MAX_REPORT_SECONDS, allow_inf_nan=False)] = Field(
        default=0, examples=[10.0]
    )


class Reports(Body):
    """Reports in the order in which things happened."""

    reports: Annotated[list[Report], Field(max_length=MAX_REPORTS)]


class ReportsTaken(View):
    """How many were new and could be used. The others need not be sent again either."""

    accepted: int = Field(examples=[1])


class RelayView(View):
    """A relay and its health."""

    id: str = Field(examples=["rel_01KAH2V5QJ6T8N3W9XZB4C7D0E"])
    public_url: str = Field(examples=["wss://relay1.example.com"])
    region: str | None = None
    version: str | None = None
    healthy: bool
    draining: bool
    sessions: int
    participants: int
    heartbeat_at: datetime | None = None
