"""The receipt of a session: what happened, signed by the server, for both sides to keep and to check offline years later.

A file of JSON in UTF-8, at most `MAX_RECEIPT_BYTES`:

    {"form": "tasuki-receipt/1", "receipt": {…}, "signed": "<JWS, typ tasuki-receipt>", "keys": {"keys": [<JWK>]}}

`receipt` is there to be read and `signed` holds the same once more, as it was signed: so a changed member is not only noticed
but named. `keys` is the key that signed it. A file proves by itself that it is whole; that the key is the server's is proven by
whoever compares the key's fingerprint (RFC 7638) with one they had from elsewhere (`pinned`).

What the server saw itself is under `server`. What only the machine knew whose screen was shown is under `host`: the server
signs that this was said, not that it is true. Members of both are in wire/receipt_form.py.

ReceiptError
├── ReceiptMalformed   not a receipt, or of a form that is not known here
├── ReceiptKeyWrong    signed with another key than the one that was asked for
├── ReceiptChanged     members were changed after it was signed; `fields` names them where both copies do not agree
└── ReceiptForged      the signature does not match
"""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from wire import receipt_form, tokens
from wire.errors import Malformed, WireError
from wire.limits import MAX_RECEIPT_BYTES
from wire.receipt_form import NAME
from wire.tokens import Jwk, SigningKey

_MEMBERS = {"form", "receipt", "signed", "keys"}
_JWK_MEMBERS = {"kty", "crv", "x", "y", "kid", "use", "alg"}


class ReceiptError(WireError):
    """The receipt is not to be believed."""

    slug = "receipt"


class ReceiptMalformed(ReceiptError):
    """Not a receipt, or of a form that is not known here."""

    slug = "receipt-malformed"


class ReceiptKeyWrong(ReceiptError):
    """Signed with another key than the one that was asked for."""

    slug = "receipt-key"

    def __init__(self, text: str, fingerprint: str) -> None:
        super().__init__(text)
        self.fingerprint = fingerprint


class ReceiptForged(ReceiptError):
    """The signature does not match."""

    slug = "receipt-forged"


class ReceiptChanged(ReceiptForged):
    """Changed after it was signed: `fields` are JSON pointers of members on which its two copies do not agree."""

    slug = "receipt-changed"

    def __init__(self, text: str, fields: tuple[str, ...]) -> None:
        super().__init__(text)
        self.fields = fields


@dataclass(frozen=True, slots=True)
class Proven:
    """A receipt that is whole."""

    receipt: dict[str, Any]
    fingerprint: str
    """Of the key that signed it."""
    pinned: bool
    """Whether that is a key that the caller knew from elsewhere."""


def make(key: SigningKey, receipt: Mapping[str, Any]) -> bytes:
    """The file of a receipt, signed. ValueError for one that `verify` would not take."""
    try:
        receipt_form.check(receipt)
    except Malformed as error:
        raise ValueError(str(error)) from error
    whole = {
        "form": NAME,
        "receipt": receipt,
        "signed": tokens.sign_document(key, tokens.RECEIPT, receipt),
        "keys": {"keys": [key.public_jwk]},
    }
    data = dump(whole)
    if len(data) > MAX_RECEIPT_BYTES:
        raise ValueError(f"a receipt of {len(data)} bytes is over the limit of {MAX_RECEIPT_BYTES}")
    return data


def dump(whole: Mapping[str, Any]) -> bytes:
    """A file that was read as JSON, as it was made. ValueError for what is no JSON."""
    return json.dumps(whole, ensure_ascii=False, allow_nan=False, indent=2).encode() + b"\n"


def verify(data: bytes, pinned: Collection[str] | None = None) -> Proven:
    """What a file proves. `pinned` are fingerprints of which one must be the key's. Raises `ReceiptError`."""
    try:
        return _verify(data, pinned)
    except RecursionError as error:
        raise ReceiptMalformed("this is no receipt: it is nested too deeply") from error


def _verify(data: bytes, pinned: Collection[str] | None) -> Proven:
    file = _read(data)
    kid, key = _key(file)
    if pinned is not None and kid not in pinned:
        raise ReceiptKeyWrong("the receipt is signed with another key than the one you named", kid)
    readable, signed = file["receipt"], file["signed"]
    try:
        document = tokens.verify_document(signed, {kid: key}, tokens.RECEIPT)
    except tokens.TokenForged:
        _name_what_changed(readable, signed, kid, key)
    except tokens.TokenError as error:
        raise ReceiptForged(f"what was signed cannot be read: {error}") from error
    if fields := tuple(_differences(readable, document)):
        raise ReceiptChanged("what is to be read is not what was signed", fields)
    try:
        receipt_form.check(document)
    except Malformed as error:
        raise ReceiptMalformed(str(error)) from error
    return Proven(document, kid, pinned is not None)


def fingerprints(jwks: Any) -> frozenset[str]:
    """The fingerprints of a JWK set, as a server publishes it; `ReceiptMalformed` for something else."""
    keys = jwks.get("keys") if isinstance(jwks, dict) else None
    if not isinstance(keys, list) or not keys or not all(isinstance(key, dict) for key in keys):
        raise ReceiptMalformed("this is no JWK set")
    try:
        return frozenset(tokens.thumbprint(key) for key in keys)
    except tokens.TokenError as error:
        raise ReceiptMalformed(str(error)) from error


def _read(data: bytes) -> dict[str, Any]:
    if len(data) > MAX_RECEIPT_BYTES:
        raise ReceiptMalformed(f"a receipt has at most {MAX_RECEIPT_BYTES} bytes")
    try:
        file = json.loads(data.decode(), object_pairs_hook=_without_duplicates, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise ReceiptMalformed("it is no JSON file, or only a part of one") from error
    if not isinstance(file, dict) or set(file) != _MEMBERS:
        raise ReceiptMalformed("this is no receipt: it has not the members that one has")
    if file["form"] != NAME:
        raise ReceiptMalformed(f"this is not a receipt of the form {NAME}; a newer tasuki may know it")
    if not isinstance(file["receipt"], dict) or not isinstance(file["signed"], str):
        raise ReceiptMalformed("this is no receipt: what was signed is missing")
    return file


def _key(file: dict[str, Any]) -> tuple[str, Jwk]:
    """The one key of the file, under the name that follows from it."""
    keys = file["keys"].get("keys") if isinstance(file["keys"], dict) and set(file["keys"]) == {"keys"} else None
    if not isinstance(keys, list) or len(keys) != 1 or not isinstance(keys[0], dict) or set(keys[0]) != _JWK_MEMBERS:
        raise ReceiptMalformed("the receipt does not carry the one key that signed it")
    key = keys[0]
    try:
        kid = tokens.thumbprint(key)
    except (tokens.TokenError, KeyError, TypeError) as error:
        raise ReceiptForged("the key in the receipt is damaged") from error
    if (key["kid"], key["use"], key["alg"]) != (kid, "sig", tokens.ALGORITHM):
        raise ReceiptForged("the key in the receipt goes by another name than its own")
    if tokens.unverified_key(file["signed"]) != kid:
        raise ReceiptForged("the receipt was signed with another key than the one it carries")
    return kid, key


def _name_what_changed(readable: dict[str, Any], signed: str, kid: str, key: Jwk) -> NoReturn:
    """The signed copy does not hold. If the readable one does, the other was changed; else both were, or the signature."""
    try:
        other = json.loads(tokens.payload_bytes_of_document(signed))
    except (tokens.TokenError, ValueError, RecursionError):
        other = None
    fields = tuple(_differences(readable, other)) if isinstance(other, dict) else ()
    try:
        tokens.verify_document(tokens.with_payload(signed, readable), {kid: key}, tokens.RECEIPT)
    except (tokens.TokenError, ValueError):
        if fields:
            raise ReceiptChanged("the signature does not match, and the two copies do not agree", fields) from None
        raise ReceiptForged("the signature does not match") from None
    raise ReceiptChanged("the signed copy was changed; what is to be read is as it was signed", fields)


def _differences(one: Any, other: Any, at: str = "") -> Iterator[str]:
    """JSON pointers of members that are not the same, the deepest."""
    if isinstance(one, dict) and isinstance(other, dict):
        for name in sorted(one.keys() | other.keys()):
            here = f"{at}/{name}"
            if name in one and name in other:
                yield from _differences(one[name], other[name], here)
            else:
                yield here
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for number, (left, right) in enumerate(zip(one, other, strict=True)):
            yield from _differences(left, right, f"{at}/{number}")
    elif type(one) is not type(other) or one != other:
        yield at or "/"


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member appears twice")
    return members


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
