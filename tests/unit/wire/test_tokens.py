"""R07: one token module, one algorithm; every trick that the JWT library itself would accept is refused."""

import base64
import hashlib
import hmac
import json
import string
from collections.abc import Mapping
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from hypothesis import given
from hypothesis import strategies as st

from wire import tokens
from wire.errors import WireError
from wire.limits import MAX_TOKEN_BYTES
from wire.tokens import SigningKey, TokenError

pytestmark = pytest.mark.rule("R07")

NOW = 1_800_000_000
ISSUER = "https://tasuki.example"
KEY = SigningKey.generate()
KEYS = {KEY.kid: KEY.public_jwk}
GOOD: dict[str, Any] = {
    "iss": ISSUER, "aud": "rel_1", "sub": "par_1", "iat": NOW, "exp": NOW + 60, "jti": "jti_1", "snd": 2,
}  # fmt: skip
HEADER = {"alg": "ES256", "typ": tokens.TICKET, "kid": KEY.kid}


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def encoded(document: object) -> str:
    return b64(json.dumps(document).encode())


def forge(header: object, payload: object | bytes, key: SigningKey = KEY) -> str:
    """A token with any header and payload under a genuine ES256 signature."""
    body = b64(payload) if isinstance(payload, bytes) else encoded(payload)
    head = b64(header) if isinstance(header, bytes) else encoded(header)
    signature = key._key.sign(f"{head}.{body}".encode())
    return f"{head}.{body}.{b64(signature)}"


def hmac_signed(header: Mapping[str, object], secret: bytes) -> str:
    head, body = encoded(header), encoded(GOOD)
    return f"{head}.{body}.{b64(hmac.new(secret, f'{head}.{body}'.encode(), hashlib.sha256).digest())}"


def check(token: str, **changes: Any) -> dict[str, Any]:
    arguments: dict[str, Any] = {"typ": tokens.TICKET, "issuer": ISSUER, "audience": "rel_1", "now": NOW, **changes}
    return tokens.verify(token, arguments.pop("keys", KEYS), **arguments)


def public_bytes(encoding: Encoding) -> bytes:
    private = load_pem_private_key(KEY.to_pem(), password=None)
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    return private.public_key().public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo)


def test_a_good_token_is_believed() -> None:
    token = tokens.sign(KEY, tokens.TICKET, GOOD)
    assert check(token) == GOOD


def test_the_payload_is_canonical_json() -> None:
    token = tokens.sign(KEY, tokens.STATEMENT, {**GOOD, "name": "株式会社 ä", "b": {"d": 1, "c": [1, 2]}})
    assert (
        tokens.payload_bytes(token)
        == (
            '{"aud":"rel_1","b":{"c":[1,2],"d":1},"exp":1800000060,"iat":1800000000,'
            '"iss":"https://tasuki.example","jti":"jti_1","name":"株式会社 ä","snd":2,"sub":"par_1"}'
        ).encode()
    )


def test_several_audiences() -> None:
    token = tokens.sign(KEY, tokens.RESUME, {**GOOD, "aud": ["rel_1", "rel_2"]})
    assert check(token, typ=tokens.RESUME, audience="rel_2")["aud"] == ["rel_1", "rel_2"]
    assert check(token, typ=tokens.RESUME, audience=frozenset({"rel_2", "rel_9"}))
    with pytest.raises(tokens.TokenAudienceWrong):
        check(token, typ=tokens.RESUME, audience="rel_3")
    with pytest.raises(tokens.TokenAudienceWrong):
        check(token, typ=tokens.RESUME, audience=frozenset())


HMAC_SECRETS = {
    "der": public_bytes(Encoding.DER),
    "base64-der": base64.b64encode(public_bytes(Encoding.DER)),
    "pem": public_bytes(Encoding.PEM),
    "empty": b"",
    "jwk": json.dumps(KEY.public_jwk).encode(),
}


@pytest.mark.parametrize("secret", HMAC_SECRETS.values(), ids=HMAC_SECRETS.keys())
@pytest.mark.parametrize("algorithm", ["HS256", "ES256"])
def test_public_keys_are_never_hmac_secrets(secret: bytes, algorithm: str) -> None:
    with pytest.raises(TokenError):
        check(hmac_signed({**HEADER, "alg": algorithm}, secret))


@pytest.mark.parametrize(
    "key",
    [b"", b"secret", public_bytes(Encoding.DER), public_bytes(Encoding.PEM).decode()],
    ids=["empty", "secret", "der", "pem"],
)
def test_only_key_objects_verify(key: Any) -> None:
    with pytest.raises((TokenError, AttributeError)):
        check(tokens.sign(KEY, tokens.TICKET, GOOD), keys={KEY.kid: key})


@pytest.mark.parametrize(
    "jwk",
    [
        {"kty": "oct", "k": b64(b"secret")},
        {**KEY.public_jwk, "crv": "P-384"},
        {**KEY.public_jwk, "x": "AAAA"},
        {**KEY.public_jwk, "d": b64(b"1" * 32)},
        {"kty": "EC", "crv": "P-256"},
    ],
    ids=["oct", "other-curve", "off-curve", "private", "no-point"],
)
def test_other_kinds_of_keys_are_refused(jwk: dict[str, str]) -> None:
    with pytest.raises(tokens.TokenKeyUnknown):
        check(tokens.sign(KEY, tokens.TICKET, GOOD), keys={KEY.kid: jwk})


@pytest.mark.parametrize("algorithm", ["none", "None", "", "HS256", "ES384", "RS256", "EdDSA", None, 7])
def test_other_algorithms_are_refused(algorithm: object) -> None:
    with pytest.raises(tokens.TokenRefused):
        check(forge({**HEADER, "alg": algorithm}, GOOD))


def test_unsigned_is_refused() -> None:
    with pytest.raises(tokens.TokenMalformed):
        check(f"{encoded({**HEADER, 'alg': 'none'})}.{encoded(GOOD)}.")


HEADERS = {
    "crit": {**HEADER, "crit": ["exp"]},
    "crit-unknown": {**HEADER, "crit": ["b64"], "b64": False},
    "crit-empty": {**HEADER, "crit": []},
    "jwk-in-header": {**HEADER, "jwk": KEY.public_jwk},
    "jku": {**HEADER, "jku": "https://evil.example/keys"},
    "no-kid": {"alg": "ES256", "typ": tokens.TICKET},
    "kid-number": {**HEADER, "kid": 1},
    "kid-list": {**HEADER, "kid": [KEY.kid]},
}


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS.keys())
def test_headers_we_never_write_are_refused(header: object) -> None:
    with pytest.raises(tokens.TokenRefused):
        check(forge(header, GOOD))


@pytest.mark.parametrize("typ", ["JWT", "resume+jwt", "TICKET+JWT", "application/ticket+jwt", "", None])
def test_a_token_for_another_purpose_is_refused(typ: object) -> None:
    with pytest.raises(tokens.TokenTypeWrong):
        check(forge({**HEADER, "typ": typ}, GOOD))


@pytest.mark.parametrize("kid", ["unknown", "", "../../etc/passwd"])
def test_unknown_keys_are_refused(kid: str) -> None:
    with pytest.raises(tokens.TokenKeyUnknown):
        check(forge({**HEADER, "kid": kid}, GOOD))


def test_another_key_under_our_kid_is_forged() -> None:
    with pytest.raises(tokens.TokenForged):
        check(forge(HEADER, GOOD, SigningKey.generate()))


@pytest.mark.parametrize("name", ["iss", "aud", "sub", "iat", "exp", "jti"])
def test_every_required_claim_is_required(name: str) -> None:
    claims = {key: value for key, value in GOOD.items() if key != name}
    with pytest.raises(tokens.TokenClaimsWrong, match=name):
        check(forge(HEADER, claims))
    with pytest.raises(ValueError, match=name):
        tokens.sign(KEY, tokens.TICKET, claims)


WRONG_TYPES = [
    ("iss", 1), ("iss", ""), ("iss", None), ("sub", []), ("sub", 7), ("sub", "x" * 257), ("jti", {}), ("jti", True),
    ("aud", []), ("aud", [1]), ("aud", {}), ("aud", ""), ("aud", [""]), ("aud", ["rel_1"] * 65),
    ("iat", "1800000000"), ("iat", 1.5), ("iat", True), ("iat", -1), ("iat", 1 << 60),
    ("exp", None), ("exp", "never"), ("exp", 1.8e9 + 60), ("exp", 1 << 53),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), WRONG_TYPES)
def test_claims_of_the_wrong_type_are_refused(name: str, value: object) -> None:
    with pytest.raises(tokens.TokenClaimsWrong, match=name):
        check(forge(HEADER, {**GOOD, name: value}))


def test_issuer_audience_and_times() -> None:
    token = tokens.sign(KEY, tokens.TICKET, GOOD)
    with pytest.raises(tokens.TokenIssuerWrong):
        check(token, issuer="https://other.example")
    with pytest.raises(tokens.TokenAudienceWrong):
        check(token, audience="rel_2")
    with pytest.raises(tokens.TokenExpired):
        check(token, now=NOW + 60)
    assert check(token, now=NOW + 59.9)
    assert check(token, now=NOW - 30)
    with pytest.raises(tokens.TokenClaimsWrong):
        check(token, now=NOW - 31)


def test_expiry_before_issue_is_refused() -> None:
    with pytest.raises(tokens.TokenClaimsWrong):
        check(forge(HEADER, {**GOOD, "exp": NOW}))


def test_an_expired_token_passes_only_where_it_is_asked_for() -> None:
    token = tokens.sign(KEY, tokens.RESUME, GOOD)
    assert check(token, typ=tokens.RESUME, now=NOW + 3600, allow_expired=True) == GOOD


DUPLICATES = {
    "payload": (json.dumps(HEADER).encode(), json.dumps(GOOD).encode()[:-1] + b',"sub":"par_2"}'),
    "nested": (json.dumps(HEADER).encode(), json.dumps(GOOD).encode()[:-1] + b',"limits":{"a":1,"a":2}}'),
    "header": (json.dumps(HEADER).encode()[:-1] + b',"alg":"none"}', json.dumps(GOOD).encode()),
}


@pytest.mark.parametrize(("header", "payload"), DUPLICATES.values(), ids=DUPLICATES.keys())
def test_duplicate_members_are_refused(header: bytes, payload: bytes) -> None:
    with pytest.raises(tokens.TokenMalformed):
        check(forge(header, payload))


MALFORMED: dict[str, Any] = {
    "empty": "",
    "one-segment": "abc",
    "four-segments": tokens.sign(KEY, tokens.TICKET, GOOD) + ".abc",
    "padding": tokens.sign(KEY, tokens.TICKET, GOOD) + "=",
    "newline": tokens.sign(KEY, tokens.TICKET, GOOD) + "\n",
    "space": " " + tokens.sign(KEY, tokens.TICKET, GOOD),
    "not-ascii": tokens.sign(KEY, tokens.TICKET, GOOD) + "é",
    "payload-list": forge(HEADER, [1]),
    "payload-text": forge(HEADER, b"hello"),
    "payload-utf16": forge(HEADER, json.dumps(GOOD).encode("utf-16")),
    "payload-nan": forge(HEADER, b'{"iat":NaN}'),
    "payload-infinity": forge(HEADER, b'{"exp":Infinity}'),
    "payload-huge-number": forge(HEADER, b'{"exp":' + b"9" * 4400 + b"}"),
    "payload-deep": forge(HEADER, b"[" * 5000),
    "header-list": forge([], GOOD),
    "header-number": forge(7, GOOD),
    "bytes": tokens.sign(KEY, tokens.TICKET, GOOD).encode(),
    "none": None,
}


@pytest.mark.parametrize("token", MALFORMED.values(), ids=MALFORMED.keys())
def test_malformed_tokens_are_refused(token: Any) -> None:
    with pytest.raises(tokens.TokenMalformed):
        check(token)


def test_oversized_tokens_are_refused() -> None:
    big = {**GOOD, "pad": "x" * MAX_TOKEN_BYTES}
    with pytest.raises(tokens.TokenMalformed, match="at most"):
        check(forge(HEADER, big))
    with pytest.raises(ValueError, match="limit"):
        tokens.sign(KEY, tokens.TICKET, big)


def test_every_other_last_character_of_the_signature_is_refused() -> None:
    token = tokens.sign(KEY, tokens.TICKET, GOOD)
    for letter in string.ascii_letters + string.digits + "-_":
        if letter != token[-1]:
            with pytest.raises((tokens.TokenMalformed, tokens.TokenForged)):
                check(token[:-1] + letter)


def test_signatures_of_other_lengths_are_refused() -> None:
    head, body, signature = tokens.sign(KEY, tokens.TICKET, GOOD).split(".")
    raw = base64.urlsafe_b64decode(signature + "==")
    for wrong in (raw[:-1], raw + b"\0", b"\0" * 64, b"\0", raw[32:] + raw[:32]):
        with pytest.raises(tokens.TokenForged):
            check(f"{head}.{body}.{b64(wrong)}")


def test_a_bit_changed_anywhere_is_refused() -> None:
    token = tokens.sign(KEY, tokens.TICKET, GOOD)
    for index, letter in enumerate(token):
        changed = token[:index] + ("A" if letter != "A" else "B") + token[index + 1 :]
        with pytest.raises(TokenError):
            check(changed)


@given(st.text(max_size=300))
def test_any_text_raises_only_the_documented_error(text: str) -> None:
    with pytest.raises(TokenError):
        check(text)


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_any_signed_bytes_raise_only_the_documented_error(header: bytes, payload: bytes) -> None:
    with pytest.raises(TokenError):
        check(forge(header, payload))


def test_keys_come_back_from_pem_with_the_same_name() -> None:
    again = SigningKey.from_pem(KEY.to_pem())
    assert (again.kid, again.public_jwk) == (KEY.kid, KEY.public_jwk)
    assert check(tokens.sign(again, tokens.TICKET, GOOD))
    assert "d" not in KEY.public_jwk


@pytest.mark.parametrize("pem", [b"", b"-----BEGIN NONSENSE-----"])
def test_other_bytes_are_no_signing_key(pem: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the text is the library's
        SigningKey.from_pem(pem)


def test_unknown_types_are_not_signed() -> None:
    with pytest.raises(ValueError, match="unknown token type"):
        tokens.sign(KEY, "JWT", GOOD)


def test_errors_have_distinct_slugs_and_one_root() -> None:
    slugs = [leaf.slug for leaf in TokenError.__subclasses__()]
    assert len(set(slugs)) == len(slugs) == 9
    assert issubclass(TokenError, WireError)
