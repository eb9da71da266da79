"""Why a handshake is refused: the HTTP status, a stable slug, and one sentence that helps."""

import json
from http import HTTPStatus


class Refused(Exception):
    """A handshake that is answered with an HTTP error. Carries nothing of what the client sent."""

    def __init__(self, status: HTTPStatus, slug: str, detail: str, **members: str) -> None:
        super().__init__(slug)
        self.status = status
        self.slug = slug
        self.detail = detail
        self.members = members

    @property
    def body(self) -> bytes:
        """`application/problem+json` (RFC 9457), in the form in which the api answers problems."""
        problem = {
            "type": f"/problems/{self.slug}",
            "slug": self.slug,
            "title": self.status.phrase,
            "status": int(self.status),
            "detail": self.detail,
        }
        return json.dumps({**problem, **self.members}).encode()

    @classmethod
    def not_found(cls) -> "Refused":
        return cls(HTTPStatus.NOT_FOUND, "not-found", "WebSocket connections go to /v1/connect.")

    @classmethod
    def bad_request(cls, detail: str) -> "Refused":
        return cls(HTTPStatus.BAD_REQUEST, "bad-request", detail)

    @classmethod
    def ticket(cls, slug: str, detail: str) -> "Refused":
        """A ticket that is missing, wrong, expired or used."""
        return cls(HTTPStatus.UNAUTHORIZED, slug, detail)

    @classmethod
    def origin(cls) -> "Refused":
        return cls(HTTPStatus.FORBIDDEN, "origin-not-allowed", "This ticket was not issued to the page that uses it.")

    @classmethod
    def host_present(cls) -> "Refused":
        return cls(HTTPStatus.FORBIDDEN, "host-present", "This session has another host.")

    @classmethod
    def gone(cls, by: str, reason: str) -> "Refused":
        """The session is over, or this participant was removed from it."""
        return cls(HTTPStatus.GONE, "session-ended", "This session is over.", ended_by=by, reason=reason)

    @classmethod
    def full(cls, detail: str) -> "Refused":
        return cls(HTTPStatus.SERVICE_UNAVAILABLE, "relay-full", detail)

    @classmethod
    def draining(cls) -> "Refused":
        return cls(HTTPStatus.SERVICE_UNAVAILABLE, "relay-draining", "This relay is going away; use the next one.")

    @classmethod
    def not_ready(cls) -> "Refused":
        return cls(
            HTTPStatus.SERVICE_UNAVAILABLE, "relay-not-ready", "This relay does not know its api yet; try again."
        )
