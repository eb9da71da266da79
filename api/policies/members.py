"""The members of a policy: the one place that says which there are, what they may be, and how two of them are narrowed.

A member that a policy does not name is the widest there (docs/policies.md has the table, checked against this file).
To add one: a field here with its rule. What enforces it is in `decisions.py` (whether a session may begin), in the
statement and the `policy` token (host and viewers), or in the relay.
"""

import ipaddress
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints, model_validator

from api.kit.schema import Body
from api.policies.hours import Schedule, schedules_in_order
from api.policies.rules import (
    Allowed,
    Among,
    Applications,
    Consents,
    Demanded,
    Hours,
    Networks,
    Outcomes,
    Rule,
    Smallest,
    Value,
    normal_networks,
)
from api.sessions.modes import Feature, Mode

MAX_NETWORKS: Final = 64
MAX_APPLICATIONS: Final = 64
MAX_APPLICATION_BYTES: Final = 1_200
"""Of all names of one policy together, in UTF-8: they have to fit into a signed statement."""
MAX_SCHEDULES: Final = 4
LONGEST_SECONDS: Final = 7 * 86_400
SHORTEST_SECONDS: Final = 60
LEAST_BYTES_PER_SECOND: Final = 16 * 1024


def _each_once(given: list[Mode]) -> list[Mode]:
    return [mode for mode in Mode if mode in given]


def _network(text: str) -> str:
    """A range; a single address is a range of one. Host bits set are a mistake worth asking about."""
    try:
        return str(ipaddress.ip_network(text))
    except ValueError:
        raise ValueError(
            "an address or a range such as 192.0.2.0/24 or 2001:db8::/32, with no bits behind it"
        ) from None


def _sorted_names(names: list[str]) -> list[str]:
    return sorted({name.casefold() for name in names})


Network = Annotated[str, StringConstraints(strip_whitespace=True, max_length=50), AfterValidator(_network)]
ApplicationName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
NetworkList = Annotated[list[Network], Field(max_length=MAX_NETWORKS), AfterValidator(normal_networks)]
ScheduleList = Annotated[list[Schedule], Field(max_length=MAX_SCHEDULES), AfterValidator(schedules_in_order)]
NameList = Annotated[list[ApplicationName], Field(max_length=MAX_APPLICATIONS), AfterValidator(_sorted_names)]
ModeList = Annotated[list[Mode], Field(max_length=8), AfterValidator(_each_once)]
Ask = Literal["off", "ask", "allow"]
Seconds = Annotated[int, Field(ge=SHORTEST_SECONDS, le=LONGEST_SECONDS)]


class ApplicationLists(Body):
    """Names of applications as the customer's system shows them, without regard to upper and lower case."""

    allow: NameList | None = Field(
        default=None, description="Only these; null or left out: all.", examples=[["firefox", "writer"]]
    )
    deny: NameList = Field(default_factory=list, description="Never these.", examples=[["keepass"]])

    @model_validator(mode="after")
    def _not_too_long(self) -> Self:
        if sum(len(name.encode()) + 3 for name in [*(self.allow or []), *self.deny]) > MAX_APPLICATION_BYTES:
            raise ValueError(f"the names of applications have at most {MAX_APPLICATION_BYTES} bytes together")
        return self


class Members(Body):
    """What a policy says. A member left out, or null, is not narrowed by this policy."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"modes": ["view", "present"], "max_session_seconds": 1800, "reason_required": True}]
        }
    )

    modes: Annotated[ModeList | None, Among("modes", list(Mode))] = Field(
        default=None, description="Modes that may be used.", examples=[["control", "view"]]
    )
    chat: Annotated[bool | None, Allowed("chat")] = Field(
        default=None, description="Whether the two may write to each other.", examples=[True]
    )
    file_to_customer: Annotated[Ask | None, Consents("sending files to the customer")] = Field(
        default=None, description="Files from the operator to the customer's machine.", examples=["ask"]
    )
    file_from_customer: Annotated[Ask | None, Consents("fetching files from the customer")] = Field(
        default=None, description="Files from the customer's machine to the operator.", examples=["off"]
    )
    clipboard_to_customer: Annotated[Ask | None, Consents("putting text on the customer's clipboard")] = Field(
        default=None,
        description="What the operator copies can be pasted on the customer's machine.",
        examples=["allow"],
    )
    clipboard_from_customer: Annotated[Ask | None, Consents("reading the customer's clipboard")] = Field(
        default=None, description="What the customer copies can be pasted by the operator.", examples=["ask"]
    )
    print: Annotated[Ask | None, Consents("printing from the customer's machine")] = Field(
        default=None, description="Pages of the customer's machine on the operator's printer.", examples=["off"]
    )
    voice: Annotated[Ask | None, Consents("talking")] = Field(
        default=None, description="A voice call inside the session.", examples=["ask"]
    )
    video: Annotated[Ask | None, Consents("video")] = Field(
        default=None, description="Pictures of the cameras inside the session.", examples=["off"]
    )
    screenshot: Annotated[Ask | None, Consents("saving pictures of the customer's screen")] = Field(
        default=None, description="The operator may save what is seen.", examples=["ask"]
    )
    system_information: Annotated[Ask | None, Consents("reading facts about the customer's machine")] = Field(
        default=None,
        description="Facts about the customer's machine: processor, memory, disks, versions.",
        examples=["ask"],
    )
    application_selection: Annotated[Ask | None, Consents("choosing which applications are shown")] = Field(
        default=None, description="Only chosen windows are shown.", examples=["allow"]
    )
    application_selection_required: Annotated[bool | None, Demanded("that only chosen applications are shown")] = Field(
        default=None, description="Never the whole screen: windows must be chosen.", examples=[False]
    )
    applications: Annotated[ApplicationLists | None, Applications("applications to be shown or used")] = Field(
        default=None,
        description="Which applications may be shown or used at all.",
        examples=[{"allow": None, "deny": ["keepass"]}],
    )
    recording: Annotated[
        Literal["off", "allowed", "required"] | None,
        Outcomes(
            "recording",
            "allowed",
            {"off": ["no"], "allowed": ["no", "yes"], "required": ["yes"]},
            {
                "off": "does not allow recording",
                "allowed": "allows recording",
                "required": "demands that sessions are recorded",
            },
        ),
    ] = Field(default=None, description="Whether sessions are recorded.", examples=["off"])
    local_input_priority: Annotated[bool | None, Demanded("that the customer's own mouse and keyboard go first")] = (
        Field(
            default=None,
            description="The customer's own mouse and keyboard suspend the operator's input; the customer cannot turn that off.",
            examples=[True],
        )
    )
    max_session_seconds: Annotated[Seconds | None, Smallest("a session", "seconds")] = Field(
        default=None, description="Longest session, in seconds from acceptance.", examples=[3600]
    )
    idle_seconds: Annotated[Seconds | None, Smallest("a session in which nothing is done", "seconds")] = Field(
        default=None, description="A session in which nothing was done for so long ends.", examples=[900]
    )
    max_bytes_per_second: Annotated[
        Annotated[int, Field(ge=LEAST_BYTES_PER_SECOND, le=1 << 34)] | None,
        Smallest("what each side may send", "bytes a second"),
    ] = Field(default=None, description="What each side may send through the relay, a second.", examples=[5_000_000])
    hours: Annotated[ScheduleList | None, Hours("help to begin")] = Field(
        default=None,
        description="When sessions may be made and joined: every schedule must be open. One that runs is not cut.",
        examples=[
            [
                {
                    "time_zone": "Asia/Tokyo",
                    "windows": [{"days": ["monday", "tuesday"], "begin": "09:00", "end": "18:00"}],
                }
            ]
        ],
    )
    reason_required: Annotated[bool | None, Demanded("a reference or a reason for each session")] = Field(
        default=None, description="A session needs a `reference` or a `purpose`.", examples=[True]
    )
    verification: Annotated[
        Literal["digits", "link", "either"] | None,
        Outcomes(
            "how the two sides are verified",
            "either",
            {"digits": ["digits"], "link": ["link"], "either": ["digits", "link"]},
            {
                "digits": "demands that six digits are read out and typed",
                "link": "demands that customers join by a link with a secret",
                "either": "leaves open whether digits or a link verify the two sides",
            },
        ),
    ] = Field(default=None, description="How the two sides prove that nobody is in between.", examples=["digits"])
    networks: Annotated[NetworkList | None, Networks("operators to work")] = Field(
        default=None, description="Addresses from which operators may work.", examples=[["192.0.2.0/24"]]
    )
    machines_required: Annotated[bool | None, Demanded("a registered machine")] = Field(
        default=None, description="Operators must work on a machine that is registered.", examples=[False]
    )
    second_factor_required: Annotated[bool | None, Demanded("a sign-in with a second factor")] = Field(
        default=None, description="Operators must have signed in with a second factor.", examples=[True]
    )
    store_device_identifiers: Annotated[bool | None, Allowed("keeping what identifies the customer's machine")] = Field(
        default=None,
        description="Host name, serial numbers, MAC addresses and the like of the customer's machine may be stored.",
        examples=[False],
    )
    native_viewer_required: Annotated[bool | None, Demanded("the installed viewer, not a browser")] = Field(
        default=None, description="The operator must not use a browser to see the screen.", examples=[False]
    )
    pq_required: Annotated[bool | None, Demanded("keys that hold against quantum computers")] = Field(
        default=None, description="Only with the hybrid key agreement (X25519 and ML-KEM-768).", examples=[False]
    )


def _rule(metadata: list[Any]) -> Rule:
    return next(item for item in metadata if isinstance(item, Rule))


RULES: Final[Mapping[str, Rule]] = {name: _rule(field.metadata) for name, field in Members.model_fields.items()}
"""The rule of each member, in the order in which they are shown."""
WIDEST: Final[Mapping[str, Value]] = {name: rule.widest for name, rule in RULES.items()}

HOST_MEMBERS: Final = (
    "applications",
    "application_selection_required",
    "idle_seconds",
    "local_input_priority",
    "native_viewer_required",
    "pq_required",
    "store_device_identifiers",
    "verification",
    *(feature for feature in Feature),
)
"""What both ends are told beside mode, features and limits: the members that only they can hold."""


def said(members: Members) -> dict[str, Value]:
    """What a policy really says, as plain JSON in normal form."""
    plain: dict[str, Value] = members.model_dump(mode="json", exclude_none=True)
    if members.applications is not None:
        plain["applications"] = members.applications.model_dump(mode="json")
    return plain


def narrow(one: Mapping[str, Value], other: Mapping[str, Value]) -> dict[str, Value]:
    """Two whole or partial sets of members as one whole set; what is missing is the widest."""
    return {name: rule.narrow(one.get(name, rule.widest), other.get(name, rule.widest)) for name, rule in RULES.items()}
