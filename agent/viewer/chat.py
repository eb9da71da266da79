"""The viewer's side of the conversation: shows each message once, and sends its own until the host passes it on. Pure."""

from wire.handshake import Entropy
from wire.limits import CHAT_KEPT
from wire.messages import chat
from wire.messages.chat import Line


class Conversation:
    """What was written, in the host's order; `waiting` holds what the host has not passed on yet."""

    def __init__(self, me: int, entropy: Entropy) -> None:
        self.lines: list[Line] = []
        self.waiting: dict[str, Line] = {}
        self._me, self._entropy = me, entropy

    def write(self, text: str) -> Line:
        """A message of ours, to be sent now and after each resume until it comes back. Raises `Malformed`, `TooLarge`."""
        line = Line(self._entropy(chat.ID_BYTES).hex(), chat.checked(text), self._me)
        self.waiting[line.id] = line
        return line

    def take(self, body: bytes) -> Line | None:
        """What the host passes on; None for what is known. Raises `Malformed`, `TooLarge`."""
        line = chat.decode(body)
        if line.sender == self._me:
            self.waiting.pop(line.id, None)
        if any((old.sender, old.id) == (line.sender, line.id) for old in self.lines):
            return None
        self.lines = [*self.lines[1 - 2 * CHAT_KEPT :], line]
        return line

    def refused(self, message: object) -> Line | None:
        """The host did not take it."""
        return self.waiting.pop(message, None) if isinstance(message, str) else None
