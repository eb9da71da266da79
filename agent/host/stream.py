"""When to send which picture: groups, catch-ups and pacing (docs/protocol.md 6 and 8). Pure: time is handed in.

A picture is encoded only when there is room for it, so what is encoded is always the newest; parts are sealed only as
they leave, so that a new epoch needs nothing taken back.
"""

from collections import deque
from dataclasses import dataclass
from typing import Final, NamedTuple

from agent.host.capture.base import Frame
from agent.host.encode import Encoder
from agent.outbox import Outbox
from wire import keys, proof
from wire.header import CATCHUP, FIRST, GROUP, LAST, Delivery, Stream
from wire.limits import LIVE_QUEUE_BYTES, MAX_PART_BYTES
from wire.messages.feedback import Feedback
from wire.messages.screen import NO_HASH, PART_HEAD_BYTES, Part
from wire.seal import Sealer

WINDOW_BYTES: Final = LIVE_QUEUE_BYTES * 3 // 4
"""Unacknowledged live bytes; below the relay's cut mark."""
WINDOW_PICTURES: Final = 3
PROBE_SECONDS: Final = 2.0
"""After this long without progress one picture may go all the same."""


_FRAME_CLASS: Final = int(Delivery.FRAME)
_SCREEN: Final = int(Stream.SCREEN)


def _hash(data: bytearray) -> bytes:
    """Of the picture behind the room for its first head; to be taken before any part is sealed."""
    return keys.sha256(memoryview(data)[PART_HEAD_BYTES:])


@dataclass(frozen=True, slots=True)
class _Sent:
    """A live part on its way."""

    picture: int
    part: int
    size: int


class _Piece(NamedTuple):
    """A part that is not sealed yet. Its head goes where the part before it ended, which is sealed by then: parts are sealed in
    order, and nothing is copied."""

    flags: int
    part: Part
    data: bytearray
    start: int
    """Where the head begins."""
    end: int


class PictureStream:
    """The screen stream of one host, to all its viewers."""

    def __init__(self, sender: int, outbox: Outbox) -> None:
        self.encoder = Encoder()
        self.picture = 0
        self.group = 0
        self.base = 0
        """The picture that the group was started on."""
        self.start = self.chain = self.caught_up = NO_HASH
        """For the beacon: the chain at `base` and at `picture`, and the hash of the catch-up that led to this group."""
        self._sender, self._outbox = sender, outbox
        self._sealer: Sealer | None = None
        self._index = 0
        self._new_group = True
        self._needs: set[int] = set()
        self._pending: deque[_Piece] = deque()
        self._flight: deque[_Sent] = deque()
        self._progress = 0.0

    def use(self, sealer: Sealer | None) -> bool:
        """Seal with a new epoch's key from now on (None: nobody may see). True when a picture was cut off in the middle:
        then every viewer needs a catch-up."""
        cut = bool(self._pending)
        self._pending.clear()
        self._sealer = sealer
        self._new_group = True
        if sealer is None:
            self._needs.clear()
        return cut

    def need(self, viewer: int) -> None:
        """A viewer needs a catch-up picture."""
        self._needs.add(viewer)

    def forget(self, viewer: int) -> None:
        """A viewer is away or gone."""
        self._needs.discard(viewer)

    def pause(self) -> None:
        """What is not sealed yet is not sent; everybody needs a catch-up to go on."""
        self._pending.clear()
        self._flight.clear()
        self._needs.clear()
        self._new_group = True

    def lost_connection(self) -> None:
        """The relay is gone: what was on the way there never arrives."""
        self._flight.clear()
        if self._pending:
            self._pending.clear()
            self._new_group = True

    def acknowledge(self, feedback: Feedback, now: float) -> None:
        """The newest acknowledgement of any viewer moves the window."""
        before = len(self._flight)
        while self._flight and self._arrived(self._flight[0], feedback):
            self._flight.popleft()
        if len(self._flight) != before:
            self._progress = now
        self.pump()

    def ready(self, now: float) -> bool:
        """Whether a capture now would be sent."""
        if self._sealer is None or self._pending or self._outbox.live_waiting:
            return False
        if self._needs and not self._outbox.catchup_waiting:
            return True
        return self.picture > 0 and (self._window_open() or now - self._progress > PROBE_SECONDS)

    @property
    def due(self) -> bool:
        """Whether a picture must go even when the screen is still: a catch-up, or the start of a group."""
        return bool(self._needs) or (self._new_group and self.picture > 0)

    def produce(self, frame: Frame, now: float) -> bool:
        """Send what changed (and a catch-up first where one is due); True when anything was sent. Call when `ready`."""
        if self._needs and not self._outbox.catchup_waiting:
            self._send_catchup(frame)
        elif self._new_group:
            self._start_group()
        always = self._index == 0
        size, room = (frame.width, frame.height), PART_HEAD_BYTES
        data = self.encoder.delta(frame.pixels, *size, only=frame.changed, always=always, room=room)
        if data is None:
            return False
        if not self._flight:
            self._progress = now
        base, self.picture = self.picture, self.picture + 1
        self.chain = proof.link(self.chain, self.picture, self.group, _hash(data))
        flags = GROUP if self._index == 0 else 0
        self._pending.extend(self._parts(data, self.picture, self._index, base, flags))
        self._index += 1
        self.pump()
        return True

    def pump(self) -> None:
        """Let out what the window allows."""
        while self._pending and self._sealer is not None and self._room():
            piece = self._pending.popleft()
            frame = self._seal(piece)
            self._flight.append(_Sent(piece.part.picture, piece.part.part, len(frame)))
            self._outbox.live(frame)

    def _send_catchup(self, frame: Frame) -> None:
        if self.picture == 0:
            self.encoder.delta(frame.pixels, frame.width, frame.height)
            self.picture = 1
        self._start_group()
        data = self.encoder.catchup(room=PART_HEAD_BYTES)
        self.caught_up = _hash(data)
        parts = self._parts(data, self.picture, 0, 0, CATCHUP)
        self._outbox.catchup([self._seal(piece) for piece in parts])
        self._needs.clear()

    def _start_group(self) -> None:
        self.group += 1
        self.base, self.start, self.caught_up = self.picture, self.chain, NO_HASH
        self._index = 0
        self._new_group = False
        self.encoder.start_group()

    def _parts(self, data: bytearray, picture: int, index: int, base: int, flags: int) -> list[_Piece]:
        """`data` begins with room for a head."""
        end, last = len(data), -(-(len(data) - PART_HEAD_BYTES) // MAX_PART_BYTES) - 1
        return [
            _Piece(
                flags | (FIRST if n == 0 else 0) | (LAST if n == last else 0),
                Part(picture, self.group, index, base, n, last + 1),
                data,
                n * MAX_PART_BYTES,
                end if n == last else (n + 1) * MAX_PART_BYTES + PART_HEAD_BYTES,
            )
            for n in range(last + 1)
        ]

    def _seal(self, piece: _Piece) -> bytearray:
        """A frame of its own, as `Outbox` takes it."""
        if self._sealer is None:
            raise RuntimeError("no epoch: nobody may see")
        flags, part, data, start, end = piece
        part.write(data, start)
        return self._sealer.seal_frame(_FRAME_CLASS | flags, _SCREEN, self._sender, memoryview(data)[start:end])

    def _room(self) -> bool:
        return not self._flight or sum(sent.size for sent in self._flight) < WINDOW_BYTES

    def _window_open(self) -> bool:
        return self._room() and len({sent.picture for sent in self._flight}) < WINDOW_PICTURES

    @staticmethod
    def _arrived(sent: _Sent, feedback: Feedback) -> bool:
        if sent.picture <= feedback.picture:
            return True
        return sent.picture == feedback.receiving and sent.part < feedback.parts
