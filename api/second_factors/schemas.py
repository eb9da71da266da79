"""Bodies of second factors."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from api.auth.methods import Method
from api.auth.schemas import Password, Tokens
from api.kit.schema import Body, View
from api.operators.schemas import Email

Token = Annotated[str, StringConstraints(max_length=4096), Field(description="`mfa_token` of the first step's answer.")]
Code = Annotated[
    str,
    StringConstraints(min_length=1, max_length=40),
    Field(description="Six ASCII digits, or a recovery code.", examples=["492039"]),
]
Phone = Annotated[
    str,
    StringConstraints(pattern=r"^\+[1-9][0-9]{6,14}$"),
    Field(description="With the country code (E.164).", examples=["+819012345678"]),
]
ChallengeId = Annotated[str, StringConstraints(max_length=40), Field(examples=["chl_01KAH2V5QJ6T8N3W9XZB4C7D0E"])]
Credential = Annotated[
    dict[str, Any],
    Field(
        description="What the browser answered, as JSON (`PublicKeyCredential.toJSON()`).",
        examples=[{"id": "AQIDBA", "rawId": "AQIDBA", "type": "public-key", "response": {}}],
    ),
]


class ChallengeRequest(Body):
    """Start a second step that needs something from the server: a code sent, or what a passkey is to sign."""

    mfa_token: Token = Field(examples=["eyJhbGciOiJFUzI1NiIsInR5cCI6…"])
    method: Method = Field(examples=["email"])


class StepUpChallengeRequest(Body):
    """The same for somebody who is signed in."""

    method: Method = Field(examples=["email"])


class ChallengeView(View):
    """What was sent where, or what the passkey is to sign."""

    method: Method
    sent_to: str | None = Field(default=None, description="Shortened.", examples=["a…@example.com"])
    challenge_id: str | None = Field(default=None, examples=[None])
    options: dict[str, Any] | None = Field(
        default=None, description="For `navigator.credentials.get({publicKey})`, as JSON.", examples=[None]
    )
    expires_in: int = Field(description="Seconds.", examples=[600])


class Shown(Body):
    """A proof by one of the methods."""

    method: Method = Field(examples=["totp"])
    code: Code | None = None
    challenge_id: ChallengeId | None = Field(default=None, examples=[None])
    credential: Credential | None = Field(default=None, examples=[None])


class Verify(Shown):
    """The second step."""

    mfa_token: Token = Field(examples=["eyJhbGciOiJFUzI1NiIsInR5cCI6…"])


class StepUp(Body):
    """The password, where no second factor is set up; else one of the second factors."""

    password: Password | None = Field(default=None, examples=[None])
    method: Method | None = Field(default=None, examples=["totp"])
    code: Code | None = None
    challenge_id: ChallengeId | None = Field(default=None, examples=[None])
    credential: Credential | None = Field(default=None, examples=[None])


class Confirm(Body):
    """The code that shows that it works."""

    code: Code


class EmailSetup(Body):
    """Where codes are sent; your own address when left out."""

    email: Email | None = Field(default=None, examples=["alice@example.com"])


class SmsSetup(Body):
    """Where codes are sent."""

    phone: Phone


class TotpOffer(View):
    """For an authenticator app. It counts once a code of it was confirmed."""

    secret: str = Field(description="Base32, 160 bits.", examples=["JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"])
    otpauth_url: str = Field(examples=["otpauth://totp/Tasuki:acme%2Falice?secret=JBSWY3DPEHPK3PXP&issuer=Tasuki"])
    qr_svg: str = Field(description="The same as a picture.", examples=["<svg …></svg>"])


class RecoveryCodes(View):
    """Shown only now. Each is good once, for the day the authenticator is lost."""

    recovery_codes: list[str] = Field(examples=[["k7m2-p4xw-z3hd-tnvb"]])


class Enrolled(View):
    """A second factor is set up."""

    recovery_codes: list[str] | None = Field(
        default=None, description="With the first factor: shown only now.", examples=[["k7m2-p4xw-z3hd-tnvb"]]
    )
    tokens: Tokens | None = Field(
        default=None, description="When the sign-in was waiting for this: it is complete now.", examples=[None]
    )


class FactorView(View):
    """A second factor that is set up."""

    method: Method = Field(examples=["email"])
    sent_to: str | None = Field(default=None, description="Shortened.", examples=["a…@example.com"])
    created_at: datetime


class MfaView(View):
    """What is set up for a second step."""

    required: bool = Field(description="Whether the organisation wants a second factor of you.", examples=[True])
    factors: list[FactorView]
    passkeys: int = Field(examples=[1])
    recovery_codes_left: int = Field(examples=[10])
    offered: list[Method] = Field(
        description="What can be set up on this server.", examples=[["passkey", "totp", "email"]]
    )
