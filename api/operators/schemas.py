"""Bodies of operators."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints

from api.kit.networks import Networks
from api.kit.schema import Body, Name, View
from api.operators.models import Role
from api.sessions.modes import Mode

Login = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, to_lower=True, min_length=1, max_length=60, pattern=r"^[A-Za-z0-9][A-Za-z0-9._@+-]*$"
    ),
]
_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
Email = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        max_length=254,
        pattern=rf"^[^@\s\x00-\x1f\x7f]{{1,64}}@(localhost|{_LABEL}(\.{_LABEL})*\.[A-Za-z]([A-Za-z0-9-]{{0,61}}[A-Za-z0-9]))$",
    ),
]
"""A mail address: the part after the @ is `localhost` or a domain in ASCII with a dot."""


def _each_once(given: list[Mode]) -> list[Mode]:
    return [mode for mode in Mode if mode in given]


Modes = Annotated[
    list[Mode],
    Field(min_length=0, max_length=8, description="Modes of sessions the operator may start; each is kept once."),
    AfterValidator(_each_once),
]
PolicyId = Annotated[str, StringConstraints(max_length=60)]
MaxSeconds = Annotated[int, Field(ge=60, le=7 * 86_400, description="Longest session, in seconds.")]


class OperatorView(View):
    """An operator and the policy that holds for them."""

    id: str = Field(examples=["opr_01KAH2V5QJ6T8N3W9XZB4C7D0E"])
    login: str = Field(examples=["alice"])
    name: str = Field(examples=["Alice Example"])
    email: str | None = Field(default=None, examples=["alice@example.com"])
    role: Role
    modes: list[Mode] = Field(examples=[["control", "view"]])
    max_session_seconds: int | None = Field(default=None, examples=[3600])
    policy_id: str | None = Field(
        default=None,
        description="Their policy, beside the organisation's.",
        examples=["pol_01KAH2V5QJ6T8N3W9XZB4C7D0E"],
    )
    networks: list[str] = Field(
        default_factory=list,
        description="Signs in from these only, within those of the organisation; empty for anywhere.",
        examples=[["203.0.113.0/24"]],
    )
    suspended: bool = False
    deleted: bool = False
    must_change_password: bool = False
    locked_until: datetime | None = Field(
        default=None,
        description="Until then no password is taken from devices that are not known; null or past when not locked.",
        examples=[None],
    )
    last_sign_in_at: datetime | None = Field(default=None, examples=["2026-12-01T08:59:00Z"])
    created_at: datetime


class OperatorCreate(Body):
    """A new operator. The answer has a one-time password, to be changed at the first sign-in."""

    login: Login = Field(examples=["bob"])
    name: Name = Field(examples=["Bob Example"])
    email: Email | None = Field(default=None, examples=["bob@example.com"])
    role: Role = Role.OPERATOR
    modes: Modes = Field(default_factory=lambda: list(Mode))
    max_session_seconds: MaxSeconds | None = Field(default=None, examples=[3600])
    policy_id: PolicyId | None = Field(default=None, description="Their policy.", examples=[None])
    networks: Networks = Field(default_factory=list)


class OneTimePassword(View):
    """A password that is good only to set another one, shown only now."""

    one_time_password: str = Field(examples=["k7m2p-q9xwz-3hdtn-vb4cy"])


class OperatorCreated(OperatorView):
    """The new operator, and the one-time password, shown only now."""

    one_time_password: str = Field(examples=["k7m2p-q9xwz-3hdtn-vb4cy"])


class OperatorPatch(Body):
    """Only what is given changes. `max_session_seconds: null` takes the limit away."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"modes": ["view"], "max_session_seconds": 1800}]})

    name: Name | None = Field(default=None, examples=["Bob B. Example"])
    email: Email | None = Field(default=None, examples=["bob@example.com"])
    role: Role | None = None
    modes: Modes | None = Field(default=None, examples=[["view"]])
    max_session_seconds: MaxSeconds | None = Field(default=None, examples=[1800])
    policy_id: PolicyId | None = Field(
        default=None, description="Their policy; null: none of their own.", examples=["pol_01KAH2V5QJ6T8N3W9XZB4C7D0E"]
    )
    networks: Networks | None = Field(default=None, examples=[["203.0.113.0/24"]])
    suspended: bool | None = Field(default=None, examples=[False])
    force: bool = Field(
        default=False, description="Set your own networks even if you are in none of them.", examples=[False]
    )
