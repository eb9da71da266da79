"""What policy took away while a session runs: the api's `policy` token (docs/protocol.md 7).

A relay hands it on and is not trusted with it: both ends believe it by the keys they were given with the session statement.
It can only take away, so it matters little when it comes; still an older one than the newest known is passed over.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from wire import tokens
from wire.errors import Malformed
from wire.statement import ANYTHING, Demands, demands_of
from wire.tokens import Jwk, TokenClaimsWrong

MAX_FEATURES: Final = 64


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What holds from now on at most."""

    version: int
    features: frozenset[str]
    """Names of what may still be granted beside the screen and its control."""
    seconds: int | None = None
    """The longest session."""
    idle_seconds: int | None = None
    """The longest without anything being done."""
    own_input_first: bool = False
    """The person's own mouse and keyboard go first, and they cannot turn that off."""
    demands: Demands = ANYTHING


class Policies:
    """Believes the tokens of one session, each newer than those before. `clock` gives seconds since 1970."""

    def __init__(self, keys: Mapping[str, Jwk], *, issuer: str, session: str, clock: Callable[[], float]) -> None:
        self._keys, self._issuer, self._session, self._clock = dict(keys), issuer, session, clock
        self._version = 0

    def take(self, token: object) -> Narrowing | None:
        """What a token says; None for one that is not newer. Raises `TokenError` for one that is not to be believed."""
        if not isinstance(token, str):
            raise TokenClaimsWrong("the policy has no token")
        claims = tokens.verify(token, self._keys, tokens.POLICY, self._issuer, self._session, self._clock())
        narrowing = read(claims, self._session)
        if narrowing.version <= self._version:
            return None
        self._version = narrowing.version
        return narrowing


def read(claims: Mapping[str, Any], session: str) -> Narrowing:
    """The claims of a verified token. Raises `TokenClaimsWrong`."""
    version, features = claims.get("ver"), claims.get("features")
    if claims.get("sub") != session:
        raise TokenClaimsWrong("the policy is for another session")
    if not isinstance(version, int) or isinstance(version, bool) or version <= 0:
        raise TokenClaimsWrong("the policy has no version")
    if not isinstance(features, list) or len(features) > MAX_FEATURES or not all(isinstance(f, str) for f in features):
        raise TokenClaimsWrong("the policy's features are no list of names")
    limits, held = _object(claims, "limits"), _object(claims, "policy")
    try:
        demands = demands_of(held)
    except Malformed as error:
        raise TokenClaimsWrong(str(error)) from error
    return Narrowing(
        version=version,
        features=frozenset(features),
        seconds=_seconds(limits, "seconds"),
        idle_seconds=_seconds(held, "idle_seconds"),
        own_input_first=held.get("local_input_priority") is True,
        demands=demands,
    )


def idle_seconds_of(statement: Mapping[str, Any]) -> int | None:
    """The longest time without anything being done, as a session statement says. Raises `TokenClaimsWrong`."""
    return _seconds(_object(statement, "policy"), "idle_seconds")


def _object(claims: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = claims.get(name, {})
    if not isinstance(value, dict):
        raise TokenClaimsWrong(f"the policy's {name} is no object")
    return value


def _seconds(claims: Mapping[str, Any], name: str) -> int | None:
    value = claims.get(name)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
        raise TokenClaimsWrong(f"the policy's {name} is no number of seconds")
    return value
