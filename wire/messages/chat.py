"""Chat: what people write to one another, passed on by the host to everybody who may chat (docs/protocol.md 5).

Each message has an id that its writer's client made. So it is shown once, however often it is sent: after a resume both sides
send what they are not sure of again, under new keys and new generations.
"""

import json
from dataclasses import dataclass
from typing import Any, Final
from unicodedata import category

from wire.errors import Malformed, TooLarge
from wire.limits import MAX_CHAT_BODY_BYTES, MAX_CHAT_TEXT_BYTES

ID_BYTES: Final = 16
MAX_NAME_CHARS: Final = 64


@dataclass(frozen=True, slots=True)
class Line:
    """One message. Viewers send `id` and `text`; the host adds who wrote it and passes it on, to its writer as well."""

    id: str
    """32 lower-case hexadecimal digits."""
    text: str
    sender: int = 0
    """Participant who wrote it; 0 where the writer need not say."""
    name: str = ""
    """The writer's name as the host shows it."""

    def encode(self) -> bytes:
        value: dict[str, Any] = {"id": self.id, "text": self.text}
        if self.sender:
            value |= {"from": self.sender, "name": self.name[:MAX_NAME_CHARS]}
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def decode(body: bytes) -> Line:
    """A chat body. `TooLarge` over its limits, `Malformed` when it is none, or holds what cannot be shown."""
    if len(body) > MAX_CHAT_BODY_BYTES:
        raise TooLarge(f"chat message of {len(body)} bytes")
    try:
        value = json.loads(body.decode())  # of bytes alone, JSON takes UTF-16 as well
    except (ValueError, RecursionError) as error:
        raise Malformed("chat message is not JSON") from error
    if not isinstance(value, dict):
        raise Malformed("chat message is no object")
    sender, name = value.get("from", 0), value.get("name", "")
    if not isinstance(sender, int) or isinstance(sender, bool) or not 0 <= sender < 1 << 16:
        raise Malformed("chat message of an impossible sender")
    if not isinstance(name, str):
        raise Malformed("chat message of a nameless sender")
    return Line(_id(value.get("id")), _text(value.get("text")), sender, shown(name).replace("\n", "")[:MAX_NAME_CHARS])


def shown(text: str) -> str:
    """Without what could move a cursor or turn the reading direction; line ends stay."""
    return "".join(char for char in text if char == "\n" or not _unseen(category(char)))


def checked(text: str) -> str:
    """A text to send, trimmed; `Malformed` when nothing is left of it, `TooLarge` when it is too long."""
    return _text(text)


def _unseen(kind: str) -> bool:
    """Of Unicode's general categories: controls, marks (of direction, say) and what is nothing yet; separators of lines."""
    return kind[0] == "C" or kind in {"Zl", "Zp"}


def _id(value: object) -> str:
    if not isinstance(value, str) or len(value) != 2 * ID_BYTES or not set(value) <= set("0123456789abcdef"):
        raise Malformed("chat message without an id")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise Malformed("chat message without a text")
    try:
        size = len(value.encode())
    except UnicodeEncodeError as error:
        raise Malformed("chat message that is no text") from error
    if size > MAX_CHAT_TEXT_BYTES:
        raise TooLarge(f"chat message of {size} bytes")
    text = shown(value.replace("\r\n", "\n")).strip()
    if not text:
        raise Malformed("chat message that says nothing")
    return text
