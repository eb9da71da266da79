"""Bodies of sign-in."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints

from api.auth.permissions import Scope
from api.kit.schema import Body, View
from api.machines.schemas import MachineProof, Signature
from api.operators.schemas import OperatorView
from api.organizations.schemas import OrganizationView

Username = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=3, max_length=200, pattern=r"^[^/\s\x00]+/[^/\s\x00]+$"),
    Field(description="`company/login`", examples=["acme/alice"]),
]
Password = Annotated[str, StringConstraints(min_length=1, max_length=1024)]


class TokenForm(BaseModel):
    """The OAuth2 password form."""

    grant_type: Literal["password"] = "password"
    username: Username
    password: Password = Field(examples=["harbor lantern seven maple"])
    machine_id: str | None = Field(default=None, max_length=40, description="The registered machine that this is.")
    machine_challenge_id: str | None = Field(
        default=None, max_length=40, description="Of `POST /v1/auth/machine-challenge`."
    )
    machine_signature: Signature | None = None

    def machine(self) -> MachineProof | None:
        """The machine's proof, when all of it was sent."""
        if self.machine_id is None or self.machine_challenge_id is None or self.machine_signature is None:
            return None
        return MachineProof(
            machine_id=self.machine_id, challenge_id=self.machine_challenge_id, signature=self.machine_signature
        )


class PasswordChange(Body):
    """The present password (or the one-time password) and the one that takes its place."""

    username: Username
    password: Password = Field(examples=["k7m2p-q9xwz-3hdtn-vb4cy"])
    machine: MachineProof | None = Field(
        default=None, description="That this is a registered machine.", examples=[None]
    )
    new_password: Password = Field(
        description="At least 15 characters; any characters, no rules of composition.",
        examples=["harbor lantern seven maple"],
    )


class RefreshRequest(Body):
    """The refresh token; the console sends its cookie instead."""

    refresh_token: Annotated[str, StringConstraints(max_length=200)] | None = Field(
        default=None, examples=["trf_0m2V3oY1uQ5sZc8rK4pWt7xJbNhLgFdE9aCiUoPqRsT"]
    )


class Tokens(View):
    """A short access token, and how to get the next one."""

    access_token: str = Field(examples=["eyJhbGciOiJFUzI1NiIsImtpZCI6…"])
    token_type: Literal["bearer"] = "bearer"
    expires_in: int = Field(description="Seconds until the access token expires.", examples=[600])
    refresh_token: str | None = Field(
        default=None,
        description="Good once. Left out for the console, which gets it as a cookie.",
        examples=["trf_0m2V3oY1uQ5sZc8rK4pWt7xJbNhLgFdE9aCiUoPqRsT"],
    )
    device_secret: str | None = Field(
        default=None,
        description="Once per device: keep it and send it as `X-Tasuki-Device` at the next sign-in, so that wrong passwords of"
        " others do not lock this device out. The console gets it as a cookie.",
        examples=["tkd_0m2V3oY1uQ5sZc8rK4pWt7xJbNhLgFdE9aCiUoPqRsT"],
    )


class ConsoleLink(View):
    """Opens the console in a browser of yours."""

    url: str = Field(examples=["http://localhost:8080/console#enter=tcl_0m2V3oY1uQ5sZc8rK4pWt7xJbNhLgFdE9aCiUoPqRsT"])
    expires_in: int = Field(description="Seconds.", examples=[60])


class ConsoleEntry(Body):
    """What is behind the `#` of the link."""

    secret: Annotated[str, StringConstraints(max_length=200)] = Field(
        examples=["tcl_0m2V3oY1uQ5sZc8rK4pWt7xJbNhLgFdE9aCiUoPqRsT"]
    )


class MeView(View):
    """Who is signed in."""

    operator: OperatorView
    organisation: OrganizationView
    scopes: list[Scope] = Field(
        description="What this token or key may do.", examples=[["me:read", "sessions:read", "sessions:write"]]
    )
