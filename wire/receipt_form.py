"""The form of a receipt: which members it has, each of which kind (what they mean: docs/receipts.md, wire/receipt.py). Pure."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from wire.errors import Malformed
from wire.limits import MAX_ANSWERS, MAX_GRANT_SPANS, MAX_PAUSE_SPANS

NAME: Final = "tasuki-receipt/1"
VERSION: Final = 1
MAX_TEXT_CHARACTERS: Final = 1000
MAX_PEOPLE: Final = 64
"""Twice of what a relay lets into a room."""
MAX_FILES: Final = 256
MAX_FEATURES: Final = 64

_TIME = re.compile(r"2[01][0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?Z", re.ASCII)
_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)
_MAX_NUMBER = 1 << 53

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
FORM: Final[dict[str, Any]] = {
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


def check(value: Any, form: Any = FORM, at: str = "") -> None:
    """Malformed unless `value` has exactly the members of `form`, each of its kind."""
    if isinstance(form, _Maybe):
        if value is not None:
            check(value, form.of, at)
    elif isinstance(form, _Many):
        if not isinstance(value, list) or len(value) > form.most:
            raise Malformed(f"{at} is no list of at most {form.most}")
        for number, item in enumerate(value):
            check(item, form.of, f"{at}/{number}")
    elif isinstance(form, dict):
        if not isinstance(value, Mapping) or set(value) != set(form):
            raise Malformed(f"{at or 'the receipt'} has not the members of the form {NAME}")
        for name, inner in form.items():
            check(value[name], inner, f"{at}/{name}")
    elif not form(value):
        raise Malformed(f"{at} is not of its kind")
