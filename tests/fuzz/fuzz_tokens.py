"""Tokens: whatever comes in place of one, nothing is believed and nothing but a TokenError comes of it."""

import base64

from tests.fuzz.target import instrumented, run

with instrumented("wire"):
    from wire import introduction, statement, tokens
    from wire.errors import WireError

NOW = 1_900_000_000
KEY = tokens.SigningKey.generate()
KEYS = {KEY.kid: KEY.public_jwk}
ISSUER = "https://help.example"
CLAIMS = {
    "iss": ISSUER, "aud": "ses_1", "sub": "par_3", "sender": 3, "iat": NOW - 1, "exp": NOW + 60, "jti": "tok_1",
    "operator": {"id": "opr_1", "name": "Bob", "verified": "password"}, "purpose": "guest", "mode": "view", "features": [],
    "policy": {"verification": "digits", "pq_required": False},
}  # fmt: skip
GOOD = {typ: tokens.sign(KEY, typ, CLAIMS) for typ in sorted(tokens.TYPES)}


def one_input(data: bytes) -> None:
    """As a token, as the payload of a signed one, and as its claims."""
    text = data.decode("latin-1")
    for typ in (tokens.TICKET, tokens.INTRODUCTION):
        try:
            tokens.verify(text, KEYS, typ, ISSUER, "ses_1", NOW)
        except tokens.TokenError:
            continue
        assert text in GOOD.values()
    head = GOOD[tokens.INTRODUCTION].partition(".")[0]
    body = base64.urlsafe_b64encode(data).rstrip(b"=").decode()
    signature = KEY._key.sign(f"{head}.{body}".encode())
    signed = f"{head}.{body}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"
    try:
        said = introduction.verify(signed, KEYS, issuer=ISSUER, session="ses_1", sender=3, now=NOW)
        assert said.sender == 3
    except tokens.TokenError:
        pass
    try:
        statement.demands_in(tokens.unverified_claims(signed))
    except WireError:
        return


def fuzz(seconds: float) -> None:
    """Start from good tokens of every type, and the claims of one."""
    payload = tokens.canonical(CLAIMS)
    run("tokens", one_input, seconds, [*(token.encode() for token in GOOD.values()), payload, payload[:-1]])
