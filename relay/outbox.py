"""Everything that waits for one participant, in the order of docs/protocol.md 8: texts, ORDERED, LATEST, pictures.

Pure and bounded: ORDERED by bytes and age (over it the participant is too slow and is closed), LATEST by replacing
in place, pictures by the table of relay/pictures.py.
"""

from collections import OrderedDict, deque
from typing import NamedTuple

from relay.limits import LATEST_BYTES, TEXTS
from relay.messages import LatestKey, Message
from relay.pictures import PictureQueue
from wire.header import Delivery
from wire.limits import ORDERED_QUEUE_BYTES, ORDERED_QUEUE_SECONDS


class Batch(NamedTuple):
    """What to write next: texts first, then one BINARY frame of the messages (each already behind its length)."""

    texts: list[str]
    messages: list[bytes]


class Outbox:
    """The queues of one participant."""

    def __init__(self) -> None:
        self.pictures = PictureQueue()
        self.ordered_bytes = 0
        self.latest_bytes = 0
        self.replaced = 0
        """LATEST messages that a newer one took the place of."""
        self._texts: deque[str] = deque()
        self._ordered: deque[Message] = deque()
        self._latest: OrderedDict[LatestKey, Message] = OrderedDict()

    def __len__(self) -> int:
        return len(self._texts) + len(self._ordered) + len(self._latest) + len(self.pictures)

    @property
    def size(self) -> int:
        """Bytes of messages waiting."""
        return self.ordered_bytes + self.latest_bytes + self.pictures.size

    @property
    def sendable(self) -> bool:
        """Whether `take` would give something."""
        return bool(self._texts or self._ordered or self._latest) or self.pictures.sendable

    def put_text(self, text: str) -> None:
        """Queue a TEXT frame."""
        self._texts.append(text)

    def put(self, message: Message, now: float) -> bool:
        """Queue a message by its class; False if it was dropped. May raise `TooLarge` (relay/pictures.py)."""
        if message.delivery is Delivery.FRAME:
            return self.pictures.put(message, now)
        if message.delivery is Delivery.LATEST:
            return self._put_latest(message)
        self._ordered.append(message)
        self.ordered_bytes += len(message.raw)
        return True

    def too_slow(self, now: float) -> bool:
        """Whether this participant must be closed (`slow`): ORDERED and texts may not be shed."""
        if self.ordered_bytes > ORDERED_QUEUE_BYTES or len(self._texts) > TEXTS:
            return True
        return bool(self._ordered) and now - self._ordered[0].arrived > ORDERED_QUEUE_SECONDS

    def drop_epochs_before(self, epoch: int) -> None:
        """Forget LATEST for all of older epochs: the host seals the newest of each slot again."""
        stale = [key for key, message in self._latest.items() if message.for_all and message.header.epoch < epoch]
        for key in stale:
            self.latest_bytes -= len(self._latest.pop(key).raw)

    def take_texts(self) -> list[str]:
        """All texts, oldest first."""
        texts = list(self._texts)
        self._texts.clear()
        return texts

    def take(self, budget: int, now: float) -> Batch:
        """The next messages, at least one if any waits, up to the one that reaches `budget` bytes."""
        texts, messages, size = self.take_texts(), [], 0
        while size < budget:
            message = self._next(now)
            if message is None:
                break
            messages.append(message.raw)
            size += len(message.raw)
        return Batch(texts, messages)

    def _next(self, now: float) -> Message | None:
        if self._ordered:
            message = self._ordered.popleft()
            self.ordered_bytes -= len(message.raw)
            return message
        if self._latest:
            _, message = self._latest.popitem(last=False)
            self.latest_bytes -= len(message.raw)
            return message
        return self.pictures.take(now)

    def _put_latest(self, message: Message) -> bool:
        old = self._latest.get(message.latest_key)
        size = self.latest_bytes + len(message.raw) - (len(old.raw) if old else 0)
        if size > LATEST_BYTES:
            return False
        self._latest[message.latest_key] = message  # an existing key keeps its place in the queue
        self.latest_bytes = size
        self.replaced += old is not None
        return True
