"""TEXT frames between a relay and an endpoint: JSON objects with a `type` (docs/protocol.md 7)."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from wire.errors import Malformed, TooLarge
from wire.limits import MAX_TEXT_BYTES

Text = dict[str, Any]
"""A decoded TEXT frame; `type` is always a string."""

FROM_HOST: Final = frozenset({"admit", "kick", "paused", "resumed", "end"})
"""Types a relay takes, from hosts only."""
ENDERS: Final = frozenset({"operator", "customer", "administrator", "system"})
MAX_REASON_CHARS: Final = 200


def encode(text: Mapping[str, Any]) -> str:
    """The JSON of a TEXT frame."""
    return json.dumps(text, ensure_ascii=False, separators=(",", ":"))


def decode(frame: str | bytes | memoryview) -> Text:
    """A TEXT frame as an object.

    Raises `TooLarge` over `MAX_TEXT_BYTES` and `Malformed` when it is not an object with a string `type`.
    """
    raw = frame.encode() if isinstance(frame, str) else bytes(frame)
    if len(raw) > MAX_TEXT_BYTES:
        raise TooLarge(f"text of {len(raw)} bytes")
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise Malformed("text is not JSON") from error
    if not isinstance(value, dict) or not isinstance(value.get("type"), str):
        raise Malformed("text without a type")
    return value


def sender_of(text: Text) -> int:
    """The participant a text is about; `Malformed` when it is not a u16."""
    sender = text.get("sender")
    if not isinstance(sender, int) or isinstance(sender, bool) or not 0 < sender < 1 << 16:
        raise Malformed("text without a sender id")
    return sender


def reason_of(text: Text, default: str = "ended") -> str:
    """The reason in a text, cut to a printable length."""
    reason = text.get("reason")
    if not isinstance(reason, str) or not reason:
        return default
    return "".join(char for char in reason[:MAX_REASON_CHARS] if char.isprintable())


def present(sender: int, role: str, side: str) -> Text:
    """How a participant is described in `welcome` and `joined`."""
    return {"sender": sender, "role": role, "side": side}


def welcome(session: str, sender: int, role: str, others: Sequence[Text], relays: Sequence[Mapping[str, str]]) -> Text:
    """The first text on a connection: who is there, and where to go if this relay is lost."""
    return {
        "type": "welcome",
        "session": session,
        "sender": sender,
        "role": role,
        "present": list(others),
        "relays": [dict(relay) for relay in relays],
    }


def joined(sender: int, role: str, side: str) -> Text:
    return {"type": "joined", **present(sender, role, side)}


def left(sender: int) -> Text:
    return {"type": "left", "sender": sender}


def behind(sender: int) -> Text:
    return {"type": "behind", "sender": sender}


def policy(token: str) -> Text:
    """What the api narrowed; signed, so that nobody need trust the relay."""
    return {"type": "policy", "token": token}


def drain() -> Text:
    return {"type": "drain"}


def ended(by: str, reason: str) -> Text:
    return {"type": "ended", "by": by, "reason": reason}


def error(code: str, detail: str) -> Text:
    return {"type": "error", "code": code, "detail": detail}


def admit(sender: int) -> Text:
    return {"type": "admit", "sender": sender}


def kick(sender: int) -> Text:
    return {"type": "kick", "sender": sender}


def paused(*, yes: bool) -> Text:
    """The host shows nothing for a while, or goes on: news for the api; viewers see it in the beacon."""
    return {"type": "paused" if yes else "resumed"}


def end(reason: str, by: str | None = None) -> Text:
    """The host ends the session; `by` says who wanted it, where that was not the host's own side."""
    return {"type": "end", "reason": reason} | ({} if by is None else {"by": by})


def by_of(text: Text, default: str) -> str:
    """Who ended, as a host's `end` says: one of `ENDERS`, else `default`."""
    by = text.get("by")
    return by if isinstance(by, str) and by in ENDERS else default
