"""The ways to prove who one is, as they are named everywhere: in bodies, in `amr` of access tokens, in the log."""

from collections.abc import Collection
from enum import StrEnum

from api.auth.permissions import Caller
from api.sessions.modes import Verified


class Method(StrEnum):
    """How somebody proved who they are."""

    PASSWORD = "password"
    TOTP = "totp"
    """A code of an authenticator app."""
    EMAIL = "email"
    SMS = "sms"
    RECOVERY = "recovery"
    PASSKEY = "passkey"


SECOND = (Method.PASSKEY, Method.TOTP, Method.EMAIL, Method.SMS, Method.RECOVERY)
"""What can be a second step, best first."""
SENT = frozenset({Method.EMAIL, Method.SMS})
"""Whose code this server sends."""
AGAIN = frozenset(SECOND) - {Method.RECOVERY}
"""What can confirm a dangerous act, and what makes a second factor: recovery codes are for emergencies only."""


def verified_as(caller: Caller) -> Verified:
    """How a caller proved who they are, in one word for the other side of a session: never more than was really shown."""
    return verified_by(caller.proof.methods) if caller.proof else Verified.by(caller.id)


def verified_by(methods: Collection[str]) -> Verified:
    """The same of somebody who signed in."""
    if Method.PASSKEY in methods:
        return Verified.PASSKEY
    if Method.PASSWORD in methods and any(method in methods for method in SECOND):
        return Verified.SECOND_FACTOR
    return Verified.PASSWORD
