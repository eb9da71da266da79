"""What the api narrowed while sessions run, as far as a relay can hold it: streams, seconds, bytes a second. Pure.

A `policy` token comes from the api itself, over the same channel as `end`: it is read here, not verified. Those it is handed
to verify it: they have no reason to trust a relay.
"""

from dataclasses import dataclass
from typing import Any

from relay.limits import POLICIES, TOMBSTONE_SECONDS
from wire import tokens


@dataclass(frozen=True, slots=True)
class Policy:
    """The newest that is known of a session."""

    session: str
    version: int
    token: str
    features: frozenset[str]
    seconds: int | None
    bytes_per_second: int | None


def read(session: str, token: str) -> Policy:
    """A token of the api for this session; ValueError or `TokenError` when it is not one."""
    claims = tokens.unverified_claims(token)
    if claims.get("sub") != session or claims.get("aud") != session:
        raise ValueError("the policy is for another session")
    limits = claims.get("limits")
    features = claims.get("features")
    if not isinstance(limits, dict) or not isinstance(features, list):
        raise ValueError("the policy has no limits or no features")  # noqa: TRY004 - wrong data, not a wrong type
    return Policy(
        session=session,
        version=_number(claims.get("ver")) or 0,
        token=token,
        features=frozenset(map(str, features)),
        seconds=_number(limits.get("seconds")),
        bytes_per_second=_number(limits.get("bytes_per_second")),
    )


class Policies:
    """The newest of each session, kept until every resume ticket says the same. Times are Unix seconds."""

    def __init__(self) -> None:
        self._newest: dict[str, tuple[Policy, float]] = {}

    def __len__(self) -> int:
        return len(self._newest)

    def put(self, policy: Policy, wall: float) -> bool:
        """Keep it; False when a newer one is known. Of too many the oldest goes: rooms have theirs."""
        known = self.find(policy.session)
        if known and known.version >= policy.version:
            return False
        self._newest.pop(policy.session, None)
        while len(self._newest) >= POLICIES:
            del self._newest[next(iter(self._newest))]
        self._newest[policy.session] = policy, wall + TOMBSTONE_SECONDS
        return True

    def find(self, session: str) -> Policy | None:
        """The newest of a session."""
        found = self._newest.get(session)
        return found[0] if found else None

    def prune(self, wall: float) -> None:
        """Forget those that every ticket knows."""
        self._newest = {session: kept for session, kept in self._newest.items() if kept[1] > wall}


def narrowest(*limits: float | None) -> float | None:
    """The smallest of several limits; None where there is none."""
    return min((limit for limit in limits if limit is not None), default=None)


def _number(value: Any) -> int | None:
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
        raise ValueError("a policy's number is no number")
    return value
