"""What can go wrong, as a typed tree with stable slugs; translated once, at the edge, to RFC 9457.

A service raises a leaf with one sentence that says what to do. `type` is `/problems/<slug>` and `slug` repeats the last
part. 422 is for request validation only.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

MEDIA_TYPE = "application/problem+json"


class ProblemBody(BaseModel):
    """An error as every operation answers it (RFC 9457, application/problem+json)."""

    model_config = ConfigDict(extra="allow", title="Problem")

    type: str = Field(description="Stable name of the kind of problem.", examples=["/problems/session-ended"])
    slug: str = Field(description="The last part of `type`, to switch on.", examples=["session-ended"])
    title: str = Field(description="What the kind of problem is, in a few words.", examples=["The session is over"])
    status: int = Field(description="The HTTP status, again.", examples=[409])
    detail: str = Field(description="What happened and what to do.", examples=["Start a new session."])
    instance: str = Field(description="Id of this request, as in the server's log.", examples=["req_01KAH2…"])


class Problem(Exception):
    """Base of all. `keep` tells the edge to commit what was written before it was raised."""

    slug: ClassVar[str] = "error"
    title: ClassVar[str] = "Something is wrong"
    status: ClassVar[int] = 400

    def __init__(self, detail: str, *, keep: bool = False, retry_after: int | None = None, **members: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.keep = keep
        self.headers = {} if retry_after is None else {"Retry-After": str(max(retry_after, 1))}
        self.members = members

    def body(self, instance: str) -> dict[str, Any]:
        """The members of the problem document."""
        return self.document(self.detail, instance, self.members)

    @classmethod
    def document(cls, detail: str, instance: str, members: Mapping[str, Any]) -> dict[str, Any]:
        """A problem document of this kind."""
        return {
            "type": f"/problems/{cls.slug}",
            "slug": cls.slug,
            "title": cls.title,
            "status": cls.status,
            "detail": detail,
            "instance": instance,
            **members,
        }


class BadRequest(Problem):
    """400: what was sent cannot be meant."""

    slug = "bad-request"
    title = "The request cannot be understood"


class BadCursor(BadRequest):
    """A cursor that no page of ours gave out."""

    slug = "bad-cursor"
    title = "The cursor is not one of ours"


class ClientHeaderMissing(BadRequest):
    """A cookie was sent without the header that only our own pages can add."""

    slug = "client-header-missing"
    title = "The header X-Tasuki-Client is missing"
    status = 403


class SignatureWrong(BadRequest):
    """An incoming webhook whose signature does not hold."""

    slug = "signature-wrong"
    title = "The signature does not match"
    status = 401


class Unauthenticated(Problem):
    """401: who is asking is not known."""

    slug = "unauthenticated"
    title = "Sign in first"
    status = 401

    def __init__(self, detail: str, **members: Any) -> None:
        super().__init__(detail, **members)
        self.headers["WWW-Authenticate"] = "Bearer"


class SignInFailed(Unauthenticated):
    """Company, login or password is wrong; never which."""

    slug = "sign-in-failed"
    title = "The sign-in failed"


class MfaRequired(Unauthenticated):
    """The password was right; a second step is needed: `mfa_token` and `methods` say how to go on."""

    slug = "mfa-required"
    title = "A second step is needed"


class RefreshRefused(Unauthenticated):
    """A refresh token that is unknown, expired or was used before."""

    slug = "refresh-refused"
    title = "The refresh token is not valid"


class TokenRefused(Unauthenticated):
    """An access token, API key, relay token or resume ticket that is not valid."""

    slug = "token-refused"
    title = "The token is not valid"


class EnrolmentRefused(Unauthenticated):
    """An enrolment token that is not good, or a key whose holder did not sign."""

    slug = "enrolment-refused"
    title = "The enrolment was refused"


class Forbidden(Problem):
    """403: known, but not allowed."""

    slug = "forbidden"
    title = "Not allowed"
    status = 403


class ScopeMissing(Forbidden):
    """The caller's role or key does not include the scope of this operation."""

    slug = "scope-missing"
    title = "The scope for this operation is missing"


class OperatorSuspended(Forbidden):
    """The operator's access is suspended."""

    slug = "operator-suspended"
    title = "The operator is suspended"


class MfaEnrolmentRequired(Forbidden):
    """The organisation wants a second factor and none is set up: `mfa_token` is good for setting one up."""

    slug = "mfa-enrolment-required"
    title = "Set up a second factor first"


class MachineRequired(Forbidden):
    """The organisation lets operators sign in from registered machines only."""

    slug = "machine-required"
    title = "Sign in from a registered machine"


class SecondStepFailed(Forbidden):
    """A code or passkey of a second step that is wrong, expired or used; never which."""

    slug = "second-step-failed"
    title = "The second step failed"


class StepUpRequired(Forbidden):
    """The act needs a fresh proof of who is there: `POST /v1/auth/step-up`, then again."""

    slug = "step-up-required"
    title = "Confirm that it is you"


class PasswordChangeRequired(Forbidden):
    """The password was right, but is good only to set a new one: `one_time` says whether it was meant so, `rules` what holds."""

    slug = "password-change-required"
    title = "A new password is needed"


class NetworkNotAllowed(Forbidden):
    """The address is in none of the networks that the organisation allows this operator."""

    slug = "network-not-allowed"
    title = "Not allowed from this network"


class ModeNotAllowed(Forbidden):
    """The operator's policy does not include this mode."""

    slug = "mode-not-allowed"
    title = "The mode is not allowed for this operator"


class DeviceDisabled(Forbidden):
    """The device may do nothing until it is enabled."""

    slug = "device-disabled"
    title = "The device is disabled"


class ConnectionNotAllowed(Forbidden):
    """The caller may not connect to this device, or not at this hour; `because` lists all reasons."""

    slug = "connection-not-allowed"
    title = "You may not connect to this device now"


class PolicyRefused(Forbidden):
    """Something else than the mode stands against it: hours, address, a missing reason; `refused_because` lists all."""

    slug = "policy-refused"
    title = "Policy does not allow it"


class OriginNotAllowed(Forbidden):
    """A web page of another origin asked."""

    slug = "origin-not-allowed"
    title = "This web page may not ask"


class NotFound(Problem):
    """404: not there, or not yours; never which."""

    slug = "not-found"
    title = "Not found"
    status = 404


class InvitationNotValid(NotFound):
    """An operator's invitation that is unknown, expired, used or replaced: one and the same answer."""

    slug = "invitation-not-valid"
    title = "The invitation is not valid"


class CodeNotValid(NotFound):
    """A code that is unknown, expired or used: one and the same answer."""

    slug = "code-not-valid"
    title = "The code is not valid"


class ReceiptGone(NotFound):
    """The customer was forgotten, or it is too late for them to fetch it here."""

    slug = "receipt-gone"
    title = "There is no receipt any more"
    status = 410


class MethodNotAllowed(Problem):
    """405: the path exists, the method does not."""

    slug = "method-not-allowed"
    title = "The method is not allowed here"
    status = 405


class Conflict(Problem):
    """409: not in this state."""

    slug = "conflict"
    title = "That does not fit the present state"
    status = 409


class LegallyHeld(Conflict):
    """What was to be destroyed must be kept: `holds` names the legal holds that say so."""

    slug = "legal-hold"
    title = "A legal hold stands in the way"


class CustomerForgotten(Conflict):
    """The customer was forgotten: what was sealed for them cannot be opened, and nothing new is kept about them."""

    slug = "customer-forgotten"
    title = "The customer was forgotten"


class AlreadyExists(Conflict):
    """A name that is taken."""

    slug = "already-exists"
    title = "It exists already"


class AlreadyPickedUp(Conflict):
    """Another operator has the session."""

    slug = "already-picked-up"
    title = "Somebody else helps already"


class SessionEnded(Conflict):
    """The session is over."""

    slug = "session-ended"
    title = "The session is over"


class SessionGone(SessionEnded):
    """The session is over, told to a participant that wanted to come back."""

    status = 410


class DeviceUnavailable(Conflict):
    """The device is offline, busy, disabled or wiped; `because` lists all reasons."""

    slug = "device-unavailable"
    title = "The device cannot be connected to now"


class DeviceWiped(Conflict):
    """The enrolment was wiped: the key is refused for ever."""

    slug = "device-wiped"
    title = "The enrolment of the device was wiped"
    status = 410


class ReceiptNotYet(Conflict):
    """A receipt is made when the session is over; `state` says where it is."""

    slug = "receipt-not-yet"
    title = "There is no receipt yet"


class TransitionNotAllowed(Conflict):
    """The state table has no such step."""

    slug = "transition-not-allowed"
    title = "The session cannot do that in its present state"


class IdempotencyMismatch(Conflict):
    """An Idempotency-Key used again with another request."""

    slug = "idempotency-key-reused"
    title = "The Idempotency-Key belongs to another request"


class PayloadTooLarge(Problem):
    """413: over the size limit."""

    slug = "payload-too-large"
    title = "The request is too large"
    status = 413


class Invalid(Problem):
    """422: members that do not validate; `errors` lists them with JSON pointers."""

    slug = "invalid"
    title = "The request does not validate"
    status = 422

    @classmethod
    def at(cls, pointer: str, why: str) -> "Invalid":
        """One member that does not validate, or with `#` the whole body."""
        return cls(why, errors=[{"detail": why, "pointer": pointer}])


class TooManyRequests(Problem):
    """429: slow down; Retry-After says for how long."""

    slug = "too-many-requests"
    title = "Too many attempts"
    status = 429

    def __init__(self, detail: str, *, retry_after: int, headers: Mapping[str, str], **members: Any) -> None:
        super().__init__(detail, retry_after=retry_after, **members)
        self.headers.update(headers)


class Internal(Problem):
    """500: our fault."""

    slug = "internal"
    title = "The server failed"
    status = 500


class Unavailable(Problem):
    """503: not now."""

    slug = "unavailable"
    title = "Not available at the moment"
    status = 503


class NoRelay(Unavailable):
    """No relay is registered and healthy."""

    slug = "no-relay"
    title = "No relay is available"


def catalogue() -> dict[str, type[Problem]]:
    """Every kind of problem by slug, for the pages under /problems/ and the documentation."""
    found: dict[str, type[Problem]] = {}
    waiting: list[type[Problem]] = [Problem]
    while waiting:
        kind = waiting.pop()
        found.setdefault(kind.slug, kind)
        waiting.extend(kind.__subclasses__())
    return dict(sorted(found.items()))
