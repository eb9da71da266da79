"""What waits to be sent, in the order of docs/protocol.md 8: texts, ORDERED, LATEST, then pictures. Pure: no socket, no clock."""

from collections import deque
from collections.abc import Mapping
from typing import Any

from wire.header import FRAME_ROOM, join_frame
from wire.messages import relay

BATCH_BYTES = 48 * 1024
"""Small messages are joined into one frame up to this size."""
CATCHUP_SHARE = 4
"""While live pictures wait, one part in this many is of a catch-up (a quarter of the uplink)."""


class Outbox:
    """Priority queues of one connection; `next` gives one WebSocket frame at a time, so input overtakes pictures."""

    def __init__(self) -> None:
        self._texts: deque[str] = deque()
        self._ordered: deque[bytes] = deque()
        self._latest: dict[object, bytes] = {}
        self._catchup: deque[bytearray] = deque()
        self._live: deque[bytearray] = deque()
        self._open = False
        self._turn = 0
        self._urgent_catchup = False

    def open(self) -> None:
        """There is a connection: from now on things are queued."""
        self.clear()
        self._open = True

    def close(self) -> None:
        """The connection is gone. What is said until the next one is dropped: ORDERED is sent again from its own store."""
        self.clear()
        self._open = False

    def text(self, text: Mapping[str, Any]) -> None:
        """A TEXT frame for the relay; one that waits already is not queued twice."""
        encoded = relay.encode(text)
        if self._open and encoded not in self._texts:
            self._texts.append(encoded)

    def ordered(self, *messages: bytes) -> None:
        if self._open:
            self._ordered.extend(messages)

    def latest(self, key: object, message: bytes) -> None:
        """Replaces an unsent message of the same key, in its place."""
        if self._open:
            self._latest[key] = message

    def catchup(self, parts: list[bytearray]) -> None:
        """Parts of a catch-up picture, each a frame behind `FRAME_ROOM` bytes; the first leaves before any live part queued
        after it."""
        if self._open:
            self._catchup.extend(parts)
            self._urgent_catchup = bool(parts)

    def live(self, part: bytearray) -> None:
        """A part of a live picture, a frame behind `FRAME_ROOM` bytes."""
        if self._open:
            self._live.append(part)

    @property
    def connected(self) -> bool:
        """Whether what is said now is queued for a connection that is there."""
        return self._open

    @property
    def live_waiting(self) -> bool:
        return bool(self._live)

    @property
    def catchup_waiting(self) -> bool:
        return bool(self._catchup)

    def drop_pictures(self) -> None:
        """Forget what was not sent of pictures (a new epoch, or nobody is there)."""
        self._catchup.clear()
        self._live.clear()

    def clear(self) -> None:
        """Forget everything that waits."""
        self._texts.clear()
        self._ordered.clear()
        self._latest.clear()
        self.drop_pictures()

    def next(self) -> str | bytes | None:
        """The next frame to send: a str is TEXT, bytes BINARY; None when nothing waits."""
        item = self.next_in_place()
        return bytes(memoryview(item)[FRAME_ROOM:]) if isinstance(item, bytearray) else item

    def next_in_place(self) -> str | bytes | bytearray | None:
        """The same, but a bytearray is a BINARY frame behind `FRAME_ROOM` bytes for its WebSocket head, the caller's own."""
        if self._texts:
            return self._texts.popleft()
        batch = self._small_messages()
        if batch:
            return join_frame(batch)
        return self._picture_part()

    def _small_messages(self) -> list[bytes]:
        batch, size = [], 0
        while size < BATCH_BYTES and (self._ordered or self._latest):
            message = self._ordered.popleft() if self._ordered else self._latest.pop(next(iter(self._latest)))
            batch.append(message)
            size += len(message)
        return batch

    def _picture_part(self) -> bytearray | None:
        if self._catchup:
            self._turn += 1
            if self._urgent_catchup or not self._live or self._turn % CATCHUP_SHARE == 0:
                self._urgent_catchup = False
                return self._catchup.popleft()
        return self._live.popleft() if self._live else None
