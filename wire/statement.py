"""What the session statement demands of the handshake itself (docs/protocol.md 3). The rest of it is for people and grants.

The statement's bytes are hashed into the transcript, so both ends enforce the same demands or share no key.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, cast, get_args

from wire.errors import Malformed

SHARED_MODES: Final = frozenset({"share", "present"})
"""Modes in which the operator's screen is shown; in all others it is the customer's."""

Verification = Literal["digits", "link", "either"]
VERIFICATIONS: Final[frozenset[str]] = frozenset(get_args(Verification))


@dataclass(frozen=True, slots=True)
class Demands:
    """How the two ends must find out that nobody is between them, and with which suite at least."""

    verification: Verification = "either"
    pq_required: bool = False
    """Only suites with a post-quantum part."""


ANYTHING: Final = Demands()


def role_of(side: str, mode: str) -> str:
    """`host` or `viewer`: what a side (`operator`, `customer`) is in a mode. It follows from what is signed, so that nobody
    can make a host of whom was asked to look."""
    return "host" if (side == "operator") == (mode in SHARED_MODES) else "viewer"


def demands_in(statement: Mapping[str, Any]) -> Demands:
    """The demands of a verified statement: they are in its `policy`. Raises `Malformed`."""
    policy = statement.get("policy", {})
    if not isinstance(policy, dict):
        raise Malformed("the statement's policy is no object")
    return demands_of(policy)


def demands_of(policy: Mapping[str, Any]) -> Demands:
    """The demands among members of policy; those that are missing demand nothing. `Malformed` for what is unknown: a
    demand that is not understood must not be taken for none."""
    verification, pq_required = policy.get("verification", "either"), policy.get("pq_required", False)
    if not isinstance(verification, str) or verification not in VERIFICATIONS:
        raise Malformed("the statement asks for a verification that is not known here")
    if not isinstance(pq_required, bool):
        raise Malformed("the statement's pq_required is not true or false")
    return Demands(cast("Verification", verification), pq_required)
