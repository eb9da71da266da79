"""What the browser believes of a `policy` token: the cases of tests/unit/agent/test_policy.py, by the other implementation."""

from typing import Any

import pytest
from playwright.sync_api import Page

from wire import tokens

pytestmark = pytest.mark.browser

KEY, OTHER = tokens.SigningKey.generate(), tokens.SigningKey.generate()
ISSUER = "https://help.example"
NOW = 1_900_000_000
TAKE = """async ([keys, list, now]) => {
    const { Policies } = await import('/web/core/policy.js');
    const policies = new Policies(async () => ({ keys }), 'https://help.example', 'ses_1', () => now);
    const found = [];
    for (const token of list) found.push(await policies.take(token).catch((error) => error.constructor.name));
    return found;
}"""


def token(version: int = 1, key: tokens.SigningKey = KEY, typ: str = tokens.POLICY, **changes: Any) -> str:
    claims = {
        "iss": ISSUER, "aud": "ses_1", "sub": "ses_1", "iat": NOW - 1, "exp": NOW + 300, "jti": f"tok_{version}",
        "ver": version, "features": ["chat"], "limits": {"seconds": 60, "bytes_per_second": None}, "policy": {},
    }  # fmt: skip
    return tokens.sign(key, typ, {**claims, **changes})


def take(page: Page, *given: Any) -> list[Any]:
    found: list[Any] = page.evaluate(TAKE, [[OTHER.public_jwk | {"kid": "x"}, KEY.public_jwk], list(given), NOW])
    return found


def test_a_signed_policy_is_taken_once_and_never_an_older_one(blank: Page) -> None:
    told = {"version": 2, "features": ["chat"], "seconds": 60}
    free = token(3, limits={"seconds": None, "bytes_per_second": None}, features=[])
    after = {"version": 3, "features": [], "seconds": None}
    assert take(blank, token(2), token(2), token(1), free) == [told, None, None, after]


def test_a_lying_relay_or_tampered_token_changes_nothing(blank: Page) -> None:
    good = token()
    head, payload, signature = good.split(".")
    forged = [
        token(key=OTHER), token(typ=tokens.STATEMENT), token(aud="ses_2"), token(sub="ses_2"), token(iss="https://evil.example"),
        token(exp=NOW - 1, iat=NOW - 300), token(iat=NOW + 120, exp=NOW + 300), token(ver=0), token(ver="2"), token(ver=True),
        token(features="chat"), token(features=[1]), token(features=["x"] * 65), token(limits={"seconds": -1}),
        good[:-2], f"{head}.{payload}", f"{head}.{token(9).split('.')[1]}.{signature}", "three.small.words", "", None, 7,
        "a" * 9000,
    ]  # fmt: skip
    answers = take(blank, *forged, good)
    assert answers[:-1] == ["Forged"] * len(forged)
    assert answers[-1]["version"] == 1, "and does not stand in the way of the true one"
