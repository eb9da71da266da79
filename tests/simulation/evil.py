"""A relay that does whatever it can: it has every byte and no key."""

from collections import deque
from typing import Any, Final

from tests.simulation.network import Item
from tests.simulation.world import World
from wire.header import join_frame, split_frame
from wire.messages import relay as texts

MEDDLES: Final = 0.12
"""The share of messages that it does something to."""
REMEMBERED: Final = 400
FIELDS: Final = {"version": 0, "kind": 1, "stream": 3, "sender": 5, "recipient": 7, "epoch": 11, "slot": 15, "seq": 23}
"""The last byte of every field of the header."""


class Meddler:
    """Drops, delays, doubles, reorders, replays, flips, readdresses and splices messages, and makes texts up."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._seen: deque[bytes] = deque(maxlen=REMEMBERED)
        self._held: list[bytes] = []
        self.done: dict[str, int] = {}

    def toward(self, item: Item) -> list[Item]:
        """What is delivered in place of an item."""
        if isinstance(item, str):
            return [item, *self._texts()]
        messages: list[bytes] = []
        for message in map(bytes, split_frame(item)):
            self._seen.append(message)
            messages += self._meddle(message) if self._world.dice.random() < MEDDLES else [message]
        return [join_frame(messages)] if messages else []

    def _meddle(self, message: bytes) -> list[bytes]:
        dice = self._world.dice
        how = dice.choice(["drop", "double", "flip", "replay", "hold", "release", "readdress", "splice", "swap"])
        self.done[how] = self.done.get(how, 0) + 1
        other = dice.choice(self._seen)
        if how == "double":
            return [message, message]
        if how == "flip":
            return [_flipped(message, dice.randrange(len(message)), 1 << dice.randrange(8))]
        if how == "replay":
            return [message, other]
        if how == "hold":
            self._held.append(message)
        if how == "release":
            held, self._held = self._held, []
            return [message, *dice.sample(held, len(held))]
        if how == "readdress":
            return [_flipped(message, FIELDS[dice.choice(list(FIELDS))], dice.randrange(1, 8))]
        if how == "splice":
            return [message[:24] + other[24:]]
        if how == "swap":
            return [other, message]
        return []

    def _texts(self) -> list[Item]:
        dice = self._world.dice
        if dice.random() > MEDDLES:
            return []
        sender = dice.choice([1, 2, 3, 7])
        ghost = {"sender": sender, "role": dice.choice(["host", "viewer"]), "side": "operator"}
        text: dict[str, Any] = dice.choice(
            [
                {"type": "joined", **ghost},
                {"type": "left", "sender": sender},
                {"type": "behind", "sender": sender},
                {"type": "welcome", "session": "ses_test", "sender": sender, "present": [ghost], "relays": []},
                {"type": "policy", "token": "e30.e30.e30"},
                {"type": "error", "code": "x", "detail": "y"},
                {"type": "nonsense"},
            ]
        )
        return [texts.encode(text)]


def _flipped(message: bytes, at: int, bits: int) -> bytes:
    changed = bytearray(message)
    changed[at] ^= bits
    return bytes(changed)
