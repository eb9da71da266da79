"""Sealed control messages: JSON objects with a `type` (docs/protocol.md 5)."""

import base64
import binascii
import json
from collections.abc import Iterable, Mapping
from typing import Any

from wire.errors import Malformed, TooLarge
from wire.keys import SECRET_BYTES
from wire.limits import MAX_CONTROL_BYTES

Control = dict[str, Any]
"""A decoded control message; `type` is always a string."""


def encode(message: Mapping[str, Any]) -> bytes:
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()


def decode(body: bytes) -> Control:
    """A control message; `TooLarge` over `MAX_CONTROL_BYTES`, `Malformed` when it is not an object with a type."""
    if len(body) > MAX_CONTROL_BYTES:
        raise TooLarge(f"control message of {len(body)} bytes")
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Malformed("control message is not JSON") from error
    if not isinstance(value, dict) or not isinstance(value.get("type"), str):
        raise Malformed("control message without a type")
    return value


def epoch_keys(kind: str, epoch: int, secret: bytes, **more: object) -> Control:
    """`welcome` or `epoch`: the key of host → viewers messages."""
    return {"type": kind, "epoch": epoch, "secret": base64.b64encode(secret).decode(), **more}


def secret_of(message: Control) -> tuple[int, bytes]:
    """`(epoch, secret)` of a `welcome` or `epoch`; `Malformed` when either is missing or of the wrong size."""
    epoch, encoded = message.get("epoch"), message.get("secret")
    if not isinstance(epoch, int) or not 0 < epoch < 1 << 32 or not isinstance(encoded, str):
        raise Malformed("epoch without its key")
    try:
        secret = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Malformed("epoch without its key") from error
    if len(secret) != SECRET_BYTES:
        raise Malformed("epoch key of the wrong size")
    return epoch, secret


def grants(names: Iterable[str]) -> Control:
    return {"type": "grants", "grants": sorted(names)}


def holder(side: str) -> Control:
    """Whose mouse and keyboard count now: the `host`'s own, or the `viewer`'s."""
    return {"type": "control", "holder": side}


def viewers(senders: Iterable[int]) -> Control:
    """Who was accepted."""
    return {"type": "viewers", "viewers": sorted(senders)}


def accept() -> Control:
    """The customer, who is the viewer, says yes (modes `share` and `present`)."""
    return {"type": "accept"}


def ignored(stream: str, count: int) -> Control:
    """Input that this session does not allow was not applied."""
    return {"type": "ignored", "stream": stream, "count": count}


def end(reason: str, by: str | None = None) -> Control:
    return {"type": "end", "reason": reason} | ({} if by is None else {"by": by})


def bye() -> Control:
    return {"type": "bye"}
