"""Introductions: who is believed, and every lie that is not."""

from typing import Any

import pytest

from wire import introduction, tokens
from wire.tokens import SigningKey, TokenError

NOW = 1_900_000_000
KEY = SigningKey.generate()
KEYS = {KEY.kid: KEY.public_jwk}
CLAIMS: dict[str, Any] = {
    "iss": "https://help.example",
    "aud": "ses_1",
    "sub": "par_3",
    "sender": 3,
    "operator": {"id": "opr_2", "name": "Bob Example", "verified": "password"},
    "purpose": "transfer",
    "mode": "control",
    "features": ["chat"],
    "iat": NOW - 5,
    "exp": NOW + 300,
    "jti": "tok_1",
}


def verify(token: str, **instead: Any) -> introduction.Introduction:
    asked: dict[str, Any] = {
        "issuer": "https://help.example",
        "session": "ses_1",
        "sender": 3,
        "now": float(NOW),
    } | instead
    return introduction.verify(token, KEYS, **asked)


def signed(**instead: Any) -> str:
    return tokens.sign(KEY, tokens.INTRODUCTION, {**CLAIMS, **instead})


def test_an_introduction_says_who_comes_and_what_for() -> None:
    said = verify(signed(organisation={"id": "org_1", "name": "Acme Support"}))
    assert (said.operator, said.verified, said.organisation) == ("Bob Example", "password", "Acme Support")
    assert (said.purpose, said.mode, said.features, said.sender) == ("transfer", "control", frozenset({"chat"}), 3)
    assert verify(signed()).organisation is None


LIES: dict[str, dict[str, Any]] = {
    "of another session": {"aud": "ses_2"},
    "of another server": {"iss": "https://evil.example"},
    "of another participant": {"sender": 4},
    "of a participant that is true": {"sender": True},
    "expired": {"iat": NOW - 600, "exp": NOW - 1},
    "from the future": {"iat": NOW + 60, "exp": NOW + 300},
    "for another purpose": {"purpose": "recording"},
    "for no purpose": {"purpose": None},
    "for a purpose of another kind": {"purpose": ["transfer"]},
    "of nobody": {"operator": None},
    "of nobody by name": {"operator": {"id": "opr_2", "verified": "password"}},
    "of an endless name": {"operator": {"id": "opr_2", "name": "x" * 257, "verified": "password"}},
    "of an organisation without a name": {"organisation": {"id": "org_1"}},
    "with features that are none": {"features": "chat"},
    "with features of another kind": {"features": [7]},
    "with features without end": {"features": ["chat"] * 65},
    "without a mode": {"mode": None},
}


@pytest.mark.rule("R15")
@pytest.mark.parametrize("lie", LIES.values(), ids=LIES.keys())
def test_lying_introductions_are_refused(lie: dict[str, Any]) -> None:
    with pytest.raises(TokenError):
        verify(signed(**lie))


@pytest.mark.rule("R07")
@pytest.mark.parametrize("typ", sorted(tokens.TYPES - {tokens.INTRODUCTION}))
def test_another_token_is_no_introduction(typ: str) -> None:
    with pytest.raises(TokenError):
        verify(tokens.sign(KEY, typ, CLAIMS))


def test_a_key_of_somebody_else_introduces_nobody() -> None:
    with pytest.raises(TokenError):
        verify(tokens.sign(SigningKey.generate(), tokens.INTRODUCTION, CLAIMS))
