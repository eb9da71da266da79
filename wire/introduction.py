"""An introduction: the api's word for an operator whom the session statement does not name (docs/protocol.md 3).

Who took a session over, was asked as a guest or picked it up from a queue was not known when the statement was signed. Such
a viewer carries this token in its first message. The host believes it by the keys it was given when it joined, and shows
what it says in the question; the viewer can change nothing in it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, cast, get_args

from wire import tokens
from wire.tokens import Jwk, TokenClaimsWrong

Purpose = Literal["transfer", "guest", "pick-up"]
PURPOSES: Final[frozenset[str]] = frozenset(get_args(Purpose))
MAX_FEATURES: Final = 64


@dataclass(frozen=True, slots=True)
class Introduction:
    """Who wants to come in, for whom, what for, and what they may be granted at most. Texts are as signed, not cleaned."""

    sender: int
    """The participant's u16 sender id: nobody else may use it."""
    operator_id: str
    operator: str
    verified: str
    organisation: str | None
    """Where it differs from the statement's."""
    purpose: Purpose
    mode: str
    features: frozenset[str]


def verify(token: str, keys: Mapping[str, Jwk], *, issuer: str, session: str, sender: int, now: float) -> Introduction:
    """What a token says, once it is known to be the api's, for this session and this sender, and in time.

    `keys` are those that the host was given with the session statement, `now` seconds since 1970. Raises `TokenError`.
    """
    claims = tokens.verify(token, keys, tokens.INTRODUCTION, issuer, session, now)
    operator = claims.get("operator")
    if not isinstance(operator, dict):
        raise TokenClaimsWrong("the introduction names no operator")
    if claims.get("sender") != sender or isinstance(claims.get("sender"), bool):
        raise TokenClaimsWrong("the introduction is another participant's")
    purpose, features = claims.get("purpose"), claims.get("features")
    if not isinstance(purpose, str) or purpose not in PURPOSES:
        raise TokenClaimsWrong("the introduction is for a purpose that is not known here")
    if not isinstance(features, list) or len(features) > MAX_FEATURES:
        raise TokenClaimsWrong("the introduction's features are no list")
    return Introduction(
        sender=sender,
        operator_id=_text(operator, "id"),
        operator=_text(operator, "name"),
        verified=_text(operator, "verified"),
        organisation=_organisation(claims),
        purpose=cast("Purpose", purpose),
        mode=_text(claims, "mode"),
        features=frozenset(_text({"feature": feature}, "feature") for feature in features),
    )


def _organisation(claims: Mapping[str, Any]) -> str | None:
    organisation = claims.get("organisation")
    if organisation is None:
        return None
    if not isinstance(organisation, dict):
        raise TokenClaimsWrong("the introduction's organisation is no object")
    return _text(organisation, "name")


def _text(holder: Mapping[str, Any], name: str) -> str:
    value = holder.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= tokens.MAX_NAME_CHARACTERS:
        raise TokenClaimsWrong(f"the introduction has no proper {name}")
    return value
