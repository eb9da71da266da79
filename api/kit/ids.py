"""Typed ids: a three-letter prefix and a ULID that only grows within a process, so that sorting by id is sorting by age."""

import secrets
import threading
import time
from enum import StrEnum

from ulid import ULID

_RANDOM_BITS = 80


class Kind(StrEnum):
    """The prefix says what an id names."""

    SESSION = "ses"
    CUSTOMER = "cus"
    OPERATOR = "opr"
    ORGANIZATION = "org"
    POLICY = "pol"
    PARTICIPANT = "par"
    NOTE = "nte"
    INVITATION = "inv"
    RELAY = "rel"
    EVENT = "evt"
    API_KEY = "key"
    DEVICE = "dev"
    DEVICE_GROUP = "dgr"
    DEVICE_ENROLMENT = "den"
    INTEGRATION = "int"
    WEBHOOK_ENDPOINT = "whe"
    DELIVERY = "dlv"
    REFRESH = "rft"
    MAIL = "eml"
    SMS = "sms"
    PASSKEY = "psk"
    MACHINE = "mch"
    CHALLENGE = "chl"
    TOKEN = "tok"
    KNOWN_DEVICE = "kdv"
    LEGAL_HOLD = "hld"
    KEY_ROTATION = "rot"
    REQUEST = "req"


class _Growing:
    """ULIDs of one process: within a millisecond the random part counts on instead of being drawn again."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0

    def next(self) -> ULID:
        drawn = (time.time_ns() // 1_000_000) << _RANDOM_BITS | secrets.randbits(_RANDOM_BITS - 1)
        with self._lock:
            same_or_earlier = drawn >> _RANDOM_BITS <= self._last >> _RANDOM_BITS
            self._last = self._last + 1 + secrets.randbits(32) if same_or_earlier else drawn
            return ULID.from_int(self._last)


_growing = _Growing()


def new_id(kind: Kind) -> str:
    """A new id such as `ses_01J…`."""
    return f"{kind}_{_growing.next()}"


def id_at(kind: Kind, seconds: float) -> str:
    """The smallest id of a kind that was made then, in seconds since 1970."""
    return f"{kind}_{ULID.from_int(int(seconds * 1000) << _RANDOM_BITS)}"
