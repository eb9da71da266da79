"""Settings of an organisation: their types, defaults and bounds, how a change is merged, and what they mean for whom.

Stored is only what differs from the defaults, so that a better default reaches organisations that never chose.
"""

from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, ValidationError, model_validator

from api.kit.networks import Networks
from api.kit.schema import Body, View
from api.operators.models import Role
from api.operators.schemas import Email
from api.organizations.models import Organization
from api.problems import Invalid

SINGLE_FACTOR_CHARACTERS = 15
"""Shortest password when nothing else is asked for (NIST SP 800-63B-4, 3.1.1.2)."""
MULTI_FACTOR_CHARACTERS = 8
"""Shortest password where a second factor is enforced (the same)."""
MAX_REUSE = 12
"""Past passwords that can be kept: each costs a whole argon2id when a password is changed."""


class Whom(StrEnum):
    """Whom something is required of."""

    OFF = "off"
    ADMINISTRATORS = "administrators"
    EVERYONE = "everyone"

    def includes(self, role: str) -> bool:
        """Whether somebody with this role is meant."""
        return self is Whom.EVERYONE or (self is Whom.ADMINISTRATORS and role == Role.ADMINISTRATOR)


class Machines(StrEnum):
    """Whether operators sign in from registered machines only."""

    OFF = "off"
    REQUIRED = "required"


MinLength = Annotated[
    int | None,
    Field(
        ge=MULTI_FACTOR_CHARACTERS,
        le=64,
        description="Shortest password. Null: 15, and 8 for operators of whom a second factor is required (NIST SP 800-63B-4).",
        examples=[None],
    ),
]
MaxLength = Annotated[
    int | None,
    Field(ge=20, le=1024, description="Longest password; null for no limit but 1024 bytes.", examples=[None]),
]
RequireSymbols = Annotated[
    bool, Field(description="A letter, a digit and a symbol, as older rules want; not recommended.", examples=[False])
]
MaxAgeDays = Annotated[
    int | None,
    Field(ge=1, le=3650, description="After this a new password is asked for; null for never.", examples=[None]),
]
ReuseLast = Annotated[
    int, Field(ge=0, le=MAX_REUSE, description="How many of the last passwords may not be used again.", examples=[0])
]
RefuseLeaked = Annotated[bool, Field(description="Refuse passwords that are on lists of leaked ones.", examples=[True])]
RefuseGuessable = Annotated[bool, Field(description="Refuse passwords that are easily guessed.", examples=[True])]
LockFailures = Annotated[
    int, Field(ge=0, le=100, description="Wrong passwords in a row that lock the account; 0 for never.", examples=[3])
]
LockMinutes = Annotated[
    int, Field(ge=1, le=1440, description="For how long; failures older than this are forgotten.", examples=[15])
]
SecondFactor = Annotated[Whom, Field(description="Of whom a second factor is required.", examples=["administrators"])]
MachinesRequired = Annotated[
    Machines, Field(description="Whether operators sign in from registered machines only.", examples=["off"])
]
MacRequired = Annotated[
    bool,
    Field(
        description="Whether the MAC address a machine states must be the registered one too. Weak: anybody can state any.",
        examples=[False],
    ),
]
EntryLink = Annotated[
    Whom, Field(description="Who signs in only with the organisation's entry link.", examples=["off"])
]
RetentionMonths = Annotated[
    int | None,
    Field(ge=1, le=120, description="Months; null for ever. What a legal hold covers stays.", examples=[12]),
]

WitnessEmails = Annotated[
    list[Email],
    Field(
        max_length=10,
        description="Who is mailed signed checkpoints of the administrative log, so that it cannot be written anew unnoticed."
        " Best somebody who has nothing to do with this server.",
        examples=[["auditor@example.org"]],
    ),
]
WitnessHours = Annotated[
    int,
    Field(ge=1, le=720, description="How often, if lines have come; webhooks `audit.checkpoint` too.", examples=[24]),
]
WitnessLanguage = Annotated[Literal["en", "ja"], Field(description="Of the mails.", examples=["en"])]


class PasswordSettings(View):
    """What a new password must be."""

    min_length: MinLength = None
    max_length: MaxLength = None
    require_symbols: RequireSymbols = False
    max_age_days: MaxAgeDays = None
    reuse_last: ReuseLast = 0
    refuse_leaked: RefuseLeaked = True
    refuse_guessable: RefuseGuessable = True

    @model_validator(mode="after")
    def _some_length_fits(self) -> Self:
        shortest = self.min_length or SINGLE_FACTOR_CHARACTERS
        if self.max_length is not None and self.max_length < shortest:
            raise ValueError("max_length must not be less than min_length")
        return self


class LockSettings(View):
    """When wrong passwords lock an account, and for how long."""

    failures: LockFailures = 3
    minutes: LockMinutes = 15


class RetentionSettings(View):
    """How long records are kept: sessions with everything that hangs on them, and the administrative log."""

    months: RetentionMonths = 12


class AuditSettings(View):
    """Who outside keeps checkpoints of the administrative log."""

    witness_emails: WitnessEmails = Field(default_factory=list)
    witness_every_hours: WitnessHours = 24
    witness_language: WitnessLanguage = "en"


class OrganizationSettings(View):
    """How people of the organisation sign in, how long records are kept, and who witnesses them."""

    password: PasswordSettings = PasswordSettings()
    lock: LockSettings = LockSettings()
    second_factor: SecondFactor = Whom.OFF
    networks: Networks = Field(default_factory=list)
    machines: MachinesRequired = Machines.OFF
    mac_required: MacRequired = False
    entry_link: EntryLink = Whom.OFF
    retention: RetentionSettings = RetentionSettings()
    audit: AuditSettings = AuditSettings()


_UNSET: Any = None
"""Of a member that was not sent: it cannot be sent as null unless its type says so."""


class PasswordPatch(Body):
    """Only what is given changes."""

    min_length: MinLength = None
    max_length: MaxLength = None
    require_symbols: RequireSymbols = _UNSET
    max_age_days: MaxAgeDays = None
    reuse_last: ReuseLast = _UNSET
    refuse_leaked: RefuseLeaked = _UNSET
    refuse_guessable: RefuseGuessable = _UNSET


class LockPatch(Body):
    """Only what is given changes."""

    failures: LockFailures = _UNSET
    minutes: LockMinutes = _UNSET


class RetentionPatch(Body):
    """Only what is given changes."""

    months: RetentionMonths = None


class AuditPatch(Body):
    """Only what is given changes; the list of addresses as a whole."""

    witness_emails: WitnessEmails = _UNSET
    witness_every_hours: WitnessHours = _UNSET
    witness_language: WitnessLanguage = _UNSET


class SettingsPatch(Body):
    """Only what is given changes, in `password`, `lock`, `retention` and `audit` too; `networks` is replaced as a whole."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"lock": {"failures": 5}, "second_factor": "administrators"}]}
    )

    password: PasswordPatch = _UNSET
    lock: LockPatch = _UNSET
    second_factor: SecondFactor = _UNSET
    networks: Networks = _UNSET
    machines: MachinesRequired = _UNSET
    mac_required: MacRequired = _UNSET
    entry_link: EntryLink = _UNSET
    retention: RetentionPatch = _UNSET
    audit: AuditPatch = _UNSET


def settings_of(organization: Organization) -> OrganizationSettings:
    """The settings that hold, defaults and all."""
    return OrganizationSettings.model_validate(organization.settings)


def merged(current: OrganizationSettings, patch: SettingsPatch) -> OrganizationSettings:
    """The settings after a change; Invalid when they do not fit one another."""
    wanted = current.model_dump()
    for name, value in patch.model_dump(exclude_unset=True).items():
        wanted[name] = wanted[name] | value if isinstance(value, dict) else value
    try:
        return OrganizationSettings.model_validate(wanted)
    except ValidationError as error:
        first = error.errors()[0]
        where = "/".join(["#/settings", *map(str, first["loc"])])
        raise Invalid.at(where, str(first["msg"]).removeprefix("Value error, ")) from error


def stored(settings: OrganizationSettings) -> dict[str, Any]:
    """As it goes into the table: what differs from the defaults."""
    return settings.model_dump(mode="json", exclude_defaults=True)


def second_factor_enforced(settings: OrganizationSettings, role: str) -> bool:
    """Whether somebody with this role cannot sign in with a password alone."""
    return settings.second_factor.includes(role)


def shortest_password(settings: OrganizationSettings, role: str) -> int:
    """Characters a password must have at least."""
    if settings.password.min_length is not None:
        return settings.password.min_length
    return MULTI_FACTOR_CHARACTERS if second_factor_enforced(settings, role) else SINGLE_FACTOR_CHARACTERS
