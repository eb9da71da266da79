"""Signed tokens (JWT, ES256): the one place where they are made and believed, and the only importer of python-jose.

python-jose by itself accepts DER keys as HMAC secrets, unknown `crit`, a missing `aud` or `exp`, duplicate members and
a changed last signature character. So only its EC key arithmetic is used here; the header, the encoding and the claims
are checked by hand: one algorithm, keys as objects from a dict (never bytes from input), every required claim present.

TokenError
├── TokenMalformed     not three canonical base64url segments of JSON objects without duplicates, or too large
├── TokenRefused       a header this system never writes: another algorithm, `crit`, an unknown member
├── TokenTypeWrong     a token made for another purpose (`typ`)
├── TokenKeyUnknown    signed with a key that is not among ours
├── TokenForged        the signature does not match
├── TokenClaimsWrong   a required claim is missing or of the wrong type, or the token is from the future
├── TokenIssuerWrong   made by another server
├── TokenAudienceWrong made for somebody else
└── TokenExpired       its time is over
"""

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any, NoReturn, Self, TypeAlias

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from jose import jwk, jws
from jose.exceptions import JOSEError

from wire.errors import WireError
from wire.limits import MAX_DOCUMENT_BYTES, MAX_TOKEN_BYTES

ALGORITHM = "ES256"
CLOCK_SKEW_SECONDS = 30
"""How far ahead of ours the clock of the signer may run."""
MAX_NAME_CHARACTERS = 256
"""Longest `iss`, `sub`, `jti` or entry of `aud`."""

ACCESS = "at+jwt"
TICKET = "ticket+jwt"
RESUME = "resume+jwt"
STATEMENT = "statement+jwt"
POLICY = "policy+jwt"
DEVICE = "device+jwt"
INTRODUCTION = "introduction+jwt"
PENDING = "pending+jwt"
"""A sign-in that lacks its second step."""
TYPES = frozenset({ACCESS, TICKET, RESUME, STATEMENT, POLICY, INTRODUCTION, DEVICE, PENDING})

RECEIPT = "tasuki-receipt"
CHECKPOINT = "tasuki-checkpoint"
"""How an administrative log was at a time: how many lines, and the root over them."""
PRUNED = "tasuki-audit-prune"
"""The beginning of an administrative log was deleted, and what is needed to go on without it."""
DESTRUCTION = "tasuki-destruction"
"""Keys were destroyed, and with them everything that was sealed under them."""
DOCUMENTS = frozenset({DESTRUCTION, RECEIPT, CHECKPOINT, PRUNED})
"""What is signed to be kept: larger than a token, for nobody in particular, and good for ever (`sign_document`)."""

Claims: TypeAlias = dict[str, Any]
Jwk: TypeAlias = Mapping[str, str]

_SEGMENT = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_HEADER_MEMBERS = {"alg", "typ", "kid"}
_MAX_TIME = 1 << 53


class TokenError(WireError):
    """The token is not to be believed."""

    slug = "token"


class TokenMalformed(TokenError):
    """Not the shape of a token of ours."""

    slug = "token-malformed"


class TokenRefused(TokenError):
    """A header that this system never writes."""

    slug = "token-refused"


class TokenTypeWrong(TokenError):
    """Made for another purpose."""

    slug = "token-type"


class TokenKeyUnknown(TokenError):
    """Signed with a key that is not among ours."""

    slug = "token-key"


class TokenForged(TokenError):
    """The signature does not match."""

    slug = "token-forged"


class TokenClaimsWrong(TokenError):
    """A required claim is missing, of the wrong type, or in the future."""

    slug = "token-claims"


class TokenIssuerWrong(TokenError):
    """Made by another server."""

    slug = "token-issuer"


class TokenAudienceWrong(TokenError):
    """Made for somebody else."""

    slug = "token-audience"


class TokenExpired(TokenError):
    """Its time is over."""

    slug = "token-expired"


class SigningKey:
    """A P-256 private key; `kid` is its RFC 7638 thumbprint, so a key has one name wherever it is."""

    def __init__(self, private: ec.EllipticCurvePrivateKey) -> None:
        if private.curve.name != "secp256r1":
            raise ValueError("a signing key must be on the curve P-256")
        self._private = private
        self._key = jwk.construct(self.to_pem().decode(), ALGORITHM)
        members = self._key.public_key().to_dict()
        point = {name: str(members[name]) for name in ("crv", "kty", "x", "y")}
        self.kid = _encode(hashlib.sha256(canonical(point)).digest())
        self.public_jwk: dict[str, str] = {**point, "kid": self.kid, "use": "sig", "alg": ALGORITHM}

    @classmethod
    def generate(cls) -> Self:
        """A new key from the system's randomness."""
        return cls(ec.generate_private_key(ec.SECP256R1()))

    @classmethod
    def from_pem(cls, pem: bytes) -> Self:
        """The key of `to_pem`; ValueError when the bytes are something else."""
        private = load_pem_private_key(pem, password=None)
        if not isinstance(private, ec.EllipticCurvePrivateKey):
            raise ValueError("a signing key must be an EC key")  # noqa: TRY004 - wrong bytes, not a wrong type
        return cls(private)

    def to_pem(self) -> bytes:
        """PKCS 8, unencrypted: seal it before it is stored."""
        return self._private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    def signed(self, payload: bytes, typ: str) -> str:
        """The compact form of `payload` under this key."""
        return str(jws.sign(payload, self._key, {"typ": typ, "kid": self.kid}, ALGORITHM))


def canonical(document: Mapping[str, Any]) -> bytes:
    """The one encoding of a JSON document: sorted keys, no spaces, UTF-8, no NaN."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode()


def sign(key: SigningKey, typ: str, claims: Mapping[str, Any]) -> str:
    """Make a token. ValueError when `typ` is unknown, a required claim is missing, or the token gets too large."""
    if typ not in TYPES:
        raise ValueError(f"unknown token type {typ!r}")
    try:
        _check_required(dict(claims))
    except TokenClaimsWrong as error:
        raise ValueError(str(error)) from error
    token = key.signed(canonical(claims), typ)
    if len(token) > MAX_TOKEN_BYTES:
        raise ValueError(f"a token of {len(token)} bytes is over the limit of {MAX_TOKEN_BYTES}")
    return token


def verify(
    token: str,
    keys: Mapping[str, Jwk],
    typ: str,
    issuer: str,
    audience: str | frozenset[str],
    now: float,
    *,
    allow_expired: bool = False,
) -> Claims:
    """The claims of a token that is genuine, ours, for this purpose and this audience, and in time.

    `keys` maps `kid` to a public JWK; `audience` is one name or several of which one must match; `now` is seconds since
    1970. `allow_expired` is for `POST /v1/resume` alone: the newest resume ticket stays good until the session ends.
    """
    header_segment, payload_segment, signature_segment = _segments(token)
    _believe(header_segment, payload_segment, signature_segment, keys, typ)
    claims = _json_object(_decode(payload_segment))
    _check_required(claims)
    _check_meaning(claims, issuer, audience, now, allow_expired=allow_expired)
    return claims


def sign_document(key: SigningKey, typ: str, document: Mapping[str, Any]) -> str:
    """Sign something to be kept. ValueError when `typ` is unknown or it gets too large."""
    if typ not in DOCUMENTS:
        raise ValueError(f"unknown document type {typ!r}")
    signed = key.signed(canonical(document), typ)
    if len(signed) > MAX_DOCUMENT_BYTES:
        raise ValueError(f"a document of {len(signed)} bytes is over the limit of {MAX_DOCUMENT_BYTES}")
    return signed


def verify_document(signed: str, keys: Mapping[str, Jwk], typ: str) -> Claims:
    """The document that one of `keys` signed for this purpose; whose keys these are is for the caller to know."""
    header, payload, signature = _segments(signed, MAX_DOCUMENT_BYTES)
    _believe(header, payload, signature, keys, typ)
    data = _decode(payload)
    document = _json_object(data)
    try:
        plain = canonical(document) == data
    except (ValueError, RecursionError):
        plain = False
    if not plain:
        raise TokenMalformed("the signed document is not written in its one form")
    return document


def with_payload(signed: str, document: Mapping[str, Any]) -> str:
    """The same signature over another document: to find out whether it was that one."""
    header, _, signature = _segments(signed, MAX_DOCUMENT_BYTES)
    return f"{header}.{_encode(canonical(document))}.{signature}"


def thumbprint(key: Jwk) -> str:
    """The name of a public key (RFC 7638), which is also its fingerprint for people. TokenKeyUnknown for what is no such key."""
    _public_key(key)
    return _encode(hashlib.sha256(canonical({name: key[name] for name in ("crv", "kty", "x", "y")})).digest())


def payload_bytes(token: str) -> bytes:
    """The payload as signed, *not verified*: for hashing after `verify`, or to look up what to verify against."""
    return _decode(_segments(token)[1])


def payload_bytes_of_document(signed: str) -> bytes:
    """The same of a document."""
    return _decode(_segments(signed, MAX_DOCUMENT_BYTES)[1])


def unverified_type(token: str) -> str | None:
    """What a token says it is for, to choose how it is verified; None when it is no token."""
    try:
        return str(_json_object(_decode(_segments(token)[0])).get("typ"))
    except TokenError:
        return None


def unverified_claims(token: str) -> Claims:
    """What a token says of itself, *not verified*: only to find what to verify it against."""
    return _json_object(payload_bytes(token))


def unverified_key(signed: str) -> str | None:
    """The `kid` that a token or document names, *not verified*; None when it is neither."""
    try:
        kid = _json_object(_decode(_segments(signed, MAX_DOCUMENT_BYTES)[0])).get("kid")
    except TokenError:
        return None
    return kid if isinstance(kid, str) else None


def _believe(header: str, payload: str, signature: str, keys: Mapping[str, Jwk], typ: str) -> None:
    """Whether one of `keys` signed this for this purpose."""
    key = keys.get(_check_header(_json_object(_decode(header)), typ))
    if key is None:
        raise TokenKeyUnknown("the token is signed with a key that is not one of this server's")
    if not _public_key(key).verify(f"{header}.{payload}".encode(), _decode(signature)):
        raise TokenForged("the token's signature does not match")


def _segments(token: str, most: int = MAX_TOKEN_BYTES) -> tuple[str, str, str]:
    if not isinstance(token, str):
        raise TokenMalformed("a token is text")
    if len(token) > most:
        raise TokenMalformed(f"a token has at most {most} bytes")
    parts = token.split(".")
    if len(parts) != 3 or not all(_SEGMENT.fullmatch(part) for part in parts):
        raise TokenMalformed("a token is three base64url segments")
    return parts[0], parts[1], parts[2]


def _decode(segment: str) -> bytes:
    """base64url without padding, and only its canonical form: no two spellings of one signature."""
    try:
        data = base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    except (binascii.Error, ValueError) as error:
        raise TokenMalformed("a segment of the token is not base64url") from error
    if _encode(data) != segment:
        raise TokenMalformed("a segment of the token is not canonical base64url")
    return data


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _json_object(data: bytes) -> Claims:
    try:
        value = json.loads(data.decode(), object_pairs_hook=_without_duplicates, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise TokenMalformed("a part of the token is not JSON of the plain kind") from error
    if not isinstance(value, dict):
        raise TokenMalformed("a part of the token is not a JSON object")
    return value


def _without_duplicates(pairs: list[tuple[str, Any]]) -> Claims:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member appears twice")
    return members


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _check_header(header: Claims, typ: str) -> str:
    """The `kid` of a header that has exactly the three members this module writes."""
    if "crit" in header:
        raise TokenRefused("the token asks for an extension (crit) that is not known here")
    if header.get("alg") != ALGORITHM:
        raise TokenRefused(f"tokens here are signed with {ALGORITHM} and nothing else")
    if header.get("typ") != typ:
        raise TokenTypeWrong(f"this is not a token of type {typ}")
    if set(header) != _HEADER_MEMBERS or not isinstance(header["kid"], str):
        raise TokenRefused("the token's header has other members than alg, typ and kid")
    return header["kid"]


def _public_key(key: Jwk) -> Any:
    """A key object from a JWK of our own: P-256 and public, nothing else is constructed."""
    if key.get("kty") != "EC" or key.get("crv") != "P-256" or "d" in key:
        raise TokenKeyUnknown("a verification key must be a public EC key on P-256")
    try:
        return jwk.construct({name: key[name] for name in ("kty", "crv", "x", "y")}, ALGORITHM)
    except (JOSEError, KeyError, TypeError, ValueError) as error:
        raise TokenKeyUnknown("a verification key is damaged") from error


def _check_required(claims: Claims) -> None:
    for name in ("iss", "sub", "jti"):
        if not _is_name(claims.get(name)):
            raise TokenClaimsWrong(f"the token has no proper {name}")
    for name in ("iat", "exp"):
        if not _is_time(claims.get(name)):
            raise TokenClaimsWrong(f"the token has no proper {name}")
    audience = claims.get("aud")
    if not _is_name(audience) and not _is_names(audience):
        raise TokenClaimsWrong("the token has no proper aud")


def _check_meaning(
    claims: Claims, issuer: str, audience: str | frozenset[str], now: float, *, allow_expired: bool
) -> None:
    if claims["iss"] != issuer:
        raise TokenIssuerWrong("the token was made by another server")
    wanted = {audience} if isinstance(audience, str) else audience
    given = {claims["aud"]} if isinstance(claims["aud"], str) else set(claims["aud"])
    if not wanted & given:
        raise TokenAudienceWrong("the token was made for somebody else")
    if claims["iat"] > now + CLOCK_SKEW_SECONDS or claims["exp"] <= claims["iat"]:
        raise TokenClaimsWrong("the token's times are impossible; compare the clocks of the machines")
    if now >= claims["exp"] and not allow_expired:
        raise TokenExpired("the token has expired; ask for a new one")


def _is_name(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= MAX_NAME_CHARACTERS


def _is_names(value: object) -> bool:
    return isinstance(value, list) and 0 < len(value) <= 64 and all(_is_name(item) for item in value)


def _is_time(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _MAX_TIME
