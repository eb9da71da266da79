"""ORDERED delivery between two ends: generations, acknowledgement, sending again (docs/protocol.md 4)."""

from collections import deque
from collections.abc import Iterable, Mapping

from wire.codec import Reader
from wire.errors import TooLarge
from wire.limits import ORDERED_IN_FLIGHT_BYTES, ORDERED_KEPT_BYTES


class OrderedOut:
    """What this end has said to one peer and not seen acknowledged.

    At most 256 KiB are on the way, sealed; the rest waits unsealed, at most 8 MiB.
    """

    def __init__(self) -> None:
        self._generation: dict[int, int] = {}
        self._sent: deque[tuple[int, int, bytes]] = deque()
        self._waiting: deque[tuple[int, bytes]] = deque()
        self._sent_bytes = 0
        self._waiting_bytes = 0

    def push(self, stream: int, body: bytes) -> None:
        """Queue a body; `TooLarge` when the peer has not taken 8 MiB."""
        if self._waiting_bytes + len(body) > ORDERED_KEPT_BYTES:
            raise TooLarge("the other side does not take what is sent; try again when it is back")
        self._waiting.append((stream, body))
        self._waiting_bytes += len(body)

    def next(self) -> tuple[int, bytes] | None:
        """`(stream, content)` to seal now and hand to `sent`, or None when nothing may go."""
        if not self._waiting or self._sent_bytes >= ORDERED_IN_FLIGHT_BYTES:
            return None
        stream, body = self._waiting.popleft()
        self._waiting_bytes -= len(body)
        generation = self._generation[stream] = self._generation.get(stream, 0) + 1
        return stream, generation.to_bytes(8, "big") + body

    def sent(self, stream: int, message: bytes) -> None:
        """Keep the sealed message of the content `next` gave, until it is acknowledged."""
        self._sent.append((stream, self._generation[stream], message))
        self._sent_bytes += len(message)

    def acknowledge(self, generations: Mapping[int, int]) -> None:
        """Forget what the peer has."""
        kept = deque(item for item in self._sent if item[1] > generations.get(item[0], 0))
        self._sent_bytes = sum(len(message) for _, _, message in kept)
        self._sent = kept

    def unacknowledged(self) -> list[bytes]:
        """Everything to send again, byte for byte, in order."""
        return [message for _, _, message in self._sent]

    def unsent(self) -> Iterable[tuple[int, bytes]]:
        """What was never sealed, to be carried to a new association."""
        return tuple(self._waiting)

    def generation(self, stream: int) -> int:
        """The newest generation sealed on a stream."""
        return self._generation.get(stream, 0)

    @property
    def idle(self) -> bool:
        return not self._sent and not self._waiting


class OrderedIn:
    """What this end has taken from one peer: the next generation only."""

    def __init__(self) -> None:
        self.generations: dict[int, int] = {}

    def take(self, stream: int, content: bytes) -> bytes | None:
        """The body when it is the next one; None for one already taken or one ahead (dropped, PROTOCOL 2)."""
        reader = Reader(content)
        generation = reader.u64()
        if generation != self.generations.get(stream, 0) + 1:
            return None
        self.generations[stream] = generation
        return bytes(reader.rest())
