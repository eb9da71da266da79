"""The receipt of a session: what happened, signed by the server, for both sides to keep and to check offline years later.

A file of JSON in UTF-8, at most `MAX_RECEIPT_BYTES`:

    {"form": "tasuki-receipt/1", "receipt": {…}, "signed": "<JWS, typ tasuki-receipt>", "keys": {"keys": [<JWK>]}}

`receipt` is there to be read and `signed` holds the same once more, as it was signed: so a changed member is not only noticed
but named. `keys` is the key that signed it. A file proves by itself that it is whole; that the key is the server's is proven by
whoever compares the key's fingerprint (RFC 7638) with one they had from elsewhere (`pinned`).

What the server saw itself is under `server`. What only the machine knew whose screen was shown is under `host`: the server
signs that this was said, not that it is true. Members of both are in `_FORM` below.

ReceiptError
├── ReceiptMalformed   not a receipt, or of a form that is not known here
├── ReceiptKeyWrong    signed with another key than the one that was asked for
├── ReceiptChanged     members were changed after it was signed; `fields` names them where both copies do not agree
└── ReceiptForged      the signature does not match
"""

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NoReturn

from wire import tokens
from wire.errors import WireError
from wire.limits import MAX_ANSWERS, MAX_GRANT_SPANS, MAX_PAUSE_SPANS, MAX_RECEIPT_BYTES
from wire.tokens import Jwk, SigningKey

FORM: Final = "tasuki-receipt/1"
VERSION: Final = 1
MAX_TEXT_CHARACTERS: Final = 1000
MAX_PEOPLE: Final = 64
"""Twice of what a relay lets into a room."""
MAX_FILES: Final = 256
MAX_FEATURES: Final = 64

_TIME = re.compile(r"2[01][0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?Z", re.ASCII)
_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)
_MEMBERS = {"form", "receipt", "signed", "keys"}
_JWK_MEMBERS = {"kty", "crv", "x", "y", "kid", "use", "alg"}
_MAX_NUMBER = 1 << 53


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
        _check(receipt, _FORM, "")
    except ReceiptMalformed as error:
        raise ValueError(str(error)) from error
    whole = {
        "form": FORM,
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
    _check(document, _FORM, "")
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
        raise ReceiptMalformed("this is no JSON file, or not all of one") from error
    if not isinstance(file, dict) or set(file) != _MEMBERS:
        raise ReceiptMalformed("this is no receipt: it has not the members that one has")
    if file["form"] != FORM:
        raise ReceiptMalformed(f"this is not a receipt of the form {FORM}; a newer tasuki may know it")
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


# ---- the form

Check = Callable[[Any], bool]


def _text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= MAX_TEXT_CHARACTERS


def _number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and -_MAX_NUMBER < value < _MAX_NUMBER


def _boolean(value: Any) -> bool:
    return isinstance(value, bool)


def _time(value: Any) -> bool:
    """RFC 3339 in UTC, and a day that there is."""
    if not isinstance(value, str) or _TIME.fullmatch(value) is None:
        return False
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


def _digest(value: Any) -> bool:
    return isinstance(value, str) and _DIGEST.fullmatch(value) is not None


@dataclass(frozen=True, slots=True)
class _Maybe:
    """What follows, or null."""

    of: Any


@dataclass(frozen=True, slots=True)
class _Many:
    """A list of what follows, at most so many."""

    of: Any
    most: int


_SPAN = {"from": _time, "until": _Maybe(_time)}
_FORM: Final[dict[str, Any]] = {
    "version": lambda value: value == VERSION and _number(value),
    "issuer": _text,
    "issued_at": _time,
    "session_id": _text,
    "statement_sha256": _digest,
    "server": {
        "organisation": {"id": _text, "name": _text},
        "asked_by": _Maybe({"id": _text, "name": _text, "verified": _text}),
        "customer": _Maybe({"name": _text}),
        "reference": _Maybe({"system": _text, "id": _text}),
        "device": _Maybe({"id": _text, "name": _text}),
        "mode": _text,
        "features": _Many(_text, MAX_FEATURES),
        "recording": _text,
        "created_at": _time,
        "claimed_at": _Maybe(_time),
        "started_at": _Maybe(_time),
        "ended_at": _time,
        "seconds": _number,
        "outcome": _text,
        "ended_by": _text,
        "reason": _text,
        "people": _Many(
            {
                "sender": _number,
                "side": _text,
                "role": _text,
                "guest": _boolean,
                "operator": _Maybe({"id": _text, "name": _text}),
                "mode": _text,
                "joined_at": _Maybe(_time),
                "admitted_at": _Maybe(_time),
                "left_at": _Maybe(_time),
                "removed_at": _Maybe(_time),
                "bytes_sent": _number,
                "bytes_received": _number,
            },
            MAX_PEOPLE,
        ),
        "bytes": {"from_host": _number, "from_viewers": _number},
    },
    "host": _Maybe(
        {
            "side": _text,
            "complete": _boolean,
            "received_at": _time,
            "clock_ahead_seconds": _number,
            "answers": _Many({"viewer": _number, "yes": _boolean, "at": _time}, MAX_ANSWERS),
            "grants": _Many({"viewer": _number, "what": _text, **_SPAN}, MAX_GRANT_SPANS),
            "pauses": _Many(_SPAN, MAX_PAUSE_SPANS),
            "own_input": _number,
            "left_out": _number,
            "files": _Many({"name": _text, "bytes": _number, "direction": _text, "at": _time}, MAX_FILES),
            "ended": _Maybe({"by": _text, "reason": _text, "at": _time}),
        }
    ),
}


def _check(value: Any, form: Any, at: str) -> None:
    """ReceiptMalformed unless `value` has exactly the members of `form`, each of its kind."""
    if isinstance(form, _Maybe):
        if value is not None:
            _check(value, form.of, at)
    elif isinstance(form, _Many):
        if not isinstance(value, list) or len(value) > form.most:
            raise ReceiptMalformed(f"{at} is no list of at most {form.most}")
        for number, item in enumerate(value):
            _check(item, form.of, f"{at}/{number}")
    elif isinstance(form, dict):
        if not isinstance(value, Mapping) or set(value) != set(form):
            raise ReceiptMalformed(f"{at or 'the receipt'} has not the members of the form {FORM}")
        for name, inner in form.items():
            _check(value[name], inner, f"{at}/{name}")
    elif not form(value):
        raise ReceiptMalformed(f"{at} is not of its kind")
